// The claims of an assertion that is presented as a grant (RFC 7523 §3), plain or as an identity assertion authorization grant
// (ID-JAG, draft-ietf-oauth-identity-assertion-authz-grant §3.1 and §4.4): whether they hold, and what they may grant.
// The signature was checked before, by the server's trusted-issuers.ts; whom the subject is, is its business too.

import { isAuthenticationMethod } from './authentication.ts'
import type { Client } from './records.ts'
import type { Refusal } from './refusal.ts'
import { chooseScopes } from './scope.ts'

export const jwtBearerGrantType = 'urn:ietf:params:oauth:grant-type:jwt-bearer'

/** Longer ahead than this no assertion may end: each is remembered until then (RFC 7523 §3 (4)). */
export const longestAssertionSeconds = 3600

export interface AssertionEvent {
  readonly kind: 'id-jag' | 'jwt'
  /** In lower case, without `application/`. */
  readonly typ: string | undefined
  readonly claims: Readonly<Record<string, unknown>>
  readonly client: Client
  /** This server, as its metadata names it. */
  readonly issuer: string
  readonly tokenEndpoint: string
  /** The key that the request proved. */
  readonly jkt: string | null
  readonly now: number
  /** How far clocks may differ. */
  readonly skew: number
}

export interface Assertion {
  readonly subject: string
  readonly tenant: string | null
  readonly email: string | null
  readonly jti: string | null
  readonly expiresAt: number
  /** Null where the assertion does not say, which limits nothing. */
  readonly scopes: readonly string[] | null
  readonly resources: readonly string[] | null
  readonly authTime: number
  readonly amr: readonly string[]
}

export function judgeAssertion(event: AssertionEvent): Assertion | Refusal {
  const { claims, kind, now } = event
  const why =
    kindFault(event) ??
    (isForUs(event) ? undefined : 'aud') ??
    timeFault(event) ??
    (kind === 'id-jag' ? idJagFault(event) : undefined)
  if (why !== undefined) return invalid(why)
  // RFC 7523 has no such claim; an issuer that says for whom it made the assertion is believed all the same.
  if (claims.client_id !== undefined && claims.client_id !== event.client.id) return invalid('client_id')
  const key = keyOf(claims.cnf)
  if (key === undefined) return invalid('cnf')
  if (key !== null && key !== event.jkt) return { reason: 'dpop_key_mismatch' }
  const scopes = claims.scope === undefined ? null : scopesIn(claims.scope)
  const resources = claims.resource === undefined ? null : textsOf(claims.resource)
  const { sub, tenant = null, jti = null } = claims
  if (typeof sub !== 'string' || sub === '') return invalid('sub')
  if (tenant !== null && typeof tenant !== 'string') return invalid('tenant')
  if (jti !== null && (typeof jti !== 'string' || jti === '')) return invalid('jti')
  if (scopes === undefined) return invalid('scope')
  if (resources === undefined || resources?.length === 0) return invalid('resource')
  return {
    subject: sub,
    tenant,
    email: emailIn(claims),
    jti,
    expiresAt: Math.ceil(Number(claims.exp)),
    scopes,
    resources,
    authTime: Math.floor(Number(isDate(claims.auth_time) ? claims.auth_time : (claims.iat ?? now))),
    amr: (textsOf(claims.amr ?? []) ?? []).filter(isAuthenticationMethod).slice(0, 10),
  }
}

const invalid = (why: string): Refusal => ({ reason: 'assertion_invalid', why })

// RFC 8725 §3.11: a JWT that was made for something else is not taken for a grant.
function kindFault({ kind, typ }: AssertionEvent): string | undefined {
  const fits = kind === 'id-jag' ? typ === 'oauth-id-jag+jwt' : typ === undefined || typ === 'jwt'
  return fits ? undefined : 'typ'
}

function timeFault({ claims: { exp, nbf, iat }, now, skew }: AssertionEvent): string | undefined {
  if (!isDate(exp) || exp <= now - skew) return 'exp'
  if (exp > now + longestAssertionSeconds + skew) return 'exp_too_far'
  if (nbf !== undefined && !(isDate(nbf) && nbf <= now + skew)) return 'nbf'
  if (iat !== undefined && !(isDate(iat) && iat <= now + skew)) return 'iat'
  return undefined
}

function isDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

// Everything that a plain assertion may leave out (IDJAG-04 §3.1).
function idJagFault({ claims, client }: AssertionEvent): string | undefined {
  if (claims.client_id !== client.id) return 'client_id'
  if (typeof claims.jti !== 'string' || claims.jti === '') return 'jti'
  return claims.iat === undefined ? 'iat' : undefined
}

/**
 * Whether the assertion was made for this server. Of an ID-JAG the one audience is the issuer; a plain one may name the token
 * endpoint too (standards.md X-09), and others beside it.
 */
function isForUs({ kind, claims, issuer, tokenEndpoint }: AssertionEvent): boolean {
  const audiences = textsOf(claims.aud) ?? []
  if (kind === 'id-jag') return audiences.length === 1 && audiences[0] === issuer
  return audiences.includes(issuer) || audiences.includes(tokenEndpoint)
}

function textsOf(value: unknown): readonly string[] | undefined {
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  return values.every((one) => typeof one === 'string') ? values : undefined
}

function scopesIn(value: unknown): readonly string[] | undefined {
  if (value === '') return []
  return typeof value === 'string' ? chooseScopes(value, value.split(' ')) : undefined
}

/** Null without `cnf`; undefined for a confirmation that nobody here could check. */
function keyOf(cnf: unknown): string | null | undefined {
  if (cnf === undefined) return null
  if (typeof cnf !== 'object' || cnf === null || Object.keys(cnf).join() !== 'jkt') return undefined
  return 'jkt' in cnf && typeof cnf.jkt === 'string' ? cnf.jkt : undefined
}

// An address that its issuer says was not verified belongs to nobody.
function emailIn({ email, email_verified: verified }: AssertionEvent['claims']): string | null {
  return typeof email === 'string' && verified !== false && verified !== 'false' ? email : null
}

export interface ScopeEvent {
  readonly requested: string | undefined
  readonly assertion: readonly string[] | null
  /** What client and resource may have, and what the issuer may grant at most; empty for no such limit. */
  readonly policy: readonly string[]
  readonly issuer: readonly string[]
}

/**
 * The intersection of request, assertion and policy (IDJAG-04 §4.4.1, standards.md X-12). No sign-in of this client is behind
 * it, so there is no ID token and no refresh token. Undefined means `invalid_scope`: malformed, or nothing is left.
 */
export function assertedScopes(event: ScopeEvent): readonly string[] | undefined {
  const { requested, assertion, policy, issuer } = event
  const wanted = requested === undefined ? (assertion ?? policy) : scopesIn(requested)
  const granted = wanted?.filter(
    (scope) =>
      (assertion ?? policy).includes(scope) &&
      policy.includes(scope) &&
      (issuer.length === 0 || issuer.includes(scope)) &&
      scope !== 'openid' &&
      scope !== 'offline_access',
  )
  const asked = requested !== undefined || (assertion?.length ?? 0) > 0
  return asked && granted?.length === 0 ? undefined : granted
}
