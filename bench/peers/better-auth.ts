// The peer better-auth as a target: how it spells each operation. Its process is better-auth-server.ts.
// Its device plugin alone has no metadata, signed access token or refresh; the nearest thing to introspection
// is asking for the session of a bearer token. In the tight loop it answers slow_down without a write.
import { fileURLToPath } from 'node:url'
import { deviceGrantType } from '../operations.ts'
import { packageVersion } from '../package-version.ts'
import { askServer, startServer, type Target } from '../target.ts'

export function betterAuthPeer(): Target {
  const json = { 'Content-Type': 'application/json' }
  const poll = {
    method: 'POST' as const,
    path: '/api/auth/device/token',
    headers: json,
    body: JSON.stringify({ grant_type: deviceGrantType, client_id: 'bench-opaque', device_code: '{0}' }),
  }
  const pending = { status: 400, includes: '"error":"authorization_pending"' }
  return {
    name: 'better-auth',
    version: `better-auth ${packageVersion('better-auth')}`,
    durability: 'SQLite, WAL, synchronous NORMAL: a power cut may lose the last commits',
    spell: {
      'device authorization': {
        request: {
          method: 'POST',
          path: '/api/auth/device/code',
          headers: json,
          body: JSON.stringify({ client_id: 'bench-opaque', scope: 'read' }),
        },
        expect: [{ status: 200, includes: '"device_code":"' }],
      },
      'poll of a pending code': { request: poll, expect: [pending] },
      'poll in a tight loop': {
        request: poll,
        expect: [{ status: 400, includes: '"error":"slow_down"' }, pending],
      },
      'redemption, opaque': { request: poll, expect: [{ status: 200, includes: '"access_token":"' }] },
      'introspection, opaque': {
        request: {
          method: 'GET',
          path: '/api/auth/get-session',
          headers: { Authorization: 'Bearer {0}' },
          body: '',
        },
        expect: [{ status: 200, includes: '"session":{' }],
      },
    },
    authorizeJwt: null,
    probe: '/api/auth/ok',
    start: async () => {
      const file = fileURLToPath(new URL('better-auth-server.ts', import.meta.url))
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
