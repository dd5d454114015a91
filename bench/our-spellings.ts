// How our server spells each operation, the same on every store.
// Its processes are ours.ts, the clients that are named here our-store.ts.
import { deviceGrantTypeEncoded } from './operations.ts'
import { clientCredentials, codeRedemption, secret } from './request-parts.ts'
import { basicAuthorization, form, type Target } from './target.ts'

export function ourSpellings(): Pick<Target, 'spell' | 'authorizeJwt' | 'probe'> {
  const authorize = (client: string) => ({
    request: form('/oauth/device/authorize', `client_id=${client}&scope=profile`),
    expect: [{ status: 200, includes: '"device_code":"' }],
  })
  const poll = (client: string) =>
    form('/oauth/token', `grant_type=${deviceGrantTypeEncoded}&client_id=${client}&device_code={0}`)
  const pending = { status: 400, includes: '"error":"authorization_pending"' }
  const signed = [{ status: 200, includes: '"access_token":"eyJ' }]
  const asItself = (client: string) => ({
    request: form('/oauth/token', clientCredentials, basicAuthorization(client, secret)),
    expect: signed,
  })
  const introspection = {
    request: form('/oauth/introspect', 'token={0}', basicAuthorization('bench-resource', secret)),
    expect: [{ status: 200, includes: '"active":true' }],
  }
  const metadata = '/.well-known/oauth-authorization-server'
  return {
    authorizeJwt: authorize('bench-jwt'),
    probe: metadata,
    spell: {
      metadata: {
        request: { method: 'GET', path: metadata, headers: {}, body: '' },
        expect: [{ status: 200, includes: '"issuer":"' }],
      },
      'device authorization': authorize('bench-opaque'),
      'poll of a pending code': { request: poll('bench-opaque'), expect: [pending] },
      'poll in a tight loop': {
        request: poll('bench-opaque'),
        expect: [{ status: 400, includes: '"error":"slow_down"' }, pending],
      },
      'redemption, opaque': {
        request: poll('bench-opaque'),
        expect: [{ status: 200, includes: '"refresh_token":"' }],
      },
      'redemption, ES256 JWT': {
        request: poll('bench-jwt'),
        expect: signed,
      },
      'code redemption, opaque': {
        request: form('/oauth/token', codeRedemption('{0}', '{1}')),
        expect: [{ status: 200, includes: '"refresh_token":"' }],
      },
      refresh: {
        request: form('/oauth/token', 'grant_type=refresh_token&client_id=bench-opaque&refresh_token={0}'),
        expect: [{ status: 200, includes: '"refresh_token":"' }],
      },
      'client credentials, ES256': asItself('bench-es256'),
      'client credentials, EdDSA': asItself('bench-eddsa'),
      'introspection, opaque': introspection,
      'introspection, JWT': introspection,
    },
  }
}
