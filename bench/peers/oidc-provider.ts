// The peer oidc-provider as a target: how it spells each operation. Its process is oidc-provider-server.ts.
// It never says slow_down, so its tight loop is the poll of a pending code again, and it refuses to introspect a JWT.
import { deviceGrantTypeEncoded } from '../operations.ts'
import { packageVersion } from '../package-version.ts'
import { clientCredentials, codeRedemption, secret } from '../request-parts.ts'
import { basicAuthorization, form, startPeer, type Target } from '../target.ts'

export function oidcProvider(): Target {
  const authorize = (client: string) => ({
    request: form('/device/auth', `client_id=${client}&scope=read`),
    expect: [{ status: 200, includes: '"device_code":"' }],
  })
  const poll = (client: string) =>
    form('/token', `grant_type=${deviceGrantTypeEncoded}&client_id=${client}&device_code={0}`)
  const pending = {
    request: poll('bench-opaque'),
    expect: [{ status: 400, includes: '"error":"authorization_pending"' }],
  }
  const refreshed = [{ status: 200, includes: '"refresh_token":"' }]
  const signed = [{ status: 200, includes: '"access_token":"eyJ' }]
  const asItself = (client: string) => ({
    request: form('/token', clientCredentials, basicAuthorization(client, secret)),
    expect: signed,
  })
  return {
    name: 'oidc-provider',
    version: `oidc-provider ${packageVersion('oidc-provider')}`,
    durability: 'memory: nothing survives the process',
    spell: {
      metadata: {
        request: { method: 'GET', path: '/.well-known/openid-configuration', headers: {}, body: '' },
        expect: [{ status: 200, includes: '"issuer":"' }],
      },
      'device authorization': authorize('bench-opaque'),
      'poll of a pending code': pending,
      'poll in a tight loop': pending,
      'redemption, opaque': { request: poll('bench-opaque'), expect: refreshed },
      'redemption, ES256 JWT': { request: poll('bench-jwt'), expect: signed },
      'code redemption, opaque': { request: form('/token', codeRedemption('{0}', '{1}')), expect: refreshed },
      refresh: {
        request: form('/token', 'grant_type=refresh_token&client_id=bench-opaque&refresh_token={0}'),
        expect: refreshed,
      },
      'client credentials, ES256': asItself('bench-es256'),
      'client credentials, EdDSA': asItself('bench-eddsa'),
      'introspection, opaque': {
        request: form('/token/introspection', 'token={0}', basicAuthorization('bench-resource', secret)),
        expect: [{ status: 200, includes: '"active":true' }],
      },
    },
    authorizeJwt: authorize('bench-jwt'),
    probe: '/.well-known/openid-configuration',
    start: () => startPeer(new URL('oidc-provider-server.ts', import.meta.url)),
  }
}
