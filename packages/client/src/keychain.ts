// The operating system's keychain, for small secrets under a name: `/usr/bin/security` on macOS, the
// Credential Manager on Windows, the Secret Service elsewhere. Every call is bounded in time: a keychain
// that is locked, or waits for a person who is not there, must not hang a program. Not here: what is kept in
// it (one key, sealed.ts), and when it is chosen (store-choice.ts).
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

export type Keychain = {
  /** Undefined when it answers that there is none. */
  read: (name: string) => string | undefined
  write: (name: string, secret: string) => void
  remove: (name: string) => void
}

/** `absent`: there is none here. `silent`: it did not answer in time. `refused`: it answered with an error. */
export type KeychainTrouble = 'absent' | 'silent' | 'refused'

export class KeychainError extends Error {
  readonly trouble: KeychainTrouble
  constructor(trouble: KeychainTrouble, detail: string) {
    super(detail)
    this.trouble = trouble
  }
}

export type KeychainOptions = {
  /** One word: some keychains show it to people, and others stumble over spaces. */
  service: string
  env: Record<string, string | undefined>
  platform?: NodeJS.Platform
  /** Where macOS has its tool; a stand-in for tests elsewhere. */
  security?: string
}

export function openKeychain(options: KeychainOptions): Keychain {
  const { service, env, platform = process.platform } = options
  if (!/^[a-z0-9._-]+$/i.test(service)) throw new TypeError(`${service} is no name for a keychain service`)
  if (platform === 'darwin') return macKeychain(service, options.security ?? '/usr/bin/security', env)
  if (platform === 'win32') return windowsKeychain(service)
  return secretService(service, env)
}

/** Write, read, delete: what a keychain must be able to do before anything is trusted to it. */
export function proveKeychain(keychain: Keychain, name: string, secret: string): void {
  keychain.write(name, secret)
  const back = keychain.read(name)
  keychain.remove(name)
  if (back !== secret) throw new KeychainError('refused', 'it does not give back what it was given')
}

/**
 * In a process of its own, which can be ended: the native call would block this one for as long as the
 * keychain likes, and a blocked thread would hold up even its exit.
 */
function secretService(service: string, env: KeychainOptions['env']): Keychain {
  const ask = (op: 'read' | 'write' | 'remove', name: string, secret?: string): string | undefined => {
    const bus = env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'bus') : undefined
    if (!env.DBUS_SESSION_BUS_ADDRESS && !(bus && existsSync(bus)))
      throw new KeychainError('absent', 'no session bus')
    // Elsewhere this would start the program itself once more.
    if (!isNode()) throw new KeychainError('absent', 'not reachable from this build of the program')
    const { NODE_OPTIONS: _ours, ...passed } = env
    const args = ['-e', ASK, keyringModule()]
    const input = JSON.stringify({ op, service, name, secret })
    const answer = parse(run(process.execPath, args, input, passed).stdout)
    if (typeof answer.error === 'string')
      throw new KeychainError(isAbsent(answer.error) ? 'absent' : 'refused', answer.error)
    return typeof answer.secret === 'string' ? answer.secret : undefined
  }
  return {
    read: (name) => ask('read', name),
    write: (name, secret) => void ask('write', name, secret),
    remove: (name) => void ask('remove', name),
  }
}

/**
 * Through the system's own tool, because items belong to the program that made them: a Node that was updated
 * is another program to macOS, and people would be asked for their password after every update.
 */
function macKeychain(service: string, security: string, env: KeychainOptions['env']): Keychain {
  const item = (name: string): string[] => ['-s', service, '-a', name]
  return {
    read: (name) => {
      const { status, stdout } = run(security, ['find-generic-password', ...item(name), '-w'], '', env)
      if (status === SEC_ITEM_NOT_FOUND) return undefined
      if (status !== 0) throw new KeychainError('refused', `security ended with ${status}`)
      return stdout.trim()
    },
    write: (name, secret) => {
      // By its standard input: arguments are visible to every process of the machine.
      const command = ['add-generic-password', '-U', ...item(name), '-w', secret].join(' ')
      const { status } = run(security, ['-i'], `${command}\n`, env)
      if (status !== 0) throw new KeychainError('refused', `security ended with ${status}`)
    },
    remove: (name) => {
      const { status } = run(security, ['delete-generic-password', ...item(name)], '', env)
      if (status !== 0 && status !== SEC_ITEM_NOT_FOUND)
        throw new KeychainError('refused', `security ended with ${status}`)
    },
  }
}

