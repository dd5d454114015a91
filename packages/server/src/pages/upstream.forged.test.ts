// Answers of providers of identities that somebody forged or mixed up: ID tokens, keys, subjects, places to go to. Each is no answer.
// What somebody gains by a good one is upstream.takeover.test.ts, broken providers are upstream.hostile.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { exportJWK, exportSPKI, generateKeyPair } from 'jose'
import { client, type LyingProvider, lyingWorld, startLyingProvider } from '../testing/lying-provider.ts'
import { ownIssuer, providerSettings, world } from '../testing/upstream-world.ts'
import { openBrowser } from './testing.ts'

let liar: LyingProvider
let other: LyingProvider
before(async () => {
  liar = await startLyingProvider()
  other = await startLyingProvider()
})
after(() => Promise.all([liar.close(), other.close()]))

test('ID-10 a token that anybody could have signed signs nobody in, whatever its header says', async () => {
  const { server, browser, signInAs } = await lyingWorld(liar)
  const bytes = (text: string) => new TextEncoder().encode(text)
  const own = (await generateKeyPair('ES256', { extractable: true })) as CryptoKeyPair
  const jwk = await exportJWK(own.publicKey)
  const lies = [
    { alg: 'none' },
    { alg: 'none', header: { alg: 'NONE' } },
    // What both know, and what everybody knows.
    { alg: 'HS256', key: bytes(client.clientSecret) },
    { alg: 'HS256', key: bytes(await exportSPKI(liar.keys.publicKey)) },
    { key: own.privateKey, header: { jwk } },
    { key: own.privateKey, header: { jku: `${other.origin}/jwks` } },
    { key: own.privateKey, header: { kid: 'unknown' } },
    { header: { crit: ['b64'], b64: true } },
  ]
  for (const lie of lies)
    assert.match((await signInAs(browser, lie)).body, /does not hold/, JSON.stringify(lie.header ?? lie.alg))
  // Keys that are no keys for it, and one that everybody can read.
  const shared = Buffer.from('a key that stands in the key set, for all to read').toString('base64url')
  for (const keys of [
    [{ kty: 'oct', k: shared, kid: 'one' }],
    [],
    [{ ...jwk, kid: 'one', use: 'enc' }],
    'keys',
  ]) {
    // One that has not seen another key set before.
    const fresh = await lyingWorld(liar)
    await liar.honest({ id_token_signing_alg_values_supported: ['HS256', 'none', 'ES256'] })
    liar.put('/jwks', { keys })
    assert.match(
      (await fresh.signInAs(fresh.browser, { alg: 'HS256', key: bytes(shared) })).body,
      /does not hold/,
    )
    assert.match((await fresh.signInAs(fresh.browser)).body, /does not hold/)
  }
  assert.deepEqual(await server.services.store.list('browserSession'), [])
})

test('ID-01 who is named by no sub, or by one without end, is nobody', async () => {
  const { server, browser, signInAs } = await lyingWorld(liar)
  for (const sub of ['', 'x'.repeat(256), 'x'.repeat(100_000), 'a\0b', 'a\nb', 'mïa', 42, null, ['eva'], {}])
    assert.match(
      (await signInAs(browser, { claims: { sub } })).body,
      /does not hold/,
      JSON.stringify(sub)?.slice(0, 20),
    )
  assert.deepEqual(await server.services.store.list('identity'), [])
  assert.equal((await signInAs(browser, { claims: { sub: 'x'.repeat(255) } })).path, '/account')
})

test('CL-03 a provider that sends people elsewhere than to a web page of its own sends nobody', async () => {
  const places = [
    undefined,
    'javascript:alert(document.domain)',
    'data:text/html,hello',
    'http://elsewhere.example/authorize',
    'not an address',
    { href: 'https://elsewhere.example' },
  ]
  for (const authorization_endpoint of places) {
    const { browser } = await lyingWorld(liar)
    await liar.honest({ authorization_endpoint })
    const shown = await browser.submit(await browser.get('/login'), '/login/upstream/corp')
    assert.equal(shown.path, '/login', String(authorization_endpoint))
    assert.match(shown.body, /does not hold/)
  }
})

test('OSA-D2 CL-03 the answer of one provider is none at the other’s address, and is not spent there', async () => {
  await liar.honest()
  await other.honest()
  const { server, press, come } = await world([
    providerSettings({ issuer: liar.origin, client }, { signUp: true }),
    providerSettings({ issuer: other.origin, client }, { id: 'other', name: 'Other', signUp: true }),
  ])
  const browser = openBrowser(server)
  const url = await press(browser, 'corp')
  const nonce = url.searchParams.get('nonce')
  await Promise.all([liar.token(nonce), other.token(nonce)])
  const query = new URLSearchParams({
    state: url.searchParams.get('state') ?? '',
    code: 'x',
    iss: liar.origin,
  })
  const at = (id: string) => new URL(`${ownIssuer}/login/upstream/${id}/callback?${query}`)
  assert.match((await come(browser, at('other'))).body, /begun in another browser/)
  assert.deepEqual(
    other.asked.filter((path) => path === '/token'),
    [],
  )
  assert.equal((await come(browser, at('corp'))).path, '/account')
  // The same subject at both is two people.
  const second = await press(browser, 'other')
  await other.token(second.searchParams.get('nonce'), { claims: { email: undefined } })
  query.set('state', second.searchParams.get('state') ?? '')
  query.set('iss', other.origin)
  assert.equal((await come(browser, at('other'))).path, '/account')
  const identities = await server.services.store.list('identity')
  assert.deepEqual(
    identities.map(({ subject }) => subject),
    ['eva', 'eva'],
  )
  assert.equal(new Set(identities.map(({ accountId }) => accountId)).size, 2)
})

test('ID-10 a token for another client, or for more than us, is none for us', async () => {
  const { browser, signInAs } = await lyingWorld(liar)
  const audiences = ['another', [], ['another', 'third'], [client.clientId, 'another'], undefined]
  for (const aud of audiences)
    assert.match((await signInAs(browser, { claims: { aud } })).body, /does not hold/, JSON.stringify(aud))
})
