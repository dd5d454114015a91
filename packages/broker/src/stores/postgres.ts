// The store on PostgreSQL, for any number of nodes; its tables may be in the same database as the server's. Whatever keeps the
// database from answering (no connection, a connection lost, a time limit) is StoreUnavailable; the next call connects again.
// The statements are sql-store.ts, the tables postgres-schema.ts.

import pg from 'pg'
import { SettingError, StoreUnavailable } from '../errors.ts'
import type { BrokerStore } from '../store.ts'
import { migrate } from './postgres-schema.ts'
import { createSqlStore, type SqlValue } from './sql-store.ts'

export interface PostgresOptions {
  /** postgres://… */
  readonly url: string
  /** Connections of this process; default 4. */
  readonly connections?: number
  /** How long a connection attempt, or a statement, may take; default 5000. */
  readonly timeoutMilliseconds?: number
}

/** A table being changed under load takes its time; whoever starts can wait. */
const migrationMilliseconds = 600_000

/** Connects and brings the tables up to date; rejects where the database cannot be reached or used. */
export async function postgresStore(options: PostgresOptions): Promise<BrokerStore> {
  const { url, connections = 4, timeoutMilliseconds = 5000 } = options
  await migrateOnce(connectionTo(settings(url, timeoutMilliseconds, migrationMilliseconds)))
  const pool = new pg.Pool({ ...settings(url, timeoutMilliseconds, timeoutMilliseconds), max: connections })
  // A connection that ends while nobody uses it would else end the process; the pool makes another one.
  pool.on('error', () => {})
  const ask = async (text: string, values: readonly SqlValue[]) => {
    try {
      return await pool.query({ ...prepared(text), values: [...values], rowMode: 'array' })
    } catch (error) {
      throw unavailable(error)
    }
  }
  let closing: Promise<void> | undefined
  return createSqlStore({
    async read(text, values) {
      const { rows } = await ask(text, values).catch((error) => {
        // The connection may have been lost long before it was needed; to read twice harms nobody.
        if (isOfStatement(error)) throw error
        return ask(text, values)
      })
      return rows.map(([first]: unknown[]) => first)
    },
    change: (text, values) =>
      ask(text, values).then(
        ({ rowCount }) => rowCount ?? 0,
        (error) => {
          if (codeOf(error) === uniqueViolation) return 0
          throw error
        },
      ),
    close: () => (closing ??= pool.end()),
  })
}

/** Neither the URL nor what is said about it is repeated: it may hold a password. */
function connectionTo(config: pg.ClientConfig): pg.Client {
  if (!/^postgres(ql)?:\/\//.test(config.connectionString ?? ''))
    throw new SettingError("The broker's database needs a URL that begins with postgres://.")
  try {
    return new pg.Client(config)
  } catch {
    throw new SettingError("The URL of the broker's database cannot be used.")
  }
}

async function migrateOnce(client: pg.Client): Promise<void> {
  client.on('error', () => {})
  try {
    await client.connect()
    await migrate(client)
  } catch (error) {
    throw error instanceof SettingError ? error : unavailable(error)
  } finally {
    await client.end().catch(() => {})
  }
}

function settings(url: string, connectMilliseconds: number, statementMilliseconds: number): pg.ClientConfig {
  return {
    connectionString: url,
    keepAlive: true,
    connectionTimeoutMillis: connectMilliseconds,
    statement_timeout: statementMilliseconds,
    // A little later than the server's own limit: it is for a server, or a network, that no longer says anything.
    query_timeout: statementMilliseconds + 1000,
    application_name: 'countersign broker',
  }
}

const names = new Map<string, { readonly name: string; readonly text: string }>()

/** A statement with a name is prepared once per connection. PostgreSQL counts the values: `$1`. */
function prepared(text: string) {
  const known = names.get(text)
  if (known !== undefined) return known
  let count = 0
  const made = { name: `broker ${names.size}`, text: text.replace(/\?/g, () => `$${++count}`) }
  names.set(text, made)
  return made
}

// https://www.postgresql.org/docs/current/errcodes-appendix.html
const uniqueViolation = '23505'

function unavailable(error: unknown): StoreUnavailable {
  return new StoreUnavailable("The broker's database does not answer.", { cause: error })
}

/** What PostgreSQL said about the statement; undefined where no answer came. */
function codeOf(error: unknown): string | undefined {
  const cause = error instanceof StoreUnavailable ? error.cause : undefined
  return cause instanceof pg.DatabaseError ? cause.code : undefined
}

/** Class 08 is about connections and 57 about a server that stops; asked again, another one may answer. */
function isOfStatement(error: unknown): boolean {
  const code = codeOf(error)
  return code !== undefined && (!/^(08|57)/.test(code) || code === '57014')
}