/** In this process: the Credential Manager is a local call that asks nobody. */
function windowsKeychain(service: string): Keychain {
  const entry = (name: string): KeyringEntry => {
    const { Entry } = createRequire(import.meta.url)(keyringModule()) as KeyringModule
    return new Entry(service, name)
  }
  const refusing = <T>(work: () => T): T => {
    try {
      return work()
    } catch (error) {
      if (error instanceof KeychainError) throw error
      throw new KeychainError('refused', String(error))
    }
  }
  return {
    read: (name) => refusing(() => entry(name).getPassword() ?? undefined),
    write: (name, secret) => refusing(() => entry(name).setPassword(secret)),
    remove: (name) => refusing(() => void entry(name).deletePassword()),
  }
}

type KeyringEntry = {
  getPassword: () => string | null
  setPassword: (secret: string) => void
  deletePassword: () => boolean
}
type KeyringModule = { Entry: new (service: string, name: string) => KeyringEntry }

function keyringModule(): string {
  try {
    return createRequire(import.meta.url).resolve('@napi-rs/keyring')
  } catch {
    throw new KeychainError('absent', 'the optional package @napi-rs/keyring is not installed')
  }
}

function run(
  program: string,
  args: string[],
  input: string,
  env: KeychainOptions['env'],
): { status: number | null; stdout: string } {
  // Loaded here: a token that needs no keychain should not wait for it.
  const { spawnSync } = process.getBuiltinModule('node:child_process')
  const { error, status, stdout } = spawnSync(program, args, {
    input,
    env,
    encoding: 'utf8',
    timeout: LIMIT_SECONDS * 1000,
    killSignal: 'SIGKILL',
    stdio: ['pipe', 'pipe', 'ignore'],
    windowsHide: true,
  })
  if (error === undefined) return { status, stdout }
  const code = 'code' in error ? String(error.code) : error.message
  if (code === 'ETIMEDOUT') throw new KeychainError('silent', `no answer in ${LIMIT_SECONDS} s`)
  throw new KeychainError(code === 'ENOENT' ? 'absent' : 'refused', code)
}

function isNode(): boolean {
  const { bun, deno, electron } = process.versions as Record<string, string | undefined>
  if (bun ?? deno ?? electron) return false
  return !process.getBuiltinModule('node:sea').isSea()
}

/** A bus on which nobody offers the service, or none that can be reached. */
function isAbsent(message: string): boolean {
  return /ServiceUnknown|not provided by any|autolaunch|Failed to connect to socket/i.test(message)
}

function parse(text: string): { secret?: unknown; error?: unknown } {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    throw new KeychainError('refused', 'it broke off')
  }
}

const LIMIT_SECONDS = 3
/** errSecItemNotFound, as `security` reports it. */
const SEC_ITEM_NOT_FOUND = 44
// The kernel keyring, the module's second choice, forgets at the next start of the machine: not for us.
const ASK = `
const { readFileSync, writeSync } = require('node:fs')
try {
  const { op, service, name, secret } = JSON.parse(readFileSync(0, 'utf8'))
  const { Entry } = require(process.argv[1])
  const entry = new Entry(service, name, { linux: { store: 'secret-service' } })
  if (op === 'write') entry.setPassword(secret)
  if (op === 'remove') entry.deletePassword()
  writeSync(1, JSON.stringify(op === 'read' ? { secret: entry.getPassword() } : {}))
} catch (error) {
  writeSync(1, JSON.stringify({ error: String(error.message) }))
}`
