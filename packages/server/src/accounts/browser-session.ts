// Signed-in browsers: begun at sign-in under a new secret, ended by the person, by time, or with the account.
// The cookie that carries the secret is pages/visit.ts; only its digest is stored.

import type { Account, BrowserSession, Write } from '@countersign/protocol'
import { audit, byPerson } from '../audit.ts'
import type { PlainRequest } from '../http.ts'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import { decideAndApply } from '../store/store.ts'
import { cleanText } from '../text.ts'

export interface SignedIn {
  readonly session: BrowserSession
  readonly account: Account
}

/** A new session under a new secret, whatever cookie the browser came with (session fixation, ASVS 7.2.4). */
export function newBrowserSession(
  { system, config }: Services,
  request: PlainRequest,
  accountId: string,
  amr: readonly string[],
  authenticatedAt?: number,
): { readonly secret: string; readonly session: BrowserSession } {
  const secret = system.random(32).toString('base64url')
  const now = system.now()
  const session: BrowserSession = {
    id: digest(secret),
    version: 0,
    accountId,
    createdAt: now,
    authenticatedAt: Math.min(authenticatedAt ?? now, now),
    lastSeenAt: now,
    expiresAt: now + Math.min(config.sessionIdleSeconds, config.sessionAbsoluteSeconds),
    amr,
    address: request.address,
    userAgent: cleanText(request.headers['user-agent'], 200) ?? '',
  }
  return { secret, session }
}

export interface Begin {
  /** As it was when the person proved to be its owner. */
  readonly account: Account
  readonly amr: readonly string[]
  /** When the person proved it, where that was not here and now. */
  readonly authenticatedAt?: number | undefined
  /** Where they proved it, for the audit log: the id of a provider. */
  readonly provider?: string | undefined
  /** The session that this browser had before. */
  readonly replaces: BrowserSession | undefined
  /** The same password under today's cost. */
  readonly passwordHash?: string | undefined
  readonly writes?: readonly Write[]
}

/**
 * Stores a new session and returns its secret. Undefined when the account has moved: a password change or a disabled account ends
 * all sessions, so one that was proven with the old password must not begin a moment later.
 */
export async function beginBrowserSession(
  services: Services,
  request: PlainRequest,
  { account, amr, authenticatedAt, provider, replaces, passwordHash, writes = [] }: Begin,
): Promise<string | undefined> {
  const { store } = services
  const { secret, session } = newBrowserSession(services, request, account.id, amr, authenticatedAt)
  const done = await decideAndApply(store, async () => {
    const current = await store.read('account', account.id)
    if (current?.passwordHash !== account.passwordHash || current.disabledAt !== null)
      return { begun: false, writes: [] }
    const others = await store.find('browserSession', 'accountId', account.id)
    const before = replaces && (await store.read('browserSession', replaces.id))
    const crowded = others.filter(({ id }, i) => id !== before?.id && i <= others.length - mostSessions)
    const ends = before === undefined ? crowded : [before, ...crowded]
    const all: Write[] = [
      ...writes,
      // Written even when it stays as it is: whoever changes it at this moment makes this a conflict.
      {
        op: 'update',
        kind: 'account',
        record: { ...current, passwordHash: passwordHash ?? current.passwordHash },
      },
      ...ends.map(endOfSession),
      { op: 'insert', kind: 'browserSession', record: session },
      audit(services, {
        event: 'browser.signed_in',
        ...byPerson(account.id, request),
        accountId: account.id,
        detail: provider === undefined ? { amr } : { amr, provider },
      }),
    ]
    return { begun: true, writes: all }
  })
  return done.applied && done.decision.begun ? secret : undefined
}

// Whoever knows a password must not be able to hide sessions behind more of them than are ended at once: the oldest go.
const mostSessions = 100

/** The session and its account, while both may be used. Notes that the browser was seen, at most once a minute. */
export async function findSignedIn(services: Services, secret: string): Promise<SignedIn | undefined> {
  const { store, system } = services
  const found = await store.readWithAccount('browserSession', digest(secret))
  if (found?.account === undefined) return undefined
  const { record: session, account } = found
  const now = system.now()
  if (now >= session.expiresAt || account.disabledAt !== null) return undefined
  if (now - session.lastSeenAt < 60) return { session, account }
  const seen = { ...session, lastSeenAt: now, expiresAt: endOf(services, session, now) }
  // Losing means that another tab noted the same minute.
  const applied = await store.apply([{ op: 'update', kind: 'browserSession', record: seen }])
  return { session: applied === 'applied' ? { ...seen, version: session.version + 1 } : session, account }
}

// ASVS 7.3: an idle end that moves with use, and an absolute one that does not.
function endOf({ config }: Services, session: BrowserSession, now: number): number {
  return Math.min(now + config.sessionIdleSeconds, session.createdAt + config.sessionAbsoluteSeconds)
}

/** The sessions of an account that live, the one seen last first. */
export async function liveSessions(
  { store, system }: Services,
  accountId: string,
): Promise<readonly BrowserSession[]> {
  const sessions = await store.find('browserSession', 'accountId', accountId)
  return sessions
    .filter(({ expiresAt }) => expiresAt > system.now())
    .toSorted((a, b) => b.lastSeenAt - a.lastSeenAt)
}

/** Ends those of an account's sessions that `chosen` picks; nobody else's, whatever it picks. The person asks for it in `request`. */
export async function endSessions(
  services: Services,
  accountId: string,
  chosen: (session: BrowserSession) => boolean,
  request: PlainRequest,
): Promise<boolean> {
  const { store } = services
  const done = await decideAndApply(store, async () => {
    const ending = (await store.find('browserSession', 'accountId', accountId)).filter(chosen)
    if (ending.length === 0) return { writes: [] }
    const by = byPerson(accountId, request)
    const detail = { sessions: ending.length }
    return {
      writes: [
        ...ending.map(endOfSession),
        audit(services, { event: 'browser.signed_out', ...by, accountId, detail }),
      ],
    }
  })
  return done.applied
}

export function endOfSession(record: BrowserSession): Write {
  return { op: 'delete', kind: 'browserSession', record }
}
