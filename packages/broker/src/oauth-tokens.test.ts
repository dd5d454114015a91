// Renewing at a vendor whose answer is in order, and is for somebody else. Everything else about token answers is in
// oauth-server.hostile.test.ts, oauth-server.members.slow.test.ts and providers/index.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { system } from '@countersign/client/system'
import { json, paths } from '@countersign/client/testing'
import { deviceProvider } from './oauth-device.ts'
import { goodAnswers, type HostileVendor, openHostileVendor } from './testing/hostile-vendor.ts'

let vendor: HostileVendor
before(async () => {
  vendor = await openHostileVendor()
})
after(() => vendor.close())

/** As a server signs it; over TLS nobody has to check that (OpenID Connect Core §3.1.3.7 no. 6). */
function idToken(issuer: string, sub: string): string {
  const now = Math.floor(system.now())
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { iss: issuer, sub, aud: 'app', iat: now, exp: now + 600 }
  return `${part({ alg: 'RS256' })}.${part(claims)}.c2ln`
}

test('RT-10 OIDC §12.2 renewed tokens of another person than the connection is of are not taken', async () => {
  const { issuer } = vendor.server
  const good = goodAnswers(issuer)
  for (const [path, answer] of Object.entries(good)) vendor.server.on(path, json(200, answer))
  vendor.server.on(paths.token, json(200, { ...good[paths.token], id_token: idToken(issuer, 'bob') }))
  const provider = deviceProvider({ id: 'corp', issuer, clientId: 'app' })
  const tokens = { accessToken: 'A', refreshToken: 'R', expiresAt: 1, scopes: ['openid'] }
  const refresh = async (account?: { id: string; name: string } | null) =>
    (await provider.refresh(vendor.context, tokens, account)).type
  assert.equal(await refresh({ id: 'bob', name: 'Bob' }), 'tokens')
  assert.equal(await refresh({ id: 'mia', name: 'Mia' }), 'ended')
  // Who it is may not have been known: then nothing can be said against it.
  assert.equal(await refresh(null), 'tokens')
})
