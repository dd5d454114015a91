// Accounts elsewhere that people connect, as the settings want them: who does the connecting is handed in by the program or the host
// application (`connect`), is given a key and a place of its own, and what it tells goes to the audit log.
// What it must be able to do is connections.ts; the pages over it are pages/connections.ts.

import { join } from 'node:path'
import { audit } from './audit.ts'
import { type Config, ConfigError } from './config.ts'
import type { ConnectionKind, ConnectionSettings } from './connection-settings.ts'
import type { ConnectionEvent, Connections } from './connections.ts'
import type { Log } from './log.ts'
import type { Services } from './services.ts'

export interface ConnectParts {
  /** With every secret found. */
  readonly settings: readonly ConnectProvider[]
  /** 32 bytes that nobody else uses, derived from the master key. */
  readonly key: Uint8Array
  readonly store: ConnectStore
  /** Where providers send browsers back to. */
  readonly redirectUri: string
  readonly log: Log
}

/** One entry of the setting, written out: what zod infers is lost in the declarations that are published. */
export interface ConnectProvider {
  readonly kind: ConnectionKind
  readonly id?: string | undefined
  readonly name?: string | undefined
  readonly issuer?: string | undefined
  readonly baseUrl?: string | undefined
  readonly clientId: string
  readonly clientSecret?: string | undefined
  readonly scopes?: readonly string[] | undefined
  readonly flow?: 'device' | 'code' | undefined
  readonly tenant?: string | undefined
  readonly refreshGraceSeconds?: number | undefined
  readonly parameters?: Readonly<Record<string, string>> | undefined
  readonly audience?: Readonly<Record<string, string>> | undefined
}

/** Beside the server's own records: a file of its own, or the same database. */
export type ConnectStore = 'memory' | { readonly path: string } | { readonly databaseUrl: string }

/** createBroker of @countersign/broker behind a few lines, as `countersign serve` has them. */
export type Connect = (parts: ConnectParts) => Promise<Connections>

export const connectionsCallback = '/account/connections/callback'

type Parts = Pick<Services, 'config' | 'secrets' | 'system' | 'store' | 'log'>

/** Undefined where no provider is configured; nothing of it is loaded then. */
export async function openConnections(
  connect: Connect | undefined,
  parts: Parts,
): Promise<Connections | undefined> {
  const { config, secrets, log } = parts
  if (config.connections.length === 0) return undefined
  if (connect === undefined)
    throw new ConfigError('The setting connections needs somebody who connects: the option `connect`.')
  try {
    const connections = await connect({
      settings: config.connections.map(withText),
      key: secrets.derive('connections'),
      store: storeOf(config),
      redirectUri: config.issuer.replace(/\/$/, '') + connectionsCallback,
      log,
    })
    connections.on((event) => void tell(parts, event))
    return connections
  } catch (error) {
    if (!isWrongSetting(error)) throw error
    throw new ConfigError(`The setting connections is wrong: ${error.message}`)
  }
}

// loadConfig has found every secret by now (config.ts).
function withText({ clientSecret, ...settings }: ConnectionSettings): ConnectProvider {
  return typeof clientSecret === 'string' ? { ...settings, clientSecret } : settings
}

function storeOf({ store, databaseUrl, data }: Config): ConnectStore {
  if (store === 'memory') return 'memory'
  if (databaseUrl !== undefined && store !== 'sqlite') return { databaseUrl }
  return { path: join(data, 'connections.db') }
}

const isWrongSetting = (error: unknown): error is Error =>
  error instanceof Error && 'code' in error && error.code === 'wrong_setting'

// Renewing happens all day and is no decision of anybody.
const told = {
  connected: 'connection.connected',
  disconnected: 'connection.disconnected',
  failed: 'connection.failed',
} as const

async function tell({ system, store, log }: Parts, event: ConnectionEvent): Promise<void> {
  const { type, person: accountId, provider, connection, why } = event
  if (type === 'refreshed') return
  const actor =
    type === 'failed' ? { kind: 'server' as const, id: null } : { kind: 'account' as const, id: accountId }
  const detail = { provider, connection, ...(why === undefined ? {} : { why }) }
  log.info(`connection ${type}`, { accountId, ...detail })
  try {
    await store.apply([audit({ system }, { event: told[type], actor, accountId, detail })])
  } catch (error) {
    log.warn('connection not audited', { error: error instanceof Error ? error : String(error), connection })
  }
}
