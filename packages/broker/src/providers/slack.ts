// Slack: a token that acts for the person (`user_scope`), not for a bot. There is no device flow. GovSlack by `baseUrl`.
// Not here: how a flow goes (oauth-code.ts).

import { accountOf, commaScopes, type RawAnswer, withErrors } from '../oauth-vendor.ts'
import type { Provider } from '../provider.ts'
import { baseOf, type VendorSettings, vendorProvider } from './settings.ts'

export function slack(settings: VendorSettings): Provider {
  const base = baseOf(settings, 'https://slack.com')
  return vendorProvider('code', {
    id: settings.id ?? 'slack',
    name: settings.name ?? 'Slack',
    docs: 'https://docs.slack.dev/authentication/installing-with-oauth',
    issuer: base,
    endpoints: {
      authorization_endpoint: `${base}/oauth/v2/authorize`,
      token_endpoint: `${base}/api/oauth.v2.access`,
    },
    clientId: settings.clientId,
    clientSecret: settings.clientSecret,
    // The dot in its client ids is percent-encoded in Basic by RFC 6749 §2.3.1, which Slack does not ask for.
    clientAuthentication: 'client_secret_post',
    // "Enabling PKCE marks your app as a public client"; one with a secret has it switched off.
    pkce: 'public_only',
    scopes: settings.scopes ?? ['users:read'],
    askScopes: (scopes) => ({ user_scope: scopes.join(',') }),
    // With token rotation "the refresh token is then revoked"; without it there is none.
    refreshGraceSeconds: 0,
    normalise,
    async account({ get }) {
      const me = (await get(`${base}/api/auth.test`)) ?? {}
      return me.user_id === undefined
        ? null
        : accountOf(`${me.team_id}.${me.user_id}`, `${me.user} (${me.team})`)
    },
    revoke: async ({ get }) => (await get(`${base}/api/auth.revoke`))?.revoked === true,
  })
}

/** Always status 200, and `ok`; the person's token lies one level deeper when a code is exchanged. */
function normalise({ status, body }: RawAnswer): RawAnswer {
  const { ok, authed_user } = body
  if (ok === false) return withErrors({ status, body }, names)
  const person = typeof authed_user === 'object' && authed_user !== null ? { ...authed_user } : {}
  const told = 'access_token' in person ? person : body
  // Slack's `token_type` says whose token it is; how it is used is always as a bearer token.
  return commaScopes({ status, body: { ...told, token_type: 'Bearer' } })
}

const names = {
  invalid_refresh_token: 'invalid_grant',
  token_revoked: 'invalid_grant',
  invalid_code: 'invalid_grant',
  code_already_used: 'invalid_grant',
  ratelimited: 'temporarily_unavailable',
  internal_error: 'temporarily_unavailable',
  fatal_error: 'temporarily_unavailable',
  service_unavailable: 'temporarily_unavailable',
}
