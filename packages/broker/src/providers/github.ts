// GitHub, and GitHub Enterprise Server by `baseUrl`. The device flow must be switched on in the application's settings there.
// Not here: how a flow goes (oauth-device.ts, oauth-code.ts).

import { accountOf, commaScopes, type RawAnswer, withErrors } from '../oauth-vendor.ts'
import type { Provider } from '../provider.ts'
import { baseOf, type VendorSettings, vendorProvider } from './settings.ts'

export function github(settings: VendorSettings): Provider {
  const { clientId, clientSecret } = settings
  const base = baseOf(settings, 'https://github.com')
  const api = settings.baseUrl === undefined ? 'https://api.github.com' : `${base}/api/v3`
  return vendorProvider(settings.flow ?? 'device', {
    id: settings.id ?? 'github',
    name: settings.name ?? 'GitHub',
    docs: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps',
    issuer: base,
    endpoints: {
      authorization_endpoint: `${base}/login/oauth/authorize`,
      token_endpoint: `${base}/login/oauth/access_token`,
      device_authorization_endpoint: `${base}/login/device/code`,
    },
    clientId,
    clientSecret,
    clientAuthentication: 'client_secret_post',
    scopes: settings.scopes ?? [],
    // "Once you use a refresh token, that refresh token and the old user access token will no longer work."
    refreshGraceSeconds: 0,
    normalise,
    async account({ get }) {
      const user = await get(`${api}/user`)
      return accountOf(user?.id, user?.login)
    },
    // Ends this token and no other of the same person (that would be /grant); only an application with a secret may.
    async revoke({ send }, { accessToken }) {
      if (clientSecret === undefined) return false
      const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64')
      const headers = { authorization: `Basic ${basic}`, 'content-type': 'application/json' }
      const body = JSON.stringify({ access_token: accessToken })
      const url = `${api}/applications/${encodeURIComponent(clientId)}/token`
      return (await send(url, { method: 'DELETE', headers, body })).status === 204
    },
  })
}

/** Errors come with status 200 and names of their own, and scopes with commas. */
function normalise(answer: RawAnswer): RawAnswer {
  const named = withErrors(answer, {
    bad_refresh_token: 'invalid_grant',
    bad_verification_code: 'invalid_grant',
    incorrect_device_code: 'invalid_grant',
    token_expired: 'expired_token',
  })
  return commaScopes(named)
}
