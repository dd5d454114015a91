// The peer better-auth as a target: how it spells each operation. Its process is better-auth-server.ts.
// In the tight loop it answers slow_down without a write.
import { deviceGrantTypeEncoded } from '../operations.ts'
import { packageVersion } from '../package-version.ts'
import { clientCredentials, codeRedemption, secret } from '../request-parts.ts'
import { basicAuthorization, form, startPeer, type Target } from '../target.ts'
import { eddsaResource, es256Resource } from './better-auth-clients.ts'

const tokenPath = '/api/auth/oauth2/token'
const metadata = '/api/auth/.well-known/oauth-authorization-server'
const scope = 'scope=profile+offline_access'

export function betterAuthPeer(): Target {
  const asOpaque = basicAuthorization('bench-opaque', secret)
  const pollOpaque = form(tokenPath, `grant_type=${deviceGrantTypeEncoded}&device_code={0}`, asOpaque)
  const pollJwt = `grant_type=${deviceGrantTypeEncoded}&client_id=bench-jwt&device_code={0}`
  const pending = { status: 400, includes: '"error":"authorization_pending"' }
  const coded = [{ status: 200, includes: '"device_code":"' }]
  const refreshed = [{ status: 200, includes: '"refresh_token":"' }]
  const signed = [{ status: 200, includes: '"access_token":"eyJ' }]
  const asItself = (client: string, resource: string) => ({
    request: form(
      tokenPath,
      `${clientCredentials}&resource=${encodeURIComponent(resource)}`,
      basicAuthorization(client, secret),
    ),
    expect: signed,
  })
  const introspection = (client: string) => ({
    request: form('/api/auth/oauth2/introspect', 'token={0}', basicAuthorization(client, secret)),
    expect: [{ status: 200, includes: '"active":true' }],
  })
  return {
    name: 'better-auth',
    version: `better-auth ${packageVersion('better-auth')}, @better-auth/oauth-provider ${packageVersion('@better-auth/oauth-provider')}`,
    durability: 'SQLite, WAL, synchronous NORMAL: a power cut may lose the last commits',
    spell: {
      metadata: {
        request: { method: 'GET', path: metadata, headers: {}, body: '' },
        expect: [{ status: 200, includes: '"issuer":"' }],
      },
      'device authorization': {
        request: form('/api/auth/device/code', scope, asOpaque),
        expect: coded,
      },
      'poll of a pending code': { request: pollOpaque, expect: [pending] },
      'poll in a tight loop': {
        request: pollOpaque,
        expect: [{ status: 400, includes: '"error":"slow_down"' }, pending],
      },
      'redemption, opaque': { request: pollOpaque, expect: refreshed },
      'redemption, ES256 JWT': { request: form(tokenPath, pollJwt), expect: signed },
      'code redemption, opaque': {
        request: form(tokenPath, codeRedemption('{0}', '{1}')),
        expect: refreshed,
      },
      refresh: {
        request: form(tokenPath, 'grant_type=refresh_token&refresh_token={0}', asOpaque),
        expect: refreshed,
      },
      'client credentials, ES256': asItself('bench-es256', es256Resource),
      'client credentials, EdDSA': asItself('bench-eddsa', eddsaResource),
      'introspection, opaque': introspection('bench-opaque'),
      'introspection, JWT': introspection('bench-resource'),
    },
    authorizeJwt: {
      request: form(
        '/api/auth/device/code',
        `client_id=bench-jwt&${scope}&resource=${encodeURIComponent(es256Resource)}`,
      ),
      expect: coded,
    },
    probe: '/api/auth/ok',
    start: () => startPeer(new URL('better-auth-server.ts', import.meta.url)),
  }
}
