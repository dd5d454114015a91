// An authorization server that we did not write (npm `oidc-provider`), as a vendor that people connect accounts at: the device grant
// and the code grant with PKCE, refresh tokens, UserInfo, revocation. Renewing under load is rotating-provider.ts.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { signInThere } from '../support/upstream.ts'

export interface OidcVendor {
  readonly issuer: string
  readonly client: { readonly clientId: string; readonly clientSecret: string }
  /** A person agrees to a device code. */
  allow(deviceCode: string): Promise<void>
  /** A person goes there and is sent back with this query. */
  visit(authorizationUrl: string, choice?: 'allow' | 'deny'): Promise<URLSearchParams>
  /** Whether its UserInfo takes the token. */
  accepts(accessToken: string): Promise<boolean>
  close(): Promise<void>
}

export const redirectUri = 'https://app.example/connections/return'
export const scope = 'openid email profile offline_access'
const client = { clientId: 'broker', clientSecret: 'a-client-secret-of-the-vendor-in-tests' }

export async function startOidcVendor(): Promise<OidcVendor> {
  const { default: Provider } = await import('oidc-provider')
  const http = createServer((request, response) => handler(request, response))
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'authorization_code', 'refresh_token'],
        redirect_uris: [redirectUri],
      },
    ],
    claims: { openid: ['sub'], email: ['email'], profile: ['preferred_username'] },
    features: {
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      devInteractions: { enabled: true },
      userinfo: { enabled: true },
      resourceIndicators: { enabled: false, getResourceServerInfo: () => ({}) },
    },
    rotateRefreshToken: true,
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, email: `${sub}@example.com`, preferred_username: `${sub}-there` }),
    }),
  })
  const handler = provider.callback()
  return {
    issuer,
    client,
    async allow(deviceCode) {
      const code = await provider.DeviceCode.find(deviceCode)
      if (code === undefined) throw new Error('no such device code')
      const grant = new provider.Grant({ accountId: 'mia', clientId: client.clientId })
      grant.addOIDCScope(scope)
      // What its page does when the person agrees.
      Object.assign(code, { accountId: 'mia', grantId: await grant.save(), scope, authTime: code.iat })
      await code.save()
    },
    visit: async (url, choice) => (await signInThere(new URL(url), 'mia', choice)).searchParams,
    async accepts(accessToken) {
      const headers = { authorization: `Bearer ${accessToken}` }
      return (await fetch(`${issuer}/me`, { headers })).status === 200
    },
    close: () =>
      new Promise((done) => {
        http.close(() => done())
        http.closeAllConnections()
      }),
  }
}
