// What a person has agreed to: which consent a request is about, what of it is still to be asked, giving and withdrawing it.
// One consent for each account, client, redirect target and resources (standards.md UI-17); its id is the digest of `identity`.
// The page that asks is the server's pages/consent.ts; what a client may have at all is scope.ts and resource.ts.

import { cancel } from './device-authorization.ts'
import { revoke } from './grant.ts'
import type { AuthorizationCode, Client, Consent, DeviceAuthorization, Grant, Write } from './records.ts'

/** What a consent is about. */
export type About = Pick<Consent, 'accountId' | 'clientId' | 'redirectTarget' | 'resources'>

/** One text for each consent there can be, whatever the order of the resources. */
export function identity({ accountId, clientId, redirectTarget: target, resources }: About): string {
  return JSON.stringify([accountId, clientId, target, [...new Set(resources)].toSorted()])
}

const loopbackOrigin = /^(https?:\/\/(?:127(?:\.\d{1,3}){3}|\[::1\]|localhost))(?::\d*)?(?=[/?#]|$)/i

/** The redirect URI as a consent remembers it: the port of a loopback address is another at each sign-in (RFC 8252 §7.3). */
export function redirectTarget(redirectUri: string): string {
  return redirectUri.replace(loopbackOrigin, '$1')
}

/**
 * Where an answer goes, as a page has to show it: to a host that somebody owns, to whatever program listens on this
 * computer, or to whatever program has taken the scheme (RFC 8252 §8.1, §8.4).
 */
export type Reach =
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'loopback'; readonly host: string }
  | { readonly kind: 'scheme'; readonly scheme: string }

export function reachOf(redirectUri: string): Reach {
  const scheme = redirectUri.slice(0, Math.max(0, redirectUri.indexOf(':'))).toLowerCase()
  if (scheme !== 'https' && scheme !== 'http') return { kind: 'scheme', scheme }
  const authority = redirectUri.slice(scheme.length + 3).split(/[/?#\\]/, 1)[0] ?? ''
  // Redirect URIs with user information are refused at registration; here it must at least not pose as the host.
  const host = authority.slice(authority.lastIndexOf('@') + 1).toLowerCase()
  return loopbackOrigin.test(redirectUri) ? { kind: 'loopback', host } : { kind: 'host', host }
}

/** The text whose digest a consent keeps: other keys mean that somebody else may hold the client now. */
export function clientKeys({ jwks, jwksUri }: Pick<Client, 'jwks' | 'jwksUri'>): string {
  return JSON.stringify([jwksUri, jwks?.keys.map((key) => JSON.stringify(key)).toSorted() ?? null])
}

/**
 * Whether something assures that the client is who it says (RFC 8252 §8.6, standards.md AZ-18, X-33): a credential of its own, or
 * a redirect to a host that is its own. One that registered itself chose its name and hosts freely; that counts
 * for nothing until an administrator has verified the publisher. Only such a client's consent is remembered.
 */
export function mayRemember(
  { source, authMethods, publisher }: Pick<Client, 'source' | 'authMethods' | 'publisher'>,
  redirectUri: string,
): boolean {
  const isPublic = authMethods.length === 0 || authMethods.includes('none')
  if (source === 'metadata_document') return !isPublic
  if (source === 'registration' && publisher === null) return false
  return !isPublic || reachOf(redirectUri).kind === 'host'
}

export interface Wanted {
  readonly client: Pick<Client, 'source' | 'authMethods' | 'publisher' | 'skipsConsent'>
  /** The digest of `clientKeys`. */
  readonly keysHash: string
  readonly redirectUri: string
  readonly scopes: readonly string[]
  /** `prompt=consent` (OIDC Core §3.1.2.1). */
  readonly askAgain: boolean
}

/** What to ask: scopes to decide about, and those that were agreed to before and are only shown. */
export interface Question {
  readonly scopes: readonly string[]
  readonly agreed: readonly string[]
}

/** Undefined when there is nothing to ask. */
export function question(consent: Consent | undefined, wanted: Wanted): Question | undefined {
  const { client, redirectUri, scopes, askAgain, keysHash } = wanted
  if (askAgain || !mayRemember(client, redirectUri)) return { scopes, agreed: [] }
  if (client.skipsConsent) return undefined
  const missing = missingScopes(consent, scopes, keysHash)
  if (consent !== undefined && consent.clientKeys === keysHash && missing.length === 0) return undefined
  return { scopes: missing, agreed: scopes.filter((scope) => !missing.includes(scope)) }
}

/** Those of the wanted scopes that were not agreed to, or not while the client had these keys. */
export function missingScopes(
  consent: Consent | undefined,
  wanted: readonly string[],
  keysHash: string,
): readonly string[] {
  const agreed = consent?.clientKeys === keysHash ? consent.scopes : []
  return wanted.filter((scope) => !agreed.includes(scope))
}

export interface GiveEvent {
  readonly about: About
  readonly keysHash: string
  /** All scopes of the request, and those of them that the person agrees to, now or before. */
  readonly wanted: readonly string[]
  readonly given: readonly string[]
  readonly now: number
}

/** Adds what is agreed to, and takes out what the request wanted and the person left out. */
export function give(
  consent: Consent | undefined,
  { about, keysHash, wanted, given, now }: GiveEvent,
  fresh: { readonly consentId: string },
): readonly Write[] {
  const before = consent?.clientKeys === keysHash ? consent.scopes : []
  const kept = before.filter((scope) => !wanted.includes(scope))
  const scopes = [...new Set([...kept, ...given.filter((scope) => wanted.includes(scope))])]
  const said = { scopes, clientKeys: keysHash, updatedAt: now }
  if (consent !== undefined) return [{ op: 'update', kind: 'consent', record: { ...consent, ...said } }]
  const { accountId, clientId, redirectTarget: target, resources } = about
  const whatFor = { accountId, clientId, redirectTarget: target, resources }
  return [
    {
      op: 'insert',
      kind: 'consent',
      record: { id: fresh.consentId, version: 0, ...whatFor, ...said, createdAt: now },
    },
  ]
}

/**
 * What was agreed to is taken back: the consents go, and with them every grant of the client and whatever waits to become one, a
 * code or an approved device (ASVS 10.7.3). The caller brings those of one account and one client.
 */
export function withdraw(
  held: {
    readonly consents: readonly Consent[]
    readonly grants: readonly Grant[]
    readonly codes: readonly AuthorizationCode[]
    readonly devices: readonly DeviceAuthorization[]
  },
  why: 'person' | 'admin',
  now: number,
): readonly Write[] {
  return [
    ...held.consents.map((record) => ({ op: 'delete', kind: 'consent', record }) as const),
    ...held.grants.flatMap((grant) => revoke(grant, why, now)),
    ...held.codes
      .filter(({ status }) => status === 'issued')
      .map((record) => ({ op: 'delete', kind: 'authorizationCode', record }) as const),
    ...held.devices.flatMap((record) => cancel(record, { clientId: record.clientId, now }).writes),
  ]
}
