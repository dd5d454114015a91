// The authorization server that we did not write (npm `oidc-provider`) on loopback, set up as whoever starts it says: upstream.ts for
// people who sign in, connection-upstream.ts and broker/ for accounts that are connected.
// Not here: a person there (upstream.ts without a browser, connection-upstream.ts in one).

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type Provider from 'oidc-provider'

export interface OidcProvider {
  readonly issuer: string
  readonly provider: Provider
  /** Whether its UserInfo takes the token. */
  accepts(accessToken: string): Promise<boolean>
  /** A person agrees to a device code. */
  allow(deviceCode: string, grant: { readonly clientId: string; readonly scope: string }): Promise<void>
  close(): Promise<void>
}

type Settings = Pick<ConstructorParameters<typeof Provider>[1], 'findAccount'> & {
  readonly features: Readonly<Record<string, { readonly enabled: boolean }>>
  readonly [name: string]: unknown
}

export async function startOidcProvider(settings: Settings, port = 0): Promise<OidcProvider> {
  const { default: Provider } = await import('oidc-provider')
  let handler: RequestListener | undefined
  const http = createServer((request, response) => {
    // At the first request: until then whoever started it may add to it.
    handler ??= provider.callback()
    return handler(request, response)
  })
  await new Promise<void>((done) => http.listen(port, '127.0.0.1', done))
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    ...settings,
    features: {
      ...settings.features,
      userinfo: { enabled: true },
      resourceIndicators: { enabled: false, getResourceServerInfo: () => ({}) },
    },
  })
  return {
    issuer,
    provider,
    async accepts(accessToken) {
      const headers = { authorization: `Bearer ${accessToken}` }
      return (await fetch(`${issuer}/me`, { headers })).status === 200
    },
    async allow(deviceCode, { clientId, scope }) {
      const code = await provider.DeviceCode.find(deviceCode)
      if (code === undefined) throw new Error('no such device code')
      const grant = new provider.Grant({ accountId: 'mia', clientId })
      grant.addOIDCScope(scope)
      // What its page does when the person agrees.
      Object.assign(code, { accountId: 'mia', grantId: await grant.save(), scope, authTime: code.iat })
      await code.save()
    },
    close: () =>
      new Promise((done) => {
        http.close(() => done())
        http.closeAllConnections()
      }),
  }
}

/** A program without a secret and without a browser of its own. */
export function deviceClient(clientId: string) {
  return {
    client_id: clientId,
    token_endpoint_auth_method: 'none' as const,
    application_type: 'native' as const,
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    redirect_uris: [],
    response_types: [],
  }
}
