// The device login of the Codex command line (system S3, systems.md 3.4): JSON bodies, 403 or 404 while nobody has decided, then an
// authorization code with a PKCE verifier that the server has made, exchanged at the token endpoint like any other code.
// Not here: the exchange itself (oauth-code.ts), tokens (oauth-tokens.ts).

import { guardedFetch, isTrouble, unavailable } from '@countersign/client/http'
import { printable } from '@countersign/client/text'
import { redeem } from './oauth-code.ts'
import { sharedParts } from './oauth-provider.ts'
import {
  failed,
  isText,
  notBegun,
  type OAuthServer,
  oauthServer,
  rawAnswer,
  refusal,
  usualHeaders,
} from './oauth-server.ts'
import type { OAuthVendor, RawAnswer } from './oauth-vendor.ts'
import type { Answer, Begun, Provider, ProviderContext, Remembered } from './provider.ts'

/** All addresses follow from the issuer. */
export function codexStyleProvider(vendor: Omit<OAuthVendor, 'endpoints'>): Provider {
  const server = oauthServer({
    ...vendor,
    endpoints: { token_endpoint: placeOf(vendor, '/oauth/token') },
  })
  return {
    ...sharedParts(server),
    kind: 'code',
    begin: (context) => begin(server, context),
    poll: (context, remembered) => poll(server, context, remembered),
  }
}

function placeOf({ issuer }: Pick<OAuthVendor, 'issuer'>, path: string): string {
  return issuer.replace(/\/+$/, '') + path
}

async function begin({ vendor }: OAuthServer, context: ProviderContext): Promise<Begun> {
  try {
    const response = await postJson(context, placeOf(vendor, '/api/accounts/deviceauth/usercode'), {
      client_id: vendor.clientId,
    })
    const { status, body } = await rawAnswer(response, vendor)
    if (isTrouble(status)) throw unavailable(new URL(vendor.issuer).host, response)
    // 404 here means that this way of signing in is switched off.
    if (!response.ok) return refusal(context, vendor, status === 404 ? 'no_device_login' : body.error, status)
    return begun(vendor, body)
  } catch (error) {
    return notBegun(context, vendor.id, error)
  }
}

function begun(vendor: OAuthVendor, body: RawAnswer['body']): Begun {
  const { device_auth_id: deviceAuthId } = body
  const userCode = body.user_code ?? body.usercode
  if (!isText(deviceAuthId) || !isText(userCode)) return { type: 'problem', problem: 'missing_fields' }
  return {
    type: 'begun',
    shown: {
      kind: 'code',
      userCode: printable(userCode, 64),
      verificationUri: placeOf(vendor, '/codex/device'),
      verificationUriComplete: null,
    },
    // The step after this one wants the code as it came, not as it is shown.
    remembered: { device_auth_id: deviceAuthId, user_code: userCode },
    interval: body.interval,
    lifetime: body.expires_in,
  }
}

async function poll(server: OAuthServer, context: ProviderContext, remembered: Remembered): Promise<Answer> {
  const { vendor } = server
  const { code, code_verifier, device_auth_id, user_code, lost } = remembered
  if (code !== undefined && code_verifier !== undefined)
    return await redeem(server, context, {
      parameters: { code, code_verifier, redirect_uri: placeOf(vendor, '/deviceauth/callback') },
      scopes: [],
      wasLost: lost !== undefined,
      lost: { ...remembered, lost: 'once' },
    })
  try {
    const place = placeOf(vendor, '/api/accounts/deviceauth/token')
    const response = await postJson(context, place, { device_auth_id, user_code })
    const { status, body } = await rawAnswer(response, vendor)
    if (status === 403 || status === 404) return { type: 'pending', interval: undefined }
    if (isTrouble(status)) throw unavailable(new URL(vendor.issuer).host, response)
    if (!response.ok) return refusal(context, vendor, body.error, status)
    const { authorization_code: issued, code_verifier: verifier } = body
    if (!isText(issued) || !isText(verifier)) return { type: 'problem', problem: 'provider_answer' }
    return { type: 'further', remembered: { code: issued, code_verifier: verifier } }
  } catch (error) {
    // Asking again does no harm: the code stays where it is until it is exchanged.
    return { ...failed(context, vendor.id, error), type: 'trouble' }
  }
}

/** Bodies of 403 and 404 may be anything; a web page is none of ours all the same. */
async function postJson(context: ProviderContext, url: string, body: object): Promise<Response> {
  const { system, signal } = context
  const headers = { accept: 'application/json', 'content-type': 'application/json', ...usualHeaders }
  const request = guardedFetch({ system, signal, expect: 'any' })
  return await request(url, { method: 'POST', headers, body: JSON.stringify(body) })
}
