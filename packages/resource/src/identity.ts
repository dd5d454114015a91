// Who a valid token stands for, read from its claims or from an introspection answer, which use the same names
// (RFC 9068 §2.2, RFC 7662 §2.2). Not here: whether to believe them (jwt-token.ts, introspection.ts).

import { isJsonObject, isNumericDate } from '@countersign/protocol'

export type Claims = Readonly<Record<string, unknown>>

export type Actor = { readonly sub: string; readonly act?: Actor }

export type Identity = {
  /** `client` where a program got the token for itself and no person is behind it (RFC 9700 §4.15). */
  readonly kind: 'user' | 'client'
  /** Issuer and subject together name somebody; an e-mail address or a name never does. */
  readonly issuer: string
  readonly subject: string
  readonly clientId: string
  /** What the token allows here, with what those scopes imply. */
  readonly scopes: readonly string[]
  readonly audience: readonly string[]
  readonly expiresAt: number
  readonly tokenId: string | undefined
  readonly acr: string | undefined
  readonly amr: readonly string[]
  readonly authTime: number | undefined
  /** Who acts for the subject, the outermost first (RFC 8693 §4.1). */
  readonly actor: Actor | undefined
  /** The thumbprint of the key that the token is bound to; its proof was checked. */
  readonly keyThumbprint: string | undefined
  /** Everything else that was said, `authorization_details` for example. */
  readonly claims: Claims
}

export type IdentityOptions = {
  readonly implies: Readonly<Record<string, readonly string[]>>
  readonly isClient: (claims: Claims) => boolean
}

/** The name of the first claim that is missing or is not what it has to be, or the identity. */
export function readIdentity(claims: Claims, issuer: string, options: IdentityOptions): Identity | string {
  const { sub, client_id: clientId, exp, scope } = claims
  if (!isText(sub)) return 'sub'
  if (!isText(clientId)) return 'client_id'
  if (!isNumericDate(exp)) return 'exp'
  if (scope !== undefined && typeof scope !== 'string') return 'scope'
  const jkt = boundKey(claims)
  if (jkt === false) return 'cnf'
  return {
    kind: options.isClient(claims) ? 'client' : 'user',
    issuer,
    subject: sub,
    clientId,
    scopes: withImplied((scope ?? '').split(' ').filter(Boolean), options.implies),
    audience: audienceOf(claims),
    expiresAt: exp,
    tokenId: isText(claims.jti) ? claims.jti : undefined,
    acr: isText(claims.acr) ? claims.acr : undefined,
    amr: Array.isArray(claims.amr) ? claims.amr.filter(isText) : [],
    authTime: isNumericDate(claims.auth_time) ? claims.auth_time : undefined,
    actor: actorOf(claims.act),
    keyThumbprint: jkt,
    claims,
  }
}

/** RFC 7519 §4.1.3: one, or several. */
export function audienceOf({ aud }: Claims): readonly string[] {
  if (typeof aud === 'string') return [aud]
  return Array.isArray(aud) && aud.every((one) => typeof one === 'string') ? aud : []
}

/**
 * RFC 9068 §2.2 and RFC 9700 §4.15.1: where no person is behind a token, its subject is the client. Exchanged by another client
 * (RFC 8693) it keeps that subject beside the other's `client_id`, and a Countersign server says so.
 */
export function isOwnToken({ sub, client_id: clientId, sub_kind: kind }: Claims): boolean {
  return sub === clientId || kind === 'client'
}

/** RFC 7800 §3.1: undefined when bound to nothing, false when bound by something that is not understood here. */
function boundKey({ cnf }: Claims): string | undefined | false {
  if (cnf === undefined) return undefined
  if (!isJsonObject(cnf)) return false
  const { jkt, ...others } = cnf
  // A certificate that we cannot see the handshake of must not turn into no binding at all.
  return isText(jkt) && Object.keys(others).length === 0 ? jkt : false
}

function withImplied(scopes: readonly string[], implies: IdentityOptions['implies']): readonly string[] {
  const all = new Set(scopes)
  // A set yields what is added while it is walked.
  for (const scope of all) for (const implied of implies[scope] ?? []) all.add(implied)
  return [...all]
}

function actorOf(act: unknown, depth = 0): Actor | undefined {
  if (!isJsonObject(act) || !isText(act.sub) || depth > 8) return undefined
  const further = actorOf(act.act, depth + 1)
  return { sub: act.sub, ...(further === undefined ? {} : { act: further }) }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
