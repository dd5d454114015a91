// An authorization server that we did not write (npm `oidc-provider`), whose refresh tokens may be used once: whoever sends one a
// second time ends all tokens of that sign-in. It counts what it is asked. For tests of renewing.

import type { Tokens } from '../../packages/broker/src/connection.ts'
import { deviceClient, startOidcProvider } from '../support/oidc-provider.ts'

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
  const answered: number[] = []
  const { issuer, provider, allow, accepts, close } = await startOidcProvider({
    clients: [deviceClient(clientId)],
    features: {
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      devInteractions: { enabled: false },
    },
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    ttl: { AccessToken: 3600, DeviceCode: 600, Grant: 86_400, IdToken: 3600, RefreshToken: 86_400 },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
  })
  provider.use((context, next) => {
    if (context.path === '/token') context.res.once('finish', () => answered.push(context.res.statusCode))
    return next()
  })
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
      await allow(deviceCode, { clientId, scope })
      const grantType = 'urn:ietf:params:oauth:grant-type:device_code'
      const tokens = await post('/token', { grant_type: grantType, device_code: deviceCode })
      answered.length = 0
      const { access_token: accessToken = '', refresh_token: refreshToken = '' } = tokens
      return { accessToken, refreshToken, expiresAt: null, scopes: scope.split(' ') }
    },
    accepts,
    close,
  }
}
