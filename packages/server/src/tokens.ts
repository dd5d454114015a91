// Tokens as they travel: access tokens signed (RFC 9068) or sealed, refresh tokens under a keyed hash, ID tokens signed.
// None is stored. What they say and whether they count is protocol/access-token.ts and protocol/refresh-token.ts.
// Prefixes (`cst_`, `csr_`, `csd_`) let secret scanners and our own endpoints tell them apart without a guess.

import {
  type AccessToken,
  type Account,
  type Actor,
  accessToken as accessTokenRules,
  acrOf,
  type Client,
  type Grant,
  type JsonObject,
} from '@countersign/protocol'
import { type KnownToken, readFacts, seldomFacts, splitNames, writeFacts } from './access-token-facts.ts'
import { readCompactJwt } from './compact-jwt.ts'
import type { Keys, SignedJwt } from './keys.ts'
import type { Secrets } from './secrets.ts'
import { digest, sameSecret } from './secrets.ts'
import type { Services } from './services.ts'
import type { System } from './system.ts'

export const deviceCodePrefix = 'csd_'
const accessTokenPrefix = 'cst_'
export const refreshTokenPrefix = 'csr_'

const accessTokenHeader = { typ: 'at+jwt' }
const idTokenHeader = { typ: 'JWT' }

/**
 * The moment as nine characters that sort by time. Device codes and grants begin with it, so that the rows of one commit
 * stand side by side in the store's index instead of each on a page of its own.
 */
export function timePrefix(system: System): string {
  const millisecond = Math.floor(system.clock() * 1000)
  if (millisecond !== lastPrefix.millisecond) {
    lastPrefix = { millisecond, text: millisecond.toString(36).padStart(timeLength, '0') }
  }
  return lastPrefix.text
}

const timeLength = 9

// A busy server asks many times in a millisecond.
let lastPrefix = { millisecond: -1, text: '' }

/** The id of a grant that is about to be made. */
export function newGrantId(system: System): string {
  return timePrefix(system) + system.random(16).toString('base64url')
}

/** 256 random bits, behind the moment. */
export function newCode(system: System, prefix: string): string {
  return prefix + timePrefix(system) + system.random(32).toString('base64url')
}

/** The id of the record behind a code: when it was made, and the SHA-256 of the whole (standards.md DA-17). */
export function codeId(code: string, prefix: string): string {
  return code.slice(prefix.length, prefix.length + timeLength) + digest(code)
}

export function newDeviceCode(system: System): string {
  return newCode(system, deviceCodePrefix)
}

export function deviceCodeId(deviceCode: string): string {
  return codeId(deviceCode, deviceCodePrefix)
}

export function encodeAccessToken(
  services: Services,
  token: AccessToken,
  { accessTokenFormat, accessTokenAlg }: Pick<Client, 'accessTokenFormat' | 'accessTokenAlg'>,
): string {
  const facts = writeFacts(token)
  const { text, kid } =
    accessTokenFormat === 'jwt'
      ? signAccessToken(services, token, accessTokenAlg)
      : { text: accessTokenPrefix + services.secrets.seal('access token', facts), kid: undefined }
  // A resource server asks about it, most often the server that made it.
  remember(services, digest(text), { facts, kid })
  return text
}

function signAccessToken(
  { keys, config }: Services,
  token: AccessToken,
  alg: Client['accessTokenAlg'],
): SignedJwt {
  return keys.sign(alg, accessTokenHeader, {
    iss: config.issuer,
    sub: accessTokenRules.subjectOf(token),
    sub_kind: accessTokenRules.subjectKindOf(token),
    aud: token.audience,
    client_id: token.clientId,
    scope: token.scopes.join(' ') || undefined,
    iat: token.issuedAt,
    exp: token.expiresAt,
    ...authenticationClaims(token),
    jti: token.jti,
    // Which sign-in it belongs to, so that its end is one look-up away.
    grant_id: token.grantId ?? undefined,
    cnf: token.jkt === null ? undefined : { jkt: token.jkt },
    act: token.act ?? undefined,
    may_act: token.mayAct,
  })
}

/** How the person signed in, where there is one (RFC 9068 §2.2.1, OIDC Core §2). */
function authenticationClaims({ authTime, amr }: { authTime: number | null; amr: readonly string[] }) {
  return authTime === null ? {} : { auth_time: authTime, acr: acrOf(amr), amr }
}

/**
 * The facts of an access token that this server made, or undefined; whether it still counts is `accessToken.counts`.
 * A resource server asks about one token again and again, and opening it, or checking its signature, is a good part of the answer.
 */
export function decodeAccessToken(services: Services, token: string): AccessToken | undefined {
  if (token.length > 8192) return undefined
  const key = digest(token)
  const isSealed = token.startsWith(accessTokenPrefix)
  const known = (isSealed ? services.knownTokens.sealed : services.knownTokens.signed).get(key)
  if (known !== undefined && (known.kid === undefined || services.keys.has(known.kid)))
    return readFacts(known.facts)
  const read = isSealed ? openAccessToken(services, token) : verifyAccessToken(services, token)
  if (read === undefined) return undefined
  remember(services, key, read)
  return readFacts(read.facts)
}

// A client with hundreds of scopes must not make this the largest thing in the process.
function remember({ knownTokens }: Services, key: string, token: KnownToken): void {
  if (token.facts.length > mostKnownLength) return
  const memory = token.kid === undefined ? knownTokens.sealed : knownTokens.signed
  memory.set(key, token)
}

const mostKnownLength = 1000

function openAccessToken({ secrets }: Services, token: string): KnownToken | undefined {
  const facts = secrets.unseal('access token', token.slice(accessTokenPrefix.length))
  return facts === undefined ? undefined : { facts, kid: undefined }
}

