// The embedded store: one SQLite file in WAL, shared by any number of processes on the machine.
// Here are sweeping, opening and closing. How reads share a lock is in sqlite-reads.ts, how writes are committed in
// sqlite-commits.ts, how notices cross processes in sqlite-notices.ts, how a locked file is waited for in
// sqlite-patience.ts, the schema in sqlite-schema.ts.

import { closeSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import type { Account, Kind } from '@countersign/protocol'
import { toRecord } from './record-data.ts'
import { groupCommits } from './sqlite-commits.ts'
import { createNoticeReader } from './sqlite-notices.ts'
import { whenFree } from './sqlite-patience.ts'
import { groupReads } from './sqlite-reads.ts'
import { migrate, prepareStatements } from './sqlite-schema.ts'
import type { Store } from './store.ts'
import { kinds, tableOf } from './tables.ts'
import { createTopics } from './topics.ts'

export interface SqliteOptions {
  readonly path: string
  /** FULL loses nothing acknowledged in a power cut; NORMAL may lose the last moments, but never tears. Default FULL. */
  readonly synchronous?: 'FULL' | 'NORMAL'
}

type Row = [id: string, version: number, data: string]

type RowWithAccount = [...Row, accountId: string | null, accountVersion: number, accountData: string]

/** Rows that one step of a sweep deletes; a step is the longest that a sweep keeps requests waiting. */
const sweepStep = 250

export function openSqliteStore({ path, synchronous = 'FULL' }: SqliteOptions): Store {
  const db = openDatabase(path, synchronous)
  const statements = prepareStatements(db)
  const topics = createTopics()
  const reads = groupReads(db)
  const commits = groupCommits(db, statements, topics.wake, reads.waiting)
  const notices = createNoticeReader(db, topics.wake)

  return {
    read: <K extends Kind>(kind: K, id: string) =>
      reads.ask(() => {
        const row = statements.of[kind].read.get(id) as unknown as Row | undefined
        return row && toRecord(kind, ...row)
      }),
    readWithAccount: <K extends Kind>(kind: K, id: string) =>
      reads.ask(() => {
        const row = statements.of[kind].readWithAccount?.get(id) as unknown as RowWithAccount | undefined
        return row && { record: toRecord(kind, row[0], row[1], row[2]), account: accountOf(row) }
      }),
    find: <K extends Kind>(kind: K, column: string, value: string, limit = 1000) =>
      whenFree(() => {
        const rows = statements.of[kind].find[column]?.all(value, limit) ?? []
        return (rows as unknown as Row[]).map((row) => toRecord(kind, ...row))
      }),
    list: <K extends Kind>(kind: K, after = '', limit = 1000) =>
      whenFree(() => {
        const rows = statements.of[kind].list.all(after, limit) as unknown as Row[]
        return rows.map((row) => toRecord(kind, ...row))
      }),
    apply: commits.apply,
    watch(topic, wake) {
      const unwatch = topics.watch(topic, wake)
      notices.start()
      return () => {
        unwatch()
        if (topics.size === 0) notices.stop()
      }
    },
    async sweep(now) {
      let swept = 0
      for (const kind of kinds) {
        const { purge, free } = statements.of[kind]
        const { frees } = tableOf(kind)
        if (free && frees) await inSteps(() => free.run(now + frees.secondsBeforePurge, sweepStep))
        swept += await inSteps(() => purge.run(now, sweepStep))
      }
      await whenFree(() => statements.purgeNotices.run())
      return swept
    },
    counts: () =>
      whenFree(
        () =>
          Object.fromEntries(
            kinds.map((kind) => [kind, (statements.of[kind].count.get() as { n: number }).n]),
          ) as Record<Kind, number>,
      ),
    ready: () => whenFree(() => void statements.of.setting.read.get('')),
    async close() {
      notices.stop()
      while (commits.waiting() > 0 || reads.waiting() > 0) await pause(1)
      if (db.isOpen) db.close()
    },
  }
}

// Between two steps requests are served.
async function inSteps(step: () => { changes: number | bigint }): Promise<number> {
  for (let total = 0; ; ) {
    const changes = Number((await whenFree(step)).changes)
    total += changes
    if (changes < sweepStep) return total
    await new Promise((resolve) => setImmediate(resolve))
  }
}

function openDatabase(path: string, synchronous: 'FULL' | 'NORMAL'): DatabaseSync {
  // The owner's alone also in a folder that others may read; the files beside it get the mode of this one.
  closeSync(openSync(path, 'a', 0o600))
  // While opening there is nobody to serve, so SQLite may do the waiting.
  const db = new DatabaseSync(path, { timeout: 10_000 })
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; PRAGMA cache_size = -16000`)
  // 16 MB of log before it is copied back: a page that was changed ten times meanwhile is copied once.
  db.exec('PRAGMA wal_autocheckpoint = 4000')
  migrate(db)
  db.exec('PRAGMA busy_timeout = 0')
  return db
}

function accountOf([, , , id, version, data]: RowWithAccount): Account | undefined {
  return id === null ? undefined : toRecord('account', id, version, data)
}
