// The peer oidc-provider as a target: how it spells each operation. Its process is oidc-provider-server.ts.
// It never says slow_down, so its tight loop is the poll of a pending code again.
import { fileURLToPath } from 'node:url'
import { deviceGrantTypeEncoded } from '../operations.ts'
import { packageVersion } from '../package-version.ts'
import { askServer, basicAuthorization, form, startServer, type Target } from '../target.ts'

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
      refresh: {
        request: form('/token', 'grant_type=refresh_token&client_id=bench-opaque&refresh_token={0}'),
        expect: refreshed,
      },
      'introspection, opaque': {
        request: form(
          '/token/introspection',
          'token={0}',
          basicAuthorization('bench-resource', 'bench-resource-secret-bench-resource-secret'),
        ),
        expect: [{ status: 200, includes: '"active":true' }],
      },
    },
    authorizeJwt: authorize('bench-jwt'),
    probe: '/.well-known/openid-configuration',
    start: async () => {
      const file = fileURLToPath(new URL('oidc-provider-server.ts', import.meta.url))
      const server = await startServer([process.execPath, file], {})
      return {
        pid: server.pid,
        port: server.port,
        stop: server.stop,
        approve: (rows) => askServer(server, { codes: rows.map(([deviceCode]) => deviceCode) }),
      }
    },
  }
}
