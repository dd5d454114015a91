// Any provider of the authorization code grant with PKCE (RFC 6749 §4.1, RFC 7636): the browser goes there and comes back to the
// application with a code, which we exchange like a poll, with the same patience. `state` is the broker's to make and to compare.
// Not here: tokens (oauth-tokens.ts), whose browser it is that comes back (flows.ts).

import { createHash } from 'node:crypto'
import type { ServerMetadata } from '@countersign/client/discover'
import * as oauth from 'oauth4webapi'
import { revokeArrived, withAccount } from './oauth-account.ts'
import { sharedParts } from './oauth-provider.ts'
import { notBegun, type OAuthServer, oauthServer, refusal } from './oauth-server.ts'
import { requestTokens, transient } from './oauth-tokens.ts'
import { type OAuthVendor, scopeParameter, scopesOf } from './oauth-vendor.ts'
import type { Answer, Asked, Begun, Provider, ProviderContext, Remembered } from './provider.ts'

export function codeProvider(vendor: OAuthVendor): Provider {
  const server = oauthServer(vendor)
  return {
    ...sharedParts(server),
    kind: 'redirect',
    begin: (context, asked) => begin(server, context, asked),
    poll: (context, remembered) => exchange(server, context, remembered),
    returned: (remembered, query) => returned(server, remembered, query),
  }
}

async function begin(server: OAuthServer, context: ProviderContext, asked: Asked): Promise<Begun> {
  const { vendor } = server
  const scopes = scopesOf(vendor, asked)
  try {
    const metadata = await server.metadata(context)
    const missing = lacks(metadata, vendor)
    if (missing !== undefined) return refusal(context, vendor, missing)
    const random = (): string => Buffer.from(context.system.randomBytes(32)).toString('base64url')
    const verifier = vendor.pkce === 'public_only' && vendor.clientSecret !== undefined ? undefined : random()
    const nonce = scopes.includes('openid') ? random() : undefined
    const url = new URL(metadata.authorization_endpoint ?? '')
    const parameters = {
      ...consent(vendor, scopes),
      ...vendor.parameters,
      ...vendor.audience,
      ...scopeParameter(vendor, scopes),
      ...(nonce === undefined ? {} : { nonce }),
      response_type: 'code',
      client_id: vendor.clientId,
      redirect_uri: asked.redirectUri,
      state: asked.state,
      ...(verifier === undefined ? {} : challenge(verifier)),
    }
    for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
    return {
      type: 'begun',
      shown: { kind: 'redirect', authorizationUrl: url.href },
      remembered: {
        scope: scopes.join(' '),
        ...(verifier === undefined ? {} : { verifier }),
        redirect_uri: asked.redirectUri,
        // CL-03: what `iss` must be is settled before the browser leaves.
        issuer: metadata.issuer,
        iss: metadata.authorization_response_iss_parameter_supported ? 'promised' : '',
        ...(nonce === undefined ? {} : { nonce }),
      },
    }
  } catch (error) {
    return notBegun(context, vendor.id, error)
  }
}

/** OpenID Connect Core §11: without it a request for offline access is ignored. A vendor with endpoints of its own says what it needs. */
function consent({ endpoints }: OAuthVendor, scopes: readonly string[]): Readonly<Record<string, string>> {
  return endpoints === undefined && scopes.includes('offline_access') ? { prompt: 'consent' } : {}
}

/** CL-01: without PKCE a stolen code could be used by whoever stole it. */
function lacks(metadata: ServerMetadata, { endpoints }: OAuthVendor): string | undefined {
  if (metadata.authorization_endpoint === undefined) return 'no_authorization_endpoint'
  if (metadata.require_pushed_authorization_requests) return 'requires_pushed_requests'
  const methods = metadata.code_challenge_methods_supported
  const isStated = endpoints !== undefined && methods === undefined
  return isStated || methods?.includes('S256') ? undefined : 'no_pkce'
}

/** RFC 7636 §4.3. */
function challenge(verifier: string): Readonly<Record<string, string>> {
  const digest = createHash('sha256').update(verifier).digest('base64url')
  return { code_challenge: digest, code_challenge_method: 'S256' }
}

/** RFC 6749 §4.1.2, RFC 9207 §2.4: `iss` first of all, nothing twice, never both a code and an error (CL-03, CL-04). */
function returned({ client }: OAuthServer, remembered: Remembered, query: URLSearchParams): Answer {
  const { issuer = '', iss } = remembered
  const metadata = { issuer, authorization_response_iss_parameter_supported: iss === 'promised' }
  const isDoubled = ['code', 'error', 'state', 'iss'].some((name) => query.getAll(name).length > 1)
  if (isDoubled || (query.has('code') && query.has('error'))) return strange
  try {
    // The broker has found the flow by `state` and compared it.
    oauth.validateAuthResponse(metadata, client, query, oauth.skipStateCheck)
  } catch (error) {
    if (!(error instanceof oauth.AuthorizationResponseError)) return strange
    if (error.error === 'access_denied') return { type: 'denied' }
    const problem = transient.has(error.error) ? 'provider_unavailable' : 'provider_refused'
    return { type: 'problem', problem }
  }
  const code = query.get('code')
  if (!code || code.length > longestCode) return strange
  return { type: 'further', remembered: { ...remembered, code } }
}

const strange: Answer = { type: 'problem', problem: 'provider_answer' }

async function exchange(
  server: OAuthServer,
  context: ProviderContext,
  remembered: Remembered,
): Promise<Answer> {
  const { code, verifier, redirect_uri = '', scope = '', nonce, lost } = remembered
  // The browser is not back yet.
  if (code === undefined) return { type: 'pending' }
  return await redeem(server, context, {
    parameters: { code, redirect_uri, ...(verifier === undefined ? {} : { code_verifier: verifier }) },
    scopes: scope.split(' ').filter(Boolean),
    nonce,
    wasLost: lost !== undefined,
    lost: { ...remembered, lost: 'once' },
  })
}

export interface Redemption {
  readonly parameters: Readonly<Record<string, string>>
  readonly scopes: readonly string[]
  readonly nonce?: string | undefined
  /** An earlier answer was lost on its way. */
  readonly wasLost: boolean
  /** What to remember when this one is. */
  readonly lost: Remembered
}

/** A code that was sent and not answered is sent once more at once (it lives for minutes at most), then with patience. */
export async function redeem(
  server: OAuthServer,
  context: ProviderContext,
  { parameters, scopes, nonce, wasLost, lost }: Redemption,
): Promise<Answer> {
  const told = await requestTokens(server, context, {
    grant: 'authorization_code',
    parameters,
    scopes,
    nonce,
  })
  switch (told.type) {
    case 'tokens':
      return await withAccount(server, context, told)
    case 'trouble':
      return told
    case 'lost':
      return wasLost ? { type: 'trouble' } : { type: 'further', remembered: lost }
    case 'refused':
      if (told.error === 'access_denied') return { type: 'denied' }
      return {
        type: 'problem',
        problem: wasLost && told.error === 'invalid_grant' ? 'answer_lost' : 'provider_refused',
      }
    case 'unusable':
      await revokeArrived(server, context, told.arrived)
      return strange
  }
}

const longestCode = 4096
