// Where the values of the settings come from, and what is checked across them; what there is to set is settings.ts.
// A flag beats a COUNTERSIGN_* variable, which beats the config file. A wrong value stops the start with one line that names it.
// Bounds are those of standards.md section 27.

import { readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import ipaddr from 'ipaddr.js'
import type { z } from 'zod'
import { type ClientSecret, clientSecretOf } from './accounts/upstream/provider-settings.ts'
import { nameOf } from './connection-settings.ts'
import { settings } from './settings.ts'

export type Config = Readonly<z.infer<typeof settings>>

/** As somebody writes them; what is left out has a default. */
export type SettingsInput = Readonly<z.input<typeof settings>>

/** A setting that cannot be used; the message is one line that names it. */
export class ConfigError extends Error {
  readonly code = 'config'
}

export interface ConfigSources {
  /** From flags or from the calling program; undefined members count as not given. */
  readonly options?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, string | undefined>>
  /** A .json, .js or .ts file; by default countersign.config.json or .ts in the working directory, when there is one. */
  readonly file?: string | undefined
}

export async function loadConfig({ options = {}, env = {}, file }: ConfigSources): Promise<Config> {
  const merged = { ...(await readConfigFile(file)), ...fromEnvironment(env), ...given(options) }
  const parsed = settings.safeParse(merged)
  if (!parsed.success) throw new ConfigError(sentence(parsed.error))
  const config = parsed.data
  if (config.issuer !== undefined) checkIssuer(config.issuer)
  if (config.refreshIdleSeconds > config.refreshAbsoluteSeconds) {
    throw new ConfigError(
      'refreshIdleSeconds is longer than refreshAbsoluteSeconds: no token lives that long.',
    )
  }
  trustedProxyList(config.trustedProxies)
  return withSecrets(config, env)
}

// What stands in the environment or in a file is read at the start: a secret that is missing must not show at the first sign-in.
function withSecrets(config: Config, env: Readonly<Record<string, string | undefined>>): Config {
  return {
    ...config,
    identityProviders: secretsIn('identityProviders', config.identityProviders, ({ id }) => id, env),
    connections: secretsIn('connections', config.connections, nameOf, env),
  }
}

function secretsIn<Entry extends { readonly clientSecret?: ClientSecret | undefined }>(
  setting: string,
  entries: readonly Entry[],
  nameOfEntry: (entry: Entry) => string,
  env: Readonly<Record<string, string | undefined>>,
): Entry[] {
  try {
    return entries.map((entry) => ({
      ...entry,
      clientSecret: clientSecretOf({ id: nameOfEntry(entry), clientSecret: entry.clientSecret }, env),
    }))
  } catch (error) {
    throw new ConfigError(`The setting ${setting} is wrong: ${(error as Error).message}.`)
  }
}

function given(options: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function fromEnvironment(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of Object.keys(settings.shape)) {
    const value = env[variableName(name)]
    if (value !== undefined && value !== '') found[name] = value
  }
  return found
}

/** `rateCreatePerClient` -> `COUNTERSIGN_RATE_CREATE_PER_CLIENT`. */
export function variableName(setting: string): string {
  return `COUNTERSIGN_${setting.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`
}

async function readConfigFile(file: string | undefined): Promise<Record<string, unknown>> {
  for (const path of file === undefined ? ['countersign.config.json', 'countersign.config.ts'] : [file]) {
    try {
      const full = resolve(path)
      if (path.endsWith('.json')) return JSON.parse(readFileSync(full, 'utf8')) as Record<string, unknown>
      if (file === undefined) readFileSync(full)
      const module = (await import(pathToFileURL(full).href)) as { default?: Record<string, unknown> }
      return module.default ?? {}
    } catch (error) {
      if (file === undefined && (error as NodeJS.ErrnoException).code === 'ENOENT') continue
      throw new ConfigError(
        `The config file ${path} cannot be read: ${(error as Error).message.split('\n')[0]}`,
      )
    }
  }
  return {}
}

function sentence(error: z.ZodError): string {
  const [issue] = error.issues
  if (issue?.code === 'unrecognized_keys') return `There is no setting named ${issue.keys[0]}.`
  const [name = 'settings', ...below] = (issue?.path ?? []).map(String)
  const place = below.length === 0 ? '' : `at ${below.join('.')}, `
  return `The setting ${name} (${variableName(name)}) is wrong: ${place}${issue?.message ?? 'unknown'}.`
}

/** RFC 8414 §2: https, no query, no fragment; plain http only where nothing leaves the machine (standards.md G-01). */
function checkIssuer(issuer: string): void {
  const wrong = (why: string) => new ConfigError(`The setting issuer (COUNTERSIGN_ISSUER) is wrong: ${why}.`)
  if (!URL.canParse(issuer)) throw wrong('it is not a URL')
  const url = new URL(issuer)
  if (url.search !== '' || url.hash !== '' || /[?#]/.test(issuer)) throw wrong('it has a query or a fragment')
  if (url.username !== '' || url.password !== '') throw wrong('it has a user name')
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw wrong('plain http is for loopback hosts only, use https')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw wrong('use https')
  const canonical = url.pathname === '/' ? url.origin : `${url.origin}${url.pathname}`
  if (issuer !== canonical && issuer !== `${canonical}/`) throw wrong(`write it as ${canonical}`)
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname)
}

/** The proxies to believe, as a list that can be asked (standards.md G-16). Throws ConfigError for what is no address. */
export function trustedProxyList(entries: readonly string[]): BlockList {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', prefix] = entry.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    const most = family === 'ipv6' ? 128 : 32
    const bits = prefix === undefined ? most : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
    const wrong = (why: string) =>
      new ConfigError(`The setting trustedProxies (COUNTERSIGN_TRUSTED_PROXIES) is wrong: ${entry} ${why}.`)
    if (isIP(address) === 0 || entry.split('/').length > 2 || !(bits <= most))
      throw wrong('is no address or network')
    // Whoever is believed says where everybody is: with such an entry each attacker would choose the victim's network.
    if (isCatchAll(address, bits))
      throw wrong('would believe what nearly anybody writes; name the proxies themselves')
    list.addSubnet(address, bits, family)
  }
  return list
}

// The largest that somebody has to themselves is 10.0.0.0/8 or fc00::/7. An IPv6 network may hold all IPv4 addresses in their
// mapped form (RFC 4291 §2.5.5.2) and then believes these as well.
function isCatchAll(address: string, bits: number): boolean {
  if (isIP(address) === 4) return bits < 8
  if (ipaddr.IPv6.parse(address).isIPv4MappedAddress()) return bits < 96 + 8
  const alone = new BlockList()
  alone.addSubnet(address, bits, 'ipv6')
  return bits < 7 || alone.check('0.0.0.0')
}
