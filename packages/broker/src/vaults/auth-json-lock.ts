// Which locks an auth.json is edited under, and how one process shares them among all that it does with the file at a time: the
// renewal of a token holds them while edits go on. Not here: how a lock is taken (file-lock.ts).

import { join, parse } from 'node:path'
import type { System } from '@countersign/client/system'
import { type LockOptions, withFileLock } from './file-lock.ts'
import { resolvePath } from './write-file.ts'

export interface HoldOptions extends LockOptions {
  readonly system: System
}

/** Other programs wait while `work` runs, for half a minute at most; what this process does with the file goes on. */
export type HoldFile = <Outcome>(path: string, work: (target: string) => Promise<Outcome>) => Promise<Outcome>

interface Hold {
  users: number
  /** The file itself, once the lock is ours. */
  readonly target: Promise<string>
  readonly release: () => void
}

/** One lock for all in this process that need it at the same time; given back when the last of them is done. */
export function createHolds(options: HoldOptions): HoldFile {
  const holds = new Map<string, Hold>()

  function end(path: string, held: Hold): void {
    if (holds.get(path) === held) holds.delete(path)
    held.release()
  }

  function begin(path: string): Hold {
    const over = Promise.withResolvers<void>()
    const target = Promise.withResolvers<string>()
    const locked = underLocks(path, options, async (file) => {
      target.resolve(file)
      await over.promise
    })
    locked.catch(target.reject)
    const held: Hold = { users: 0, target: target.promise, release: over.resolve }
    holds.set(path, held)
    return held
  }

  return async (path, work) => {
    const held = holds.get(path) ?? begin(path)
    held.users += 1
    const done = new AbortController()
    let isUser = true
    const leave = () => {
      if (isUser) held.users -= 1
      isUser = false
      if (held.users === 0) end(path, held)
    }
    try {
      const target = await held.target
      // Whatever `work` waits for, the other programs are not kept for ever. Who began to write just now is let finish; whoever
      // comes next takes the lock anew.
      void options.system.sleep(longestHoldSeconds, done.signal).then(() => {
        if (done.signal.aborted) return
        if (holds.get(path) === held) holds.delete(path)
        leave()
      })
      return await work(target)
    } finally {
      done.abort()
      leave()
    }
  }
}

/**
 * hermes-agent locks `auth.lock` beside the path by which it knows the file (`Path.with_suffix`), before resolving links. Where
 * that is a link to a file elsewhere, others may know it by that path, so both locks are taken, always in the same order.
 */
async function underLocks(
  path: string,
  options: HoldOptions,
  work: (target: string) => Promise<void>,
): Promise<void> {
  const { named, target } = await resolvePath(path, true)
  const locks = [...new Set([lockBeside(named), lockBeside(target)])].sort()
  const locked = locks.reduceRight<() => Promise<void>>(
    (inner, lock) => () => withFileLock(lock, options, inner),
    () => work(target),
  )
  await locked()
}

function lockBeside(path: string): string {
  const { dir, name } = parse(path)
  return join(dir, `${name}.lock`)
}

const longestHoldSeconds = 30
