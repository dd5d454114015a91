// GitLab, and installations of one's own by `baseUrl`; the device flow is there since GitLab 17.9.
// Not here: how a flow goes (oauth-device.ts, oauth-code.ts).

import { accountOf } from '../oauth-vendor.ts'
import type { Provider } from '../provider.ts'
import { baseOf, type VendorSettings, vendorProvider } from './settings.ts'

export function gitlab(settings: VendorSettings): Provider {
  const base = baseOf(settings, 'https://gitlab.com')
  return vendorProvider(settings.flow ?? 'device', {
    id: settings.id ?? 'gitlab',
    name: settings.name ?? 'GitLab',
    docs: 'https://docs.gitlab.com/api/oauth2/',
    issuer: base,
    endpoints: {
      authorization_endpoint: `${base}/oauth/authorize`,
      token_endpoint: `${base}/oauth/token`,
      device_authorization_endpoint: `${base}/oauth/authorize_device`,
      revocation_endpoint: `${base}/oauth/revoke`,
    },
    clientId: settings.clientId,
    clientSecret: settings.clientSecret,
    clientAuthentication: 'client_secret_post',
    scopes: settings.scopes ?? ['read_user'],
    // A refresh "invalidates the existing access_token and refresh_token".
    refreshGraceSeconds: 0,
    // Answered for `read_user`, `read_api` and `api`; with other scopes the account stays unnamed.
    async account({ get }) {
      const user = await get(`${base}/api/v4/user`)
      return accountOf(user?.id, user?.username)
    },
  })
}
