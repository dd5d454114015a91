// Signing in at an OpenID provider (OIDC Core §3.1): discovery, code with PKCE, `nonce`, `iss`, and an ID token whose signature
// is checked. The protocol is openid-client's; here is what we ask of it, and what its answers mean.

import { isAuthenticationMethod } from '@countersign/protocol'
import { isLoopbackHost } from '../../fetch-guard.ts'
import { digest } from '../../secrets.ts'
import {
  addressIn,
  faultOf,
  type Leaving,
  type Returning,
  textIn,
  type Upstream,
  UpstreamFailure,
  type UpstreamPerson,
  type UpstreamSettings,
} from './provider.ts'
import type { UpstreamFetch } from './upstream-fetch.ts'

type Library = typeof import('openid-client')
type Configuration = import('openid-client').Configuration
type Tokens = Awaited<ReturnType<Library['authorizationCodeGrant']>>
type Claims = Readonly<Record<string, unknown>>

export interface OidcParts {
  readonly settings: UpstreamSettings
  readonly issuer: string
  readonly fetch: UpstreamFetch
  readonly now: () => number
}

/** Loaded at the first sign-in there: a server without providers needs none of it. */
const library = (): Promise<Library> => import('openid-client')

export function createOidcProvider(parts: OidcParts): Upstream {
  const configuration = createConfiguration(parts)
  const { settings, issuer } = parts
  return {
    settings,
    namespace: issuer,
    async begin(leaving) {
      return authorizationUrl(await configuration(), authorizationParameters(settings, leaving))
    },
    async finish(returning) {
      const config = await configuration()
      const tokens = await exchange(config, returning, { nonce: returning.nonce })
      const claims = tokens.claims() ?? {}
      return personFrom(claims, await furtherClaims(settings, config, tokens, claims))
    },
  }
}

export function authorizationParameters(
  { scopes }: UpstreamSettings,
  { redirectUri, state, nonce, codeVerifier, fresh }: Leaving,
): Record<string, string> {
  return {
    redirect_uri: redirectUri,
    scope: (scopes ?? ['openid', 'profile', 'email']).join(' '),
    state,
    nonce,
    code_challenge: digest(codeVerifier),
    code_challenge_method: 'S256',
    ...(fresh ? { prompt: 'login' } : {}),
  }
}

/** Where the metadata say that people sign in; a `javascript:` there would be ours to run, and plain http anybody's to read. */
export async function authorizationUrl(
  config: Configuration,
  parameters: Readonly<Record<string, string>>,
): Promise<URL> {
  const { buildAuthorizationUrl } = await library()
  const url = await failing(async () => buildAuthorizationUrl(config, parameters))
  const mayBePlain = config.serverMetadata().issuer.startsWith('http:') && isLoopbackHost(url.hostname)
  if (url.protocol === 'https:' || (url.protocol === 'http:' && mayBePlain)) return url
  throw new UpstreamFailure('untrusted', `people cannot be sent to ${url.protocol}`)
}

/** The code for tokens; whatever goes wrong is a failure with a name. Without a nonce no ID token is expected. */
export async function exchange(
  config: Configuration,
  { callback, state, codeVerifier }: Returning,
  { nonce }: { readonly nonce?: string },
): Promise<Tokens> {
  const { authorizationCodeGrant } = await library()
  return failing(() =>
    authorizationCodeGrant(config, callback, {
      expectedState: state,
      pkceCodeVerifier: codeVerifier,
      ...(nonce === undefined ? {} : { expectedNonce: nonce, idTokenExpected: true }),
    }),
  )
}

const discoverySeconds = 3600

/** The provider's metadata, asked for when first needed and again every hour; one question for all who wait. */
export function createConfiguration({ settings, issuer, fetch, now }: OidcParts) {
  let known: { readonly config: Promise<Configuration>; readonly until: number } | undefined
  return (): Promise<Configuration> => {
    if (known !== undefined && now() < known.until) return known.config
    const config = discover(settings, issuer, fetch)
    const mine = { config, until: now() + discoverySeconds }
    known = mine
    // A failure is not kept: the next person asks again.
    config.catch(() => {
      if (known === mine) known = undefined
    })
    return config
  }
}

