// The authorization code (RFC 6749 §4.1.2, §4.1.3) as rules: issue it, redeem it once.
// issued -> redeemed, or it expires. Everything that belongs to the code is checked before it is spent, so that whoever merely
// got hold of it can neither use it nor burn it, nor end what the honest client made of it.
// Pure: time, random values and the digest of the verifier arrive as arguments, changes leave as writes.

import { begin, isUsable, revoke } from './grant.ts'
import type {
  Account,
  AuthorizationCode,
  AuthorizationParameters,
  Grant,
  RequestContext,
  Write,
} from './records.ts'
import type { Refusal } from './refusal.ts'

export interface IssueEvent {
  readonly clientId: string
  readonly accountId: string
  readonly parameters: AuthorizationParameters
  /** Of those asked for, the scopes that were agreed to. */
  readonly scopes: readonly string[]
  readonly authTime: number
  readonly amr: readonly string[]
  readonly context: RequestContext
  readonly now: number
  readonly lifetimeSeconds: number
}

/** The code's record, bound to all that was asked for and to who agreed (AZ-15). */
export function issue(
  event: IssueEvent,
  fresh: { readonly codeId: string; readonly grantId: string },
): { readonly record: AuthorizationCode; readonly writes: readonly Write[] } {
  const { parameters } = event
  const record: AuthorizationCode = {
    id: fresh.codeId,
    version: 0,
    clientId: event.clientId,
    accountId: event.accountId,
    redirectUri: parameters.redirectUri,
    codeChallenge: parameters.codeChallenge,
    nonce: parameters.nonce,
    scopes: parameters.scopes.filter((scope) => event.scopes.includes(scope)),
    resources: parameters.resources,
    jkt: parameters.jkt,
    authTime: event.authTime,
    amr: event.amr,
    context: event.context,
    status: 'issued',
    grantId: fresh.grantId,
    createdAt: event.now,
    expiresAt: event.now + event.lifetimeSeconds,
  }
  return { record, writes: [{ op: 'insert', kind: 'authorizationCode', record }] }
}

/** RFC 7636 §4.1: 43 to 128 unreserved characters. */
export function isCodeVerifier(value: string): boolean {
  return /^[A-Za-z0-9._~-]{43,128}$/.test(value)
}

export interface RedeemEvent {
  readonly clientId: string
  /** BASE64URL(SHA256(code_verifier)), RFC 7636 §4.6. */
  readonly challenge: string
  /** As the token request names it; it may be left out (standards.md X-01). */
  readonly redirectUri: string | undefined
  /** The key that the caller proved to hold (RFC 9449 §10). */
  readonly jkt: string | null
  /** The account that the record names, as it is now. */
  readonly account: Account | undefined
  /** What an earlier redemption made, where there was one. */
  readonly grant: Grant | undefined
  /** What the sign-in is called where the program gave its machine no name. */
  readonly plainName: string
  readonly now: number
  readonly refresh: { readonly idleSeconds: number } | null
  readonly absoluteSeconds: number
  /** The key that the refresh tokens will be bound to; null where they are not. */
  readonly refreshJkt: string | null
}

export type Redeemed =
  | { readonly outcome: 'granted'; readonly grant: Grant; readonly writes: readonly Write[] }
  | { readonly outcome: 'refused'; readonly refusal: Refusal; readonly writes: readonly Write[] }

/**
 * Turns a code into a grant. The grant and the end of the code are one set of writes. A second use by somebody who knows all that belongs
 * to the code means that two hold it, and ends the grant (AC-05); by anybody else it changes nothing (AC-06).
 */
export function redeem(
  record: AuthorizationCode | undefined,
  event: RedeemEvent,
  fresh: { readonly refreshHash: string },
): Redeemed {
  if (record === undefined) return refused({ reason: 'code_unknown' })
  const mismatch = mismatchOf(record, event)
  if (mismatch !== undefined) return refused(mismatch)
  const { account, grant, now } = event
  if (record.status === 'redeemed') {
    const refusal: Refusal = { reason: 'code_reused', grantId: record.grantId }
    return refused(refusal, grant?.id === record.grantId ? revoke(grant, 'reuse', now) : [])
  }
  if (now >= record.expiresAt) return refused({ reason: 'code_expired' })
  // An account that was closed in the meantime: to the client the code is worth nothing.
  if (!isUsable(account, record.accountId)) return refused({ reason: 'code_unknown' })
  const begun = begin(
    {
      accountId: account.id,
      clientId: record.clientId,
      scopes: record.scopes,
      resources: record.resources,
      via: 'authorization_code',
      context: record.context,
      authTime: record.authTime,
      amr: record.amr,
      nonce: record.nonce,
      jkt: event.refreshJkt,
      plainName: event.plainName,
      now,
      refresh: event.refresh,
      absoluteSeconds: event.absoluteSeconds,
    },
    { grantId: record.grantId, refreshHash: fresh.refreshHash },
  )
  return {
    outcome: 'granted',
    grant: begun,
    writes: [
      { op: 'update', kind: 'authorizationCode', record: { ...record, status: 'redeemed' } },
      { op: 'insert', kind: 'grant', record: begun },
    ],
  }
}

// What the caller must know or hold besides the code itself. A code that was sent to somebody else's client, or stolen on
// its way through the browser, fails here and stays as it was (RFC 9700 §4.5).
function mismatchOf(record: AuthorizationCode, event: RedeemEvent): Refusal | undefined {
  if (record.clientId !== event.clientId) return { reason: 'code_foreign', clientId: event.clientId }
  // RFC 9700 §4.8.2: a verifier for a code that was asked for without a challenge is a downgrade.
  if (record.codeChallenge === '')
    return { reason: 'malformed_request', detail: 'value', parameter: 'code_verifier' }
  if (!sameText(record.codeChallenge, event.challenge))
    return { reason: 'code_mismatch', what: 'code_verifier' }
  if (event.redirectUri !== undefined && event.redirectUri !== record.redirectUri)
    return { reason: 'code_mismatch', what: 'redirect_uri' }
  if (record.jkt !== null && record.jkt !== event.jkt) return { reason: 'dpop_key_mismatch' }
  return undefined
}

// Constant in time for texts of one length (AC-02).
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}

function refused(refusal: Refusal, writes: readonly Write[] = []): Redeemed {
  return { outcome: 'refused', refusal, writes }
}
