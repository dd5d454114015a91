// The store in one SQLite file of its own, in WAL, shared by any number of processes on the machine. What was acknowledged is on
// disk (synchronous FULL). The statements are sql-store.ts, how writes share a commit sqlite-commits.ts, the tables
// sqlite-schema.ts.

import { closeSync, openSync } from 'node:fs'
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { SettingError, StoreUnavailable } from '../errors.ts'
import type { BrokerStore } from '../store.ts'
import { createSqlStore } from './sql-store.ts'
import { codeOf, groupCommits, whenFree } from './sqlite-commits.ts'
import { migrate } from './sqlite-schema.ts'

export interface SqliteOptions {
  /** The file; it is made, for its owner alone, where there is none. */
  readonly path: string
}

/** Rejects with SettingError where the file cannot be made or is something else, with StoreUnavailable where it stays locked. */
export async function sqliteStore({ path }: SqliteOptions): Promise<BrokerStore> {
  const db = open(path)
  try {
    await whenFree(() => prepare(db))
  } catch (error) {
    db.close()
    if (error instanceof StoreUnavailable || error instanceof SettingError) throw error
    throw new SettingError(`${path} is not a database of the broker.`, { cause: error })
  }
  const commits = groupCommits(db)
  const statements = new Map<string, StatementSync>()
  const prepared = (text: string): StatementSync => {
    const known = statements.get(text)
    if (known !== undefined) return known
    const statement = db.prepare(text)
    statement.setReturnArrays(true)
    statements.set(text, statement)
    return statement
  }
  return createSqlStore({
    read: (text, values) =>
      answered(
        whenFree(() => (prepared(text).all(...values) as unknown as unknown[][]).map(([first]) => first)),
      ),
    change: (text, values) => answered(commits.commit(() => changedBy(prepared(text), values))),
    async close() {
      await commits.idle()
      if (db.isOpen) db.close()
    },
  })
}

function open(path: string): DatabaseSync {
  try {
    // The owner's alone also in a folder that others may read; the files beside it get the mode of this one.
    closeSync(openSync(path, 'a', 0o600))
    return new DatabaseSync(path, { timeout: 0 })
  } catch (error) {
    throw new SettingError(`The broker's database ${path} cannot be opened.`, { cause: error })
  }
}

function prepare(db: DatabaseSync): void {
  db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
  migrate(db)
}

function changedBy(statement: StatementSync, values: readonly (string | number | null)[]): number {
  try {
    return Number(statement.run(...values).changes)
  } catch (error) {
    // https://sqlite.org/rescode.html: 2067 is SQLITE_CONSTRAINT_UNIQUE.
    if (codeOf(error) === 2067) return 0
    throw error
  }
}

async function answered<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof StoreUnavailable) throw error
    throw new StoreUnavailable("The broker's database does not answer.", { cause: error })
  }
}
