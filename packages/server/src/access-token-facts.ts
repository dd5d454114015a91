// What an access token says, as text: sealed in an opaque one, and remembered of each that was made or read lately.
// How tokens travel is tokens.ts.

import type { AccessToken, Actor, MayAct } from '@countersign/protocol'
import type { Memory } from './memory.ts'

/** An access token of this server's. Its facts stay text: as an object they hold on to the whole request that they came from. */
export interface KnownToken {
  readonly facts: string
  /** The key that signed it, and longer than which it does not count; undefined for a sealed one. */
  readonly kid: string | undefined
}

/**
 * Access tokens that were made or read here lately, by the digest of the token. Apart, so that the many that cost little to open do
 * not push out those whose signature costs ten times as much to check.
 */
export interface KnownTokens {
  readonly sealed: Memory<KnownToken>
  readonly signed: Memory<KnownToken>
}

type Facts = [
  jti: string,
  grantId: string | null,
  clientId: string,
  accountId: string | null,
  scope: string,
  audience: string,
  issuedAt: number,
  expiresAt: number,
  authTime: number | null,
  amr: string,
  jkt: string | null,
  act: Actor | null,
  subjectClientId?: string | null,
  mayAct?: MayAct | null,
]

export function writeFacts(token: AccessToken): string {
  const facts: Facts = [
    token.jti,
    token.grantId,
    token.clientId,
    token.accountId,
    token.scopes.join(' '),
    token.audience,
    token.issuedAt,
    token.expiresAt,
    token.authTime,
    token.amr.join(' '),
    token.jkt,
    token.act,
    ...(token.subjectClientId === undefined && token.mayAct === undefined
      ? ([] as const)
      : ([token.subjectClientId ?? null, token.mayAct ?? null] as const)),
  ]
  return JSON.stringify(facts)
}

/** The text must be of `writeFacts`. */
export function readFacts(text: string): AccessToken {
  const [
    jti,
    grantId,
    clientId,
    accountId,
    scope,
    audience,
    issuedAt,
    expiresAt,
    authTime,
    amr,
    jkt,
    act,
    subjectClientId,
    mayAct,
  ] = JSON.parse(text) as Facts
  return {
    jti,
    grantId,
    clientId,
    accountId,
    scopes: splitNames(scope),
    audience,
    issuedAt,
    expiresAt,
    authTime,
    amr: splitNames(amr),
    jkt,
    act,
    ...seldomFacts(subjectClientId, mayAct),
  }
}

/** As fields that are absent where there is nothing to say. */
export function seldomFacts(
  subjectClientId: unknown,
  mayAct: unknown,
): Pick<AccessToken, 'subjectClientId' | 'mayAct'> {
  return {
    ...(typeof subjectClientId === 'string' ? { subjectClientId } : {}),
    ...(typeof mayAct === 'object' && mayAct !== null ? { mayAct: mayAct as MayAct } : {}),
  }
}

/** The parts of a space-separated list (RFC 6749 §3.3), as this server writes it. */
export const splitNames = (names: string): readonly string[] => (names === '' ? [] : names.split(' '))
