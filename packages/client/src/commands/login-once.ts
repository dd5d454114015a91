// One login at a time for the same server and program: of jobs that start together and all find no sign-in, one asks the
// person and the others share what comes of it. Not here: the lock itself (../refresh-lock.ts), signing in (login.ts).
import type { CredentialStore, LiveCredential } from '../credentials.ts'
import { cancelled, LockError } from '../errors.ts'
import { withRefreshLock } from '../refresh-lock.ts'
import { openLiveArea } from '../terminal/live-area.ts'
import { jsonLine } from '../terminal/terminal.ts'
import type { Context } from './command.ts'
import { createSpinner } from './login-keys.ts'

export type OnceOptions = {
  store: CredentialStore
  issuer: string
  clientId: string
  /** Another sign-in that asks for something else is of no use here. */
  scope: string
  context: Context
  json: boolean
  signal: AbortSignal
}

/** The credential that another process got meanwhile, or what `work` makes. */
export async function oneLogin(
  options: OnceOptions,
  work: () => Promise<LiveCredential>,
): Promise<LiveCredential> {
  const { store, issuer, clientId, scope, context, signal } = options
  const { system } = context
  const startedAt = system.now()
  const lock = store.lockOf({ issuer, clientId, account: scope })
  // What is kept in memory no other process could share.
  if (lock === undefined) return work()
  const path = lock.replace(/\.lock$/, '.login.lock')
  let waiting: Waiting | undefined
  try {
    for (;;) {
      let entered = false
      try {
        return await withRefreshLock({ path, system, timeoutSeconds: 0 }, async () => {
          entered = true
          waiting?.close()
          return (waiting && madeSince(options, startedAt)) ?? work()
        })
      } catch (error) {
        if (entered || !(error instanceof LockError)) throw error
      }
      waiting ??= showWaiting(options)
      await Promise.race([system.sleep(0.25, signal), waiting.unwilling])
      if (signal.aborted) throw cancelled()
      const shared = madeSince(options, startedAt)
      if (shared) return shared
      if (waiting.isUnwilling()) {
        waiting.close()
        return work()
      }
    }
  } finally {
    waiting?.close()
  }
}

function madeSince({ store, issuer, clientId }: OnceOptions, startedAt: number): LiveCredential | undefined {
  const account = store.current(issuer, clientId)
  const credential = account === undefined ? undefined : store.read({ issuer, clientId, account })
  return credential?.state === 'live' && credential.signedInAt >= startedAt ? credential : undefined
}

type Waiting = { unwilling: Promise<void>; isUnwilling: () => boolean; close: () => void }

function showWaiting({ context, json }: OnceOptions): Waiting {
  const { terminal, system } = context
  const { promise: unwilling, resolve } = Promise.withResolvers<void>()
  let isUnwilling = false
  if (json) terminal.draw(jsonLine({ event: 'waiting_for_other_login' }))
  if (json || !terminal.interactive) {
    if (!json) terminal.say('Another login is under way; waiting for it…')
    return { unwilling, isUnwilling: () => false, close: () => {} }
  }
  const spinner = createSpinner(system)
  const area = openLiveArea(terminal, (key) => {
    if (key !== '\r' && key !== '\n') return
    isUnwilling = true
    resolve()
  })
  const draw = (): void =>
    area.show([`  ${spinner.frame()} Another login is under way.     Enter sign in here · ^C cancel`])
  const ticking = setInterval(draw, 100)
  draw()
  let closed = false
  return {
    unwilling,
    isUnwilling: () => isUnwilling,
    close: () => {
      if (closed) return
      closed = true
      clearInterval(ticking)
      area.close()
    },
  }
}
