// Which hosts a helper answers for, and with whose sign-in: one small file beside the credentials. A host that is not in it gets
// nothing, whoever asks. Not here: what the programs that ask are told (git.ts, docker.ts, kubectl.ts).
import { join } from 'node:path'
import { ensurePrivateDirectory, readPrivateFile, writePrivateFile } from '../credential-file.ts'
import { StoreError } from '../errors.ts'
import { isSecure } from '../http.ts'
import type { System } from '../system.ts'
import { UsageError } from '../terminal/terminal.ts'

export const helperNames = ['git', 'docker', 'kubectl', 'npm'] as const

export type HelperName = (typeof helperNames)[number]

export type Binding = {
  helper: HelperName
  /** An origin, with a path for npm only. */
  host: string
  server: string
  clientId: string
  /** Unset is the account that is chosen when the helper is asked. */
  account?: string | undefined
  resource?: string | undefined
  scope?: string | undefined
  username?: string | undefined
  /** What was written into the configuration of the other program, by which it is known again. */
  written?: string | undefined
}

export function isHelperName(text: string): text is HelperName {
  return helperNames.some((name) => name === text)
}

/** https, or this machine itself; without a path, except for npm, whose registries share hosts. */
export function helperHost(text: string, helper: HelperName): string {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`)
  if (!url?.hostname || url.username || url.password || url.search || url.hash)
    throw new UsageError(`${JSON.stringify(text)} is not the address of a host`)
  if (!isSecure(url)) throw new UsageError(`a token is sent to https hosts only, not to ${url.origin}`)
  const path = url.pathname.replace(/\/+$/, '')
  if (path !== '' && helper !== 'npm')
    throw new UsageError(
      `the helper for ${helper} is for whole hosts: ${url.origin}, without ${url.pathname}`,
    )
  return `${url.origin}${path}`
}

/**
 * docker names registries without a scheme. That is https, except where somebody has installed it for plain http on this
 * very computer.
 */
export function askedRegistry(directory: string, text: string): string | undefined {
  const secure = askedHost(text)
  const plain = text.includes('://') ? undefined : askedHost(`http://${text}`)
  return plain !== undefined && findBinding(directory, 'docker', plain) ? plain : secure
}

/** The host that a program asks about; undefined where it is none that a token may go to. */
export function askedHost(text: string): string | undefined {
  const url = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`)
  return url?.hostname && isSecure(url) ? url.origin : undefined
}

export function bindingsOf(directory: string): Binding[] {
  const path = pathIn(directory)
  const file = readPrivateFile(path)
  if (file === 'missing') return []
  const found = parse(file.text)
  if (found === undefined)
    throw new StoreError('store_unreadable', path, `${path} does not hold what was written there; remove it.`)
  return found
}

export function findBinding(directory: string, helper: HelperName, host: string): Binding | undefined {
  return bindingsOf(directory).find((one) => one.helper === helper && one.host === host)
}

export function saveBinding(directory: string, binding: Binding, system: System): void {
  write(directory, [...without(bindingsOf(directory), binding), binding], system)
}

export function removeBinding(
  directory: string,
  binding: Pick<Binding, 'helper' | 'host'>,
  system: System,
): void {
  write(directory, without(bindingsOf(directory), binding), system)
}

function without(bindings: Binding[], { helper, host }: Pick<Binding, 'helper' | 'host'>): Binding[] {
  return bindings.filter((one) => one.helper !== helper || one.host !== host)
}

function write(directory: string, bindings: Binding[], system: System): void {
  ensurePrivateDirectory(directory)
  writePrivateFile(pathIn(directory), `${JSON.stringify({ version: 1, bindings }, null, 2)}\n`, system)
}

function parse(text: string): Binding[] | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const list: unknown =
      typeof value === 'object' && value !== null ? Reflect.get(value, 'bindings') : undefined
    return Array.isArray(list) && list.every(isBinding) ? list : undefined
  } catch {
    return undefined
  }
}

function isBinding(value: unknown): value is Binding {
  if (typeof value !== 'object' || value === null) return false
  const member = (name: string): unknown => Reflect.get(value, name)
  const isText = (name: string): boolean => typeof member(name) === 'string'
  const optional = ['account', 'resource', 'scope', 'username', 'written']
  return (
    helperNames.some((name) => name === member('helper')) &&
    ['host', 'server', 'clientId'].every(isText) &&
    optional.every((name) => member(name) === undefined || isText(name))
  )
}

const pathIn = (directory: string): string => join(directory, 'helpers.json')