function verifyAccessToken({ keys, config }: Services, token: string): KnownToken | undefined {
  const jwt = readOwnJwt(keys, accessTokenHeader.typ, config.issuer, token)
  if (jwt === undefined) return undefined
  const { kid, claims } = jwt
  const grantId = typeof claims.grant_id === 'string' ? claims.grant_id : null
  const ofPerson = typeof claims.auth_time === 'number'
  const facts = writeFacts({
    jti: String(claims.jti),
    grantId,
    clientId: String(claims.client_id),
    accountId: ofPerson ? String(claims.sub) : null,
    scopes: splitNames(typeof claims.scope === 'string' ? claims.scope : ''),
    audience: String(claims.aud),
    issuedAt: Number(claims.iat),
    expiresAt: Number(claims.exp),
    authTime: ofPerson ? Number(claims.auth_time) : null,
    amr: Array.isArray(claims.amr) ? claims.amr.map(String) : [],
    jkt: jktOf(claims.cnf),
    act: (claims.act as Actor | undefined) ?? null,
    ...seldomFacts(ofPerson || claims.sub === claims.client_id ? undefined : claims.sub, claims.may_act),
  })
  return { facts, kid }
}

// Only what this server signed comes through, so the claims need no second proof of shape; what must be told apart is the kind of
// JWT (RFC 8725 §3.11): the same keys sign them all.
function readOwnJwt(
  keys: Keys,
  typ: string,
  issuer: string,
  token: string,
): { readonly kid: string; readonly claims: JsonObject } | undefined {
  const jwt = readCompactJwt(token)
  // To the letter: this server writes it in one way.
  if (jwt === undefined || jwt.header.typ !== typ || jwt.kid === undefined) return undefined
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  if (!keys.verify(jwt.kid, jwt.alg, token.slice(0, end), signature)) return undefined
  return jwt.claims.iss === issuer ? { kid: jwt.kid, claims: jwt.claims } : undefined
}

function jktOf(cnf: unknown): string | null {
  return typeof cnf === 'object' && cnf !== null && 'jkt' in cnf ? String(cnf.jkt) : null
}

export interface RefreshTokenFacts {
  readonly grantId: string
  readonly generation: number
}

/** The first refresh token of a grant. Its 128 random bits are known to nobody else, the holder of the master key included. */
export function firstRefreshToken(services: Services, grantId: string): string {
  return refreshTokenWith(
    services.secrets,
    { grantId, generation: 1 },
    services.system.random(16).toString('base64url'),
  )
}

/**
 * The refresh token that follows one: always the same, so that a repeated request gets it again without its being kept (RT-04).
 * Who does not hold the one before can make it no more than the first.
 */
export function nextRefreshToken(
  { secrets }: Pick<Services, 'secrets'>,
  presented: string,
  { grantId, generation }: RefreshTokenFacts,
): string {
  const secret = digest(`successor ${presented}`).slice(0, 22)
  return refreshTokenWith(secrets, { grantId, generation: generation + 1 }, secret)
}

function refreshTokenWith(
  secrets: Secrets,
  { grantId, generation }: RefreshTokenFacts,
  secret: string,
): string {
  const said = `${grantId}.${generation}.${secret}`
  return `${refreshTokenPrefix}${said}.${secrets.mac('refresh token', said)}`
}

/** The facts of a refresh token that this server made, however old, or undefined. */
export function decodeRefreshToken(
  services: Pick<Services, 'secrets'>,
  token: string,
): ReadRefreshToken | undefined {
  const read = readRefreshToken(token)
  return read !== undefined && isOwnRefreshToken(services, token) ? read : undefined
}

export interface ReadRefreshToken extends RefreshTokenFacts {
  readonly hash: string
}

/** What a refresh token says. It may be made up: ask `isOwnRefreshToken`, unless its digest is known. */
export function readRefreshToken(token: string): ReadRefreshToken | undefined {
  if (token.length > 1024) return undefined
  const [, grantId, generation] =
    /^csr_([A-Za-z0-9_-]+)\.(\d{1,15})\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}$/.exec(token) ?? []
  return grantId === undefined ? undefined : { grantId, generation: Number(generation), hash: digest(token) }
}

/** Whether this server made a refresh token, however long ago. */
export function isOwnRefreshToken({ secrets }: Pick<Services, 'secrets'>, token: string): boolean {
  const end = token.lastIndexOf('.')
  const said = token.slice(refreshTokenPrefix.length, end)
  return sameSecret(token.slice(end + 1), secrets.mac('refresh token', said))
}

/** OIDC Core §2; claims of scopes come from UserInfo, so that the token stays small (ID-07). */
export function encodeIdToken(
  services: Services,
  grant: Grant,
  account: Account,
  client: Client,
  { now, claims = {} }: { readonly now: number; readonly claims?: object | undefined },
): string {
  const signed = services.keys.sign(client.idTokenAlg, idTokenHeader, {
    iss: services.config.issuer,
    sub: account.id,
    aud: client.id,
    iat: now,
    exp: now + client.accessTokenSeconds,
    nonce: grant.nonce ?? undefined,
    ...authenticationClaims(grant),
    ...claims,
  })
  return signed.text
}

/** Whom an ID token that this server made names, and for which client; however old it is (OIDC RP-Initiated Logout §2). */
export function decodeIdToken(
  { keys, config }: Services,
  text: string,
): { readonly accountId: string; readonly clientId: string } | undefined {
  if (text.length > 8192) return undefined
  const jwt = readOwnJwt(keys, idTokenHeader.typ, config.issuer, text)
  return jwt && { accountId: String(jwt.claims.sub), clientId: String(jwt.claims.aud) }
}
