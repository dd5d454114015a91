// One connection to PostgreSQL that comes back by itself: it connects when it is first used and again when it was lost.
// Statements are pipelined, so callers need not queue. Whatever keeps the database from answering (connection refused or
// lost, a time limit) is a StoreUnavailable; what the database says about a statement is a pg.DatabaseError.

import pg from 'pg'
import { StoreUnavailable } from './store.ts'

export interface Lane {
  /** Rows as arrays. */
  query(statement: Statement): Promise<Rows>
  /** The backend that serves this lane now; undefined while there is none. */
  readonly backend: number | undefined
  close(): Promise<void>
}

export interface Statement {
  /** Statements with a name are prepared once per connection. */
  readonly name?: string
  readonly text: string
  readonly values?: readonly unknown[]
}

export type Rows = readonly (readonly unknown[])[]

export interface LaneOptions {
  readonly url: string
  /** After this long a connection attempt is given up. */
  readonly connectMilliseconds: number
  /** After this long a statement is given up. */
  readonly statementMilliseconds: number
  /** The lane serves requests, which never read a whole table. */
  readonly looksUp?: boolean
  /** Called with each new connection before it is used. */
  readonly onConnect?: (client: pg.Client) => Promise<void>
  readonly onLost?: () => void
  /** Sees each statement that is sent; tests count round trips with it. */
  readonly onStatement?: ((statement: Statement) => void) | undefined
}

// Requests find their rows by an index. Without these settings the planner, looking at tables that were small or never
// analyzed, now and then prefers to read a whole table, and keeps to it in a prepared statement while the table grows.
const lookUpSettings = `SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off;
  SET enable_mergejoin = off; SET jit = off; SET plan_cache_mode = force_generic_plan`

export function createLane(options: LaneOptions): Lane {
  let connecting: Promise<pg.Client> | undefined
  let current: pg.Client | undefined
  let closed = false

  function lost(client: pg.Client): void {
    if (current !== client) return
    current = undefined
    connecting = undefined
    options.onLost?.()
  }

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client({
      connectionString: options.url,
      pipeline: true,
      keepAlive: true,
      connectionTimeoutMillis: options.connectMilliseconds,
      statement_timeout: options.statementMilliseconds,
      // A little later than the server's own limit: it is for a server, or a network, that no longer says anything.
      query_timeout: options.statementMilliseconds + 1000,
      application_name: 'countersign',
    })
    // Without a listener a connection that ends while it is idle would end the process.
    client.on('error', () => lost(client))
    client.on('end', () => lost(client))
    try {
      await client.connect()
      if (options.looksUp) await client.query(lookUpSettings)
      await options.onConnect?.(client)
    } catch (error) {
      connecting = undefined
      void client.end().catch(() => {})
      throw new StoreUnavailable(error)
    }
    current = client
    return client
  }

  return {
    async query(statement) {
      if (closed) throw new StoreUnavailable(new Error('the store is closed'))
      connecting ??= connect()
      const client = current ?? (await connecting)
      options.onStatement?.(statement)
      try {
        return (await client.query({ ...statement, values: statement.values as unknown[], rowMode: 'array' }))
          .rows
      } catch (error) {
        const code = error instanceof pg.DatabaseError ? error.code : undefined
        if (code !== undefined && !isOutage(code)) throw error
        // The news that the connection ended may come after the answer; whoever asks again needs a new one now.
        if (code === undefined || !isOfStatement(code)) {
          lost(client)
          void client.end().catch(() => {})
        }
        throw new StoreUnavailable(error)
      }
    },
    get backend() {
      return (current as (pg.Client & { processID?: number }) | undefined)?.processID
    },
    async close() {
      closed = true
      const client = current ?? (await connecting?.catch(() => undefined))
      current = undefined
      await client?.end()
    },
  }
}

// Classes of https://www.postgresql.org/docs/current/errcodes-appendix.html: 08 connection, 53 out of resources,
// 57 operator intervention (shutdown, statement timeout), 58 system error; 25006: read-only, as a standby is.
function isOutage(code: string): boolean {
  return /^(08|53|57|58|25006)/.test(code)
}

// Outages of one statement, after which the connection is as good as before.
function isOfStatement(code: string): boolean {
  return /^(53|57014|58)/.test(code)
}
