// An authorization server that we did not write (npm `oidc-provider`), as a vendor that people connect accounts at: the device grant
// and the code grant with PKCE, refresh tokens, UserInfo, revocation. Renewing under load is rotating-provider.ts.

import { startOidcProvider } from '../support/oidc-provider.ts'
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
  const { issuer, allow, accepts, close } = await startOidcProvider({
    clients: [
      {
        client_id: client.clientId,
        client_secret: client.clientSecret,
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'authorization_code', 'refresh_token'],
        redirect_uris: [redirectUri, `${redirectUri}/browser`],
      },
    ],
    claims: { openid: ['sub'], email: ['email'], profile: ['preferred_username'] },
    features: {
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      devInteractions: { enabled: true },
    },
    rotateRefreshToken: true,
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, email: `${sub}@example.com`, preferred_username: `${sub}-there` }),
    }),
  })
  return {
    issuer,
    client,
    allow: (deviceCode) => allow(deviceCode, { clientId: client.clientId, scope }),
    visit: async (url, choice) => (await signInThere(new URL(url), 'mia', choice)).searchParams,
    accepts,
    close,
  }
}
