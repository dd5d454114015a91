// Any RFC 8628 provider: the person types a code at the vendor, we ask the token endpoint how far it is. Endpoints are found by
// discovery, or stated by the vendor's file. Not here: how often is asked (flow.ts, worker.ts), tokens (oauth-tokens.ts).

import { isSecure, isTrouble, unavailable } from '@countersign/client/http'
import { printable } from '@countersign/client/text'
import * as oauth from 'oauth4webapi'
import { revokeArrived, revokeOne, withAccount } from './oauth-account.ts'
import { sharedParts } from './oauth-provider.ts'
import {
  failed,
  guarded,
  isText,
  notBegun,
  type OAuthServer,
  oauthServer,
  rawAnswer,
  refusal,
} from './oauth-server.ts'
import { requestTokens } from './oauth-tokens.ts'
import { type OAuthVendor, type RawAnswer, scopeParameter, scopesOf } from './oauth-vendor.ts'
import type { Answer, Asked, Begun, Provider, ProviderContext, Remembered } from './provider.ts'

export function deviceProvider(vendor: OAuthVendor): Provider {
  const server = oauthServer(vendor)
  return {
    ...sharedParts(server),
    kind: 'code',
    begin: (context, asked) => begin(server, context, asked),
    poll: (context, remembered) => poll(server, context, remembered),
    async abandon(context, { device_code: deviceCode }) {
      // Ours to ask for (RFC 7009 §2.1 leaves the kinds of tokens open); who does not know them says so, and the code expires.
      await revokeOne(server, context, deviceCode ?? '', 'device_code').catch((error: unknown) =>
        failed(context, vendor.id, error),
      )
    },
  }
}

async function begin(server: OAuthServer, context: ProviderContext, asked: Asked): Promise<Begun> {
  const { vendor, client } = server
  const scopes = scopesOf(vendor, asked)
  try {
    const metadata = await server.metadata(context)
    if (metadata.device_authorization_endpoint === undefined)
      return refusal(context, vendor, 'no_device_grant')
    const parameters = { ...vendor.parameters, ...vendor.audience, ...scopeParameter(vendor, scopes) }
    const auth = server.auth(metadata)
    const options = guarded(context, beginSeconds)
    const response = await oauth.deviceAuthorizationRequest(metadata, client, auth, parameters, options)
    const { status, body } = await rawAnswer(response, vendor)
    if (isTrouble(status)) throw unavailable(new URL(vendor.issuer).host, response)
    return status >= 200 && status < 300 ? begun(body, scopes) : refusal(context, vendor, body.error, status)
  } catch (error) {
    return notBegun(context, vendor.id, error)
  }
}

/** RFC 8628 §3.2. Nothing is shown that is not text, and no link that a browser should not open. */
function begun(body: RawAnswer['body'], scopes: readonly string[]): Begun {
  const { device_code: deviceCode, user_code: userCode, verification_uri_complete: complete } = body
  // `verification_url` is what a draft of RFC 8628 called it, and what Google still does.
  const verificationUri = body.verification_uri ?? body.verification_url
  if (!isText(deviceCode) || !isText(userCode) || !isText(verificationUri))
    return { type: 'problem', problem: 'missing_fields' }
  const link = linkOf(verificationUri)
  if (link === null) return { type: 'problem', problem: 'provider_answer' }
  return {
    type: 'begun',
    shown: {
      kind: 'code',
      userCode: printable(userCode, 64),
      verificationUri: link,
      verificationUriComplete: linkOf(complete),
    },
    remembered: { device_code: deviceCode, scope: scopes.join(' ') },
    interval: body.interval,
    lifetime: body.expires_in,
  }
}

async function poll(server: OAuthServer, context: ProviderContext, remembered: Remembered): Promise<Answer> {
  const scopes = (remembered.scope ?? '').split(' ').filter(Boolean)
  const parameters = { device_code: remembered.device_code ?? '' }
  const told = await requestTokens(server, context, { grant: 'device_code', parameters, scopes })
  switch (told.type) {
    case 'tokens':
      return await withAccount(server, context, told)
    case 'refused':
      return after(told.error, told.interval)
    case 'trouble':
      return told
    case 'lost':
      // RFC 8628 §3.5: asking again is what to do; if the tokens were in it, the next answer says that the code is spent.
      return { type: 'trouble' }
    case 'unusable':
      await revokeArrived(server, context, told.arrived)
      return { type: 'problem', problem: 'provider_answer' }
  }
}

/** RFC 8628 §3.5; a code that counted a moment ago and does not any more was spent. */
function after(error: string, interval: unknown): Answer {
  switch (error) {
    case 'authorization_pending':
      return { type: 'pending', interval }
    case 'slow_down':
      return { type: 'slow_down', interval }
    case 'access_denied':
      return { type: 'denied' }
    case 'expired_token':
      return { type: 'expired' }
    case 'invalid_grant':
      return { type: 'problem', problem: 'answer_lost' }
    default:
      return { type: 'problem', problem: 'provider_refused' }
  }
}

/** A `javascript:` or `file:` link from a provider would run on the application's page. */
function linkOf(value: unknown): string | null {
  const url = isText(value) ? URL.parse(value) : null
  return url !== null && isSecure(url) && !url.username && !url.password ? url.href : null
}

const beginSeconds = 10