async function discover(
  { clientId, clientSecret }: UpstreamSettings,
  issuer: string,
  fetch: UpstreamFetch,
): Promise<Configuration> {
  const client = await library()
  const isPlain = issuer.startsWith('http:')
  const config = await failing(() =>
    client.discovery(new URL(issuer), clientId, undefined, client.None(), {
      [client.customFetch]: (url, options) => fetch(url, options),
      execute: isPlain ? [client.allowInsecureRequests] : [],
    }),
  )
  const metadata = config.serverMetadata()
  // OIDC Core §3.1.3.7 lets a client trust the connection in place of the signature; we look at both.
  const authentication = clientSecret === undefined ? client.None() : byMethod(client, metadata, clientSecret)
  const settled = new client.Configuration(metadata, clientId, undefined, authentication)
  settled[client.customFetch] = (url, options) => fetch(url, options)
  if (isPlain) client.allowInsecureRequests(settled)
  client.enableNonRepudiationChecks(settled)
  return settled
}

// RFC 8414 §2: where nothing is said, client_secret_basic.
function byMethod(
  client: Library,
  { token_endpoint_auth_methods_supported: methods }: { token_endpoint_auth_methods_supported?: unknown },
  secret: string,
) {
  const offered: readonly unknown[] = Array.isArray(methods) ? methods : ['client_secret_basic']
  return offered.includes('client_secret_basic')
    ? client.ClientSecretBasic(secret)
    : client.ClientSecretPost(secret)
}

// Many providers say who somebody is in the ID token, and the rest only at the userinfo endpoint (OIDC Core §5.4).
async function furtherClaims(
  { adminClaim }: UpstreamSettings,
  config: Configuration,
  tokens: Tokens,
  claims: Claims,
): Promise<Claims> {
  const wanted = ['email', 'name', ...(adminClaim === undefined ? [] : [adminClaim.claim])]
  const isWhole = wanted.every((claim) => claim in claims)
  if (isWhole || config.serverMetadata().userinfo_endpoint === undefined) return {}
  const { fetchUserInfo } = await library()
  return failing(() => fetchUserInfo(config, tokens.access_token, String(claims.sub)))
}

function personFrom(told: Claims, further: Claims): UpstreamPerson {
  const claims = { ...further, ...told }
  const subject = String(claims.sub)
  // OIDC Core §2: "It MUST NOT exceed 255 ASCII characters". What is longer would be kept, shown and carried in cookies.
  if (!/^[\x20-\x7e]{1,255}$/.test(subject))
    throw new UpstreamFailure('untrusted', 'the ID token names nobody by its sub')
  return {
    subject,
    // Each by itself: that one of them was verified says nothing about an address in the other.
    email: verifiedEmail(told) ?? verifiedEmail(further),
    name: textIn(claims.name, 80) ?? textIn(claims.preferred_username, 80),
    ...proofOf(claims),
    claims,
  }
}

/** When and how, as an ID token tells (OIDC Core §2). */
export function proofOf({ auth_time: at, amr }: Claims): Pick<UpstreamPerson, 'authTime' | 'amr'> {
  const methods = Array.isArray(amr) ? amr.slice(0, 8) : []
  return {
    authTime: typeof at === 'number' && Number.isFinite(at) && at > 0 ? Math.floor(at) : null,
    amr: methods.filter(isAuthenticationMethod),
  }
}

// Some say it as text. An address that nobody verified is one that anybody may have written there.
function verifiedEmail({ email, email_verified: verified }: Claims): string | null {
  return verified === true || verified === 'true' ? addressIn(email) : null
}

/** Runs a step of openid-client and gives what it throws a name of ours. */
export async function failing<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step()
  } catch (error) {
    throw await failureOf(error)
  }
}

async function failureOf(error: unknown): Promise<UpstreamFailure> {
  const known = causes(error).find((cause) => cause instanceof UpstreamFailure)
  if (known !== undefined) return known
  const { AuthorizationResponseError, ResponseBodyError, WWWAuthenticateChallengeError } = await library()
  if (error instanceof AuthorizationResponseError)
    return new UpstreamFailure(faultOf(error.error), `the provider says ${error.error}`, error)
  if (error instanceof ResponseBodyError)
    return new UpstreamFailure('refused', `the token endpoint says ${error.error}`, error)
  if (error instanceof WWWAuthenticateChallengeError)
    return new UpstreamFailure('refused', 'the userinfo endpoint does not take the token', error)
  return new UpstreamFailure('untrusted', error instanceof Error ? error.message : String(error), error)
}

function causes(error: unknown): readonly unknown[] {
  const found: unknown[] = []
  for (let one = error; one instanceof Error && found.length < 8; one = one.cause) found.push(one)
  return found
}
