// The project that a directory belongs to: `.acme/config.json` there or in a parent says which server, and which
// account of it, is meant. Its shape is that of `.osa/config.json`. Finding, writing and removing it are here;
// what outranks it, and that it never chooses a server that is new to this computer, is resolve.ts.
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { App } from './app.ts'
import { codeOf, ProjectError } from './errors.ts'
import { parseObject } from './json.ts'
import { isServerAddress, normalIssuer } from './server-address.ts'
import type { System } from './system.ts'

export type Project = {
  /** The file. */
  path: string
  /** The directory that it is for. */
  directory: string
  server: string | undefined
  /** An id or an address. */
  account: string | undefined
}

type Place = Pick<App, 'directory'>
type Environment = Record<string, string | undefined>

export function projectFile(directory: string, app: Place): string {
  return join(directory, `.${app.directory}`, 'config.json')
}

/**
 * The nearest file that names a server or an account: here, or in a parent below the home directory. What lies in
 * the home directory or at the root would be for everything below, which is what `switch` is for.
 */
export function findProject(cwd: string, app: Place, env: Environment): Project | undefined {
  const here = resolve(cwd)
  const homes = homesOf(env)
  for (let at = here; ; at = dirname(at)) {
    if (at !== here && (homes.includes(at) || dirname(at) === at)) return undefined
    const found = readProject(at, app)
    if (found?.server !== undefined || found?.account !== undefined) return found
    if (dirname(at) === at) return undefined
  }
}

export function readProject(directory: string, app: Place): Project | undefined {
  const path = projectFile(directory, app)
  const members = readMembers(path)
  if (!members) return undefined
  const { server, account } = members
  if (server !== undefined && !(typeof server === 'string' && isServerAddress(server)))
    throw new ProjectError('project_unusable', path, `${path}: "server" is not the address of a server.`)
  if (account !== undefined && !(typeof account === 'string' && /^[^\p{C}]{1,254}$/u.test(account)))
    throw new ProjectError('project_unusable', path, `${path}: "account" is neither an id nor an address.`)
  return { path, directory, server: server === undefined ? undefined : normalIssuer(server), account }
}

/** Members that other programs keep in the same file stay. */
export function writeProject(
  directory: string,
  choice: { server: string; account: string | undefined },
  app: Place,
  system: System,
): string {
  const path = projectFile(directory, app)
  const { server: _server, account: _account, ...others } = readMembers(path) ?? {}
  const { server, account } = choice
  guard(path, 'written', () => {
    mkdirSync(dirname(path), { recursive: true })
    // A checkout may hold a link here, through which we would write somewhere else.
    if (!lstatSync(dirname(path)).isDirectory()) throw strange(path, 'lies behind a symbolic link')
    save(path, { server, ...(account === undefined ? {} : { account }), ...others }, system)
  })
  return path
}

/** Returns the path of what was there, or undefined. */
export function removeProject(directory: string, app: Place, system: System): string | undefined {
  const path = projectFile(directory, app)
  const members = readMembers(path)
  if (!members || (members.server === undefined && members.account === undefined)) return undefined
  const { server: _server, account: _account, ...others } = members
  guard(path, 'written', () => {
    if (Object.keys(others).length > 0) return save(path, others, system)
    unlinkSync(path)
    removeIfEmpty(dirname(path))
  })
  return path
}

/**
 * What a checkout holds is as hostile as its author, so nothing is trusted here because of who owns it; but a file
 * that another user has put into a parent directory, such as /tmp, says nothing about our projects.
 */
function readMembers(path: string): Record<string, unknown> | undefined {
  const text = guard(path, 'read', () => {
    const file = openIfThere(path)
    if (file === undefined) return undefined
    try {
      const found = fstatSync(file)
      if (!found.isFile()) throw strange(path, 'is not a plain file')
      if (found.size > MAX_BYTES) throw strange(path, 'is too large')
      if (isForeign(found.uid)) throw strange(path, 'belongs to another user')
      return readFileSync(file, 'utf8')
    } finally {
      closeSync(file)
    }
  })
  if (text === undefined) return undefined
  const members = parseObject(text)
  if (!members) throw strange(path, 'does not hold a JSON object')
  return members
}

function openIfThere(path: string): number | undefined {
  try {
    // Not blocking: a named pipe in the place of the file must not hang us.
    return openSync(path, constants.O_RDONLY | NO_FOLLOW | NO_BLOCK)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    if (code === 'ELOOP') throw strange(path, 'is a symbolic link')
    throw error
  }
}

function isForeign(owner: number): boolean {
  const self = process.getuid?.()
  return self !== undefined && self !== 0 && owner !== self && owner !== 0
}

function save(path: string, members: Record<string, unknown>, system: System): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) throw strange(path, 'is a symbolic link')
  const temporary = `${path}.${system.randomName()}.tmp`
  writeFileSync(temporary, `${JSON.stringify(members, null, 2)}\n`, { flag: 'wx' })
  try {
    renameSync(temporary, path)
  } catch (error) {
    unlinkSync(temporary)
    throw error
  }
}

function removeIfEmpty(directory: string): void {
  try {
    rmdirSync(directory)
  } catch {
    // Other things lie in it, and stay.
  }
}

function homesOf(env: Environment): string[] {
  const home = resolve(env.HOME || homedir())
  try {
    return [home, realpathSync(home)]
  } catch {
    return [home]
  }
}

function guard<T>(path: string, done: 'read' | 'written', work: () => T): T {
  try {
    return work()
  } catch (error) {
    const code = codeOf(error)
    if (error instanceof ProjectError || code === undefined) throw error
    throw new ProjectError('project_unusable', path, `${path} could not be ${done} (${code}).`, error)
  }
}

function strange(path: string, why: string): ProjectError {
  return new ProjectError('project_unusable', path, `${path} ${why}; correct it, or give --server.`)
}

const MAX_BYTES = 65_536
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0
const NO_BLOCK = constants.O_NONBLOCK ?? 0
