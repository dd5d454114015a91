// Where a vendor's metadata may send us: a vendor on the web that names places of this machine is believed nothing, and none of them
// is asked. Not here: links for people (oauth-server.hostile.test.ts), places over plain http (the client's discover.test.ts).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { system } from '@countersign/client/system'
import { codeProvider } from './oauth-code.ts'
import { deviceProvider } from './oauth-device.ts'
import type { ProviderContext } from './provider.ts'
import { asked } from './testing/hostile-vendor.ts'

const issuer = 'https://vendor.example'
const honest = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  device_authorization_endpoint: `${issuer}/device`,
  revocation_endpoint: `${issuer}/revoke`,
  userinfo_endpoint: `${issuer}/me`,
  code_challenge_methods_supported: ['S256'],
}
const device = {
  device_code: 'D',
  user_code: 'A',
  verification_uri: `${issuer}/go`,
  expires_in: 600,
}

/** The web has this vendor and nothing else; what is asked of this machine, or of anybody, is written down. */
function web(changes: object) {
  const places: string[] = []
  const context: ProviderContext = {
    system: {
      ...system,
      async fetch(input) {
        const { host, pathname } = new URL(String(input))
        places.push(host)
        const isMetadata = pathname.startsWith('/.well-known/')
        return Response.json(isMetadata ? { ...honest, ...changes } : device)
      },
    },
    signal: new AbortController().signal,
    note: () => {},
  }
  return { context, places }
}

const settings = { id: 'vendor', issuer, clientId: 'app', clientSecret: 'secret' }

test('a vendor on the web that names places of its own is asked there', async () => {
  const { context, places } = web({})
  assert.equal((await deviceProvider(settings).begin(context, asked)).type, 'begun')
  assert.equal((await codeProvider(settings).begin(context, asked)).type, 'begun')
  assert.deepEqual([...new Set(places)], ['vendor.example'])
})

const members = Object.keys(honest).filter((name) => name.endsWith('_endpoint'))
for (const place of [
  'http://127.0.0.1:8500/x',
  'https://localhost/x',
  'http://[::1]:2375/x',
  'http://127.1/x',
])
  test(`CL-07 a vendor on the web that names ${place} is not believed, and nothing there is asked`, async () => {
    for (const member of members) {
      const { context, places } = web({ [member]: place })
      const refused = { type: 'problem', problem: 'provider_answer' }
      assert.deepEqual(await deviceProvider(settings).begin(context, asked), refused, member)
      assert.deepEqual(await codeProvider(settings).begin(context, asked), refused, member)
      const tokens = { accessToken: 'A', refreshToken: 'R', expiresAt: null, scopes: ['openid'] }
      // The refresh token stays where it is, and good.
      assert.equal((await codeProvider(settings).refresh(context, tokens)).type, 'trouble', member)
      assert.equal(await codeProvider(settings).revoke?.(context, tokens), false, member)
      assert.deepEqual([...new Set(places)], ['vendor.example'], member)
    }
  })
