// An authorization server that we did not write (npm `oidc-provider`), whose refresh tokens may be used once: whoever sends one a
// second time ends all tokens of that sign-in. It counts what it is asked. For tests of renewing.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Tokens } from '../../packages/broker/src/connection.ts'

export interface RotatingProvider {
  readonly issuer: string
  readonly clientId: string
  /** Statuses of the answers of its token endpoint, since the last sign-in. */
  readonly answered: number[]
  /** A person signed in and agreed; what came of it. */
  signIn(): Promise<Tokens>
  /** Whether its UserInfo takes the token. */
  accepts(accessToken: string): Promise<boolean>
  close(): Promise<void>
}

const clientId = 'countersign-broker'
const scope = 'openid offline_access'

export async function startRotatingProvider(): Promise<RotatingProvider> {
  const { default: Provider } = await import('oidc-provider')
  const answered: number[] = []
  const http = createServer((request, response) => {
    if (request.url === '/token') response.once('finish', () => answered.push(response.statusCode))
    return handler(request, response)
  })
  await new Promise<void>((done) => http.listen(0, '127.0.0.1', done))
  const issuer = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: clientId,
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
        redirect_uris: [],
        response_types: [],
      },
    ],
    features: {
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      devInteractions: { enabled: false },
      userinfo: { enabled: true },
      resourceIndicators: { enabled: false, getResourceServerInfo: () => ({}) },
    },
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    ttl: { AccessToken: 3600, DeviceCode: 600, Grant: 86_400, IdToken: 3600, RefreshToken: 86_400 },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
  })
  const handler = provider.callback()
  const post = async (path: string, form: Record<string, string>) => {
    const body = new URLSearchParams({ client_id: clientId, ...form })
    const response = await fetch(issuer + path, { method: 'POST', body })
    const answer = (await response.json()) as Record<string, string>
    if (!response.ok) throw new Error(`${path} answered ${JSON.stringify(answer)}`)
    return answer
  }
  return {
    issuer,
    clientId,
    answered,
    async signIn() {
      const { device_code: deviceCode = '' } = await post('/device/auth', { scope })
      const code = await provider.DeviceCode.find(deviceCode)
      if (code === undefined) throw new Error('no such device code')
      const grant = new provider.Grant({ accountId: 'mia', clientId })
      grant.addOIDCScope(scope)
      // What its page does when the person agrees.
      Object.assign(code, { accountId: 'mia', grantId: await grant.save(), scope, authTime: code.iat })
      await code.save()
      const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
      const tokens = await post('/token', { grant_type: grantType, device_code: deviceCode })
      answered.length = 0
      const { access_token: accessToken = '', refresh_token: refreshToken = '' } = tokens
      return { accessToken, refreshToken, expiresAt: null, scopes: scope.split(' ') }
    },
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
