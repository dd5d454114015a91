// An auth.json on the disk, edited by whoever has it: under the lock it is read, edited, and replaced, and nothing of it is kept
// in memory in between. Edits that wait for the lock at the same time share one turn, so that a burst costs one write.
// Not here: what an edit is (auth-json-document.ts), files (write-file.ts), locks (auth-json-lock.ts).

import { codeOf } from '@countersign/client/errors'
import { VaultError } from '../errors.ts'
import { type Edited, printDocument, readDocument } from './auth-json-document.ts'
import { createHolds, type HoldFile, type HoldOptions } from './auth-json-lock.ts'
import type { Row } from './exact-json.ts'
import { keepAside, readWhole, replaceWhole, resolvePath, sweepTemporaries } from './write-file.ts'

export interface FileOptions extends HoldOptions {
  readonly log: (level: 'info' | 'warn', event: string, detail: Readonly<Record<string, string>>) => void
}

export interface AuthJsonFiles {
  read(path: string): Promise<Row>
  edit<Outcome>(path: string, edit: (document: Row) => Edited<Outcome>): Promise<Outcome>
  readonly hold: HoldFile
}

export function createAuthJsonFiles(options: FileOptions): AuthJsonFiles {
  /** By path: who joins the next turn. There is an entry as long as turns are taken. */
  const waiting = new Map<string, Waiting[]>()
  const hold = createHolds(options)

  async function takeTurns(path: string, queue: Waiting[]): Promise<void> {
    while (queue.length > 0) {
      try {
        await hold(path, (target) => rewrite(target, queue.splice(0), options))
      } catch (error) {
        fail(error, path, queue.splice(0), options)
      }
    }
    waiting.delete(path)
  }

  return {
    hold,
    async read(path) {
      const { target } = await resolvePath(path, false)
      const { document, whole } = readDocument((await readWhole(target)).text)
      if (!whole) options.log('warn', 'auth_json.unreadable', { path: target })
      return document
    },
    edit: (path, edit) =>
      new Promise((resolve, reject) => {
        const one = waitingFor(edit, resolve, reject)
        const queue = waiting.get(path)
        if (queue !== undefined) return void queue.push(one)
        const first = [one]
        waiting.set(path, first)
        void takeTurns(path, first)
      }),
  }
}

interface Waiting {
  /** The document with this edit in it, and what to tell whoever waits, once it is on the disk. */
  readonly apply: (document: Row) => {
    readonly document: Row | undefined
    readonly loses: boolean
    readonly tell: () => void
  }
  readonly reject: (error: unknown) => void
}

function waitingFor<Outcome>(
  edit: (document: Row) => Edited<Outcome>,
  resolve: (outcome: Outcome) => void,
  reject: (error: unknown) => void,
): Waiting {
  return {
    reject,
    apply(before) {
      try {
        const { outcome, document, loses = false } = edit(before)
        return { document, loses, tell: () => resolve(outcome) }
      } catch (error) {
        return { document: undefined, loses: false, tell: () => reject(error) }
      }
    },
  }
}

/** Never throws: what fails here fails for this turn, and not for those who wait for the next. */
async function rewrite(target: string, turn: readonly Waiting[], options: FileOptions): Promise<void> {
  try {
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const { text, identity, whole: isText } = await readWhole(target)
      const { document: before, whole } = readDocument(text)
      let document = before
      let loses = !(isText && whole)
      const tells = turn.map(({ apply }) => {
        const applied = apply(document)
        document = applied.document ?? document
        loses ||= applied.loses
        return applied.tell
      })
      if (document === before || (await replace(target, document, identity, loses, options))) {
        for (const tell of tells) tell()
        return
      }
    }
    throw new VaultError('vault_locked', 'Another program writes the file of credentials without pause.')
  } catch (error) {
    fail(error, target, turn, options)
  }
}

function fail(error: unknown, path: string, turn: readonly Waiting[], { log }: FileOptions): void {
  const code = error instanceof VaultError ? error.code : 'fault'
  const reason = codeOf(error instanceof Error ? error.cause : undefined) ?? ''
  log('warn', 'auth_json.failed', { path, code, reason })
  for (const { reject } of turn) reject(error)
}

/** False where somebody who does not take the lock wrote since. */
async function replace(
  target: string,
  document: Row,
  identity: string | undefined,
  loses: boolean,
  { system, log }: FileOptions,
): Promise<boolean> {
  if (loses) {
    const aside = await keepAside(target, system.now())
    log('warn', 'auth_json.set_aside', { path: target, aside })
  }
  if (!(await replaceWhole(target, printDocument(document), identity, system))) return false
  // Best effort: what is swept is nobody's any more, and the next write tries again.
  await sweepTemporaries(target, system.now()).catch(() => {})
  return true
}
