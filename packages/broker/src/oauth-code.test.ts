// The authorization code grant with PKCE: what the browser takes along, what it may bring back, and the exchange.
// Not here: what holds for every vendor (providers/index.test.ts), a real server (test/broker/providers.test.ts).

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, beforeEach, describe, test } from 'node:test'
import { system } from '@countersign/client/system'
import { json, paths, reset, type ScriptedServer, startScriptedServer } from '@countersign/client/testing'
import { codeProvider } from './oauth-code.ts'
import type { OAuthVendor } from './oauth-vendor.ts'
import type { Answer, Provider, ProviderContext, Remembered } from './provider.ts'

let server: ScriptedServer
let provider: Provider
const context: ProviderContext = { system, signal: new AbortController().signal, note: () => {} }
const asked = { scopes: ['openid', 'mail'], redirectUri: 'https://app.example/return', state: 'id.STATE' }

before(async () => {
  server = await startScriptedServer()
})
after(() => server.close())
beforeEach(() => {
  server.on(paths.metadata, json(200, metadata()))
  server.on(paths.token, json(200, { access_token: 'A', token_type: 'bearer' }))
  provider = providerWith({})
})

const metadata = (changes: object = {}) => ({
  issuer: server.issuer,
  authorization_endpoint: `${server.issuer}/oauth/authorize?realm=x`,
  token_endpoint: server.issuer + paths.token,
  revocation_endpoint: server.issuer + paths.revoke,
  code_challenge_methods_supported: ['S256'],
  authorization_response_iss_parameter_supported: true,
  id_token_signing_alg_values_supported: ['RS256'],
  ...changes,
})
const providerWith = (changes: Partial<OAuthVendor>): Provider =>
  codeProvider({ id: 'x', issuer: server.issuer, clientId: 'app', ...changes })

async function leave(): Promise<{ url: URL; remembered: Remembered }> {
  const begun = await provider.begin(context, asked)
  assert.ok(begun.type === 'begun' && begun.shown.kind === 'redirect', JSON.stringify(begun))
  return { url: new URL(begun.shown.authorizationUrl), remembered: begun.remembered }
}

async function comeBack(query: string): Promise<Answer | undefined> {
  const { remembered } = await leave()
  return provider.returned?.(remembered, new URLSearchParams(query.replaceAll('ISS', server.issuer)))
}

async function withCode(): Promise<Remembered> {
  const { remembered } = await leave()
  const back = provider.returned?.(
    remembered,
    new URLSearchParams({ code: 'CODE', state: asked.state, iss: server.issuer }),
  )
  assert.equal(back?.type, 'further')
  return back?.type === 'further' ? back.remembered : {}
}

test('CL-01 CL-02 the browser takes along what the exchange is checked against, and nothing secret', async () => {
  const { url, remembered } = await leave()
  const query = Object.fromEntries(url.searchParams)
  const { code_challenge: challenge, nonce, ...rest } = query
  assert.deepEqual(rest, {
    realm: 'x',
    response_type: 'code',
    client_id: 'app',
    redirect_uri: asked.redirectUri,
    scope: 'openid mail',
    state: asked.state,
    code_challenge_method: 'S256',
  })
  assert.equal(
    createHash('sha256')
      .update(remembered.verifier ?? '')
      .digest('base64url'),
    challenge,
  )
  assert.equal(Buffer.from(remembered.verifier ?? '', 'base64url').length, 32)
  assert.equal(remembered.nonce, nonce)
  assert.doesNotMatch(url.href, new RegExp(remembered.verifier ?? '-'))
  assert.notEqual((await leave()).remembered.verifier, remembered.verifier)
})

test('CL-01 without PKCE in its metadata a server is not used', async () => {
  for (const methods of [undefined, ['plain'], []]) {
    provider = providerWith({})
    server.on(paths.metadata, json(200, metadata({ code_challenge_methods_supported: methods })))
    assert.deepEqual(await provider.begin(context, asked), { type: 'problem', problem: 'provider_refused' })
  }
})

test('OpenID Connect Core §11: offline access is asked for with consent, unless the setting says otherwise', async () => {
  const promptOf = async (changes: Partial<OAuthVendor>): Promise<string | null> => {
    provider = providerWith(changes)
    return (await leave()).url.searchParams.get('prompt')
  }
  const before = asked.scopes
  asked.scopes = ['openid', 'offline_access']
  assert.equal(await promptOf({}), 'consent')
  assert.equal(await promptOf({ parameters: { prompt: 'select_account' } }), 'select_account')
  asked.scopes = before
  assert.equal(await promptOf({}), null)
})

test('nothing is asked while the browser is away', async () => {
  const { remembered } = await leave()
  const before = server.received.length
  assert.deepEqual(await provider.poll(context, remembered), { type: 'pending' })
  assert.equal(server.received.length, before)
})

describe('CL-03 CL-04 what the browser brings back', () => {
  const strange = { type: 'problem', problem: 'provider_answer' }
  const rows: readonly [string, object][] = [
    ['code=C&state=S', strange],
    ['code=C&state=S&iss=https://evil.example', strange],
    ['code=C&state=S&iss=ISS/', strange],
    ['code=C&state=S&iss=ISS&iss=ISS', strange],
    ['code=C&code=D&state=S&iss=ISS', strange],
    ['code=C&error=access_denied&state=S&iss=ISS', strange],
    ['state=S&iss=ISS', strange],
    ['code=&state=S&iss=ISS', strange],
    ['code=C&state=S&iss=ISS&id_token=e30', strange],
    ['code=C&state=S&iss=ISS&response=e30', strange],
    ['error=access_denied&state=S&iss=https://evil.example', strange],
    ['error=access_denied&state=S', strange],
    ['error=access_denied&state=S&iss=ISS', { type: 'denied' }],
    ['error=invalid_scope&state=S&iss=ISS', { type: 'problem', problem: 'provider_refused' }],
    ['error=server_error&state=S&iss=ISS', { type: 'problem', problem: 'provider_unavailable' }],
    ['error=temporarily_unavailable&state=S&iss=ISS', { type: 'problem', problem: 'provider_unavailable' }],
    ['error=invalid_scope&state=S&iss=ISS', { type: 'problem', problem: 'provider_refused' }],
  ]
  for (const [query, expected] of rows)
    test(query, async () => assert.deepEqual(await comeBack(query), expected))

  test('a code that is too long to be one', async () => {
    assert.deepEqual(await comeBack(`code=${'x'.repeat(5000)}&state=S&iss=ISS`), strange)
  })
  test('other parameters are ignored', async () => {
    const back = await comeBack('code=C&state=S&iss=ISS&scope=openid&authuser=0&prompt=consent')
    assert.equal(back?.type, 'further')
  })
  test('where `iss` is not promised, none is needed and a wrong one is refused', async () => {
    server.on(paths.metadata, json(200, metadata({ authorization_response_iss_parameter_supported: false })))
    provider = providerWith({})
    assert.equal((await comeBack('code=C&state=S'))?.type, 'further')
    assert.deepEqual(await comeBack('code=C&state=S&iss=https://evil.example'), strange)
  })
})

describe('the exchange', () => {
  test('CL-01 sends the code with the verifier, and the secret the way the server takes it', async () => {
    provider = providerWith({ clientSecret: 'SECRET', audience: { resource: 'https://api.example' } })
    const remembered = await withCode()
    const answer = await provider.poll(context, remembered)
    assert.ok(answer.type === 'tokens')
    assert.deepEqual(answer.tokens.scopes, ['openid', 'mail'])
    const { form, headers } = server.at(paths.token).at(-1) ?? {}
    assert.deepEqual(form, {
      grant_type: 'authorization_code',
      code: 'CODE',
      redirect_uri: asked.redirectUri,
      code_verifier: remembered.verifier,
      resource: 'https://api.example',
    })
    assert.equal(headers?.authorization, `Basic ${Buffer.from('app:SECRET').toString('base64')}`)
  })
  test('MX-15 a server that takes secrets only in the form gets it there', async () => {
    const methods = { token_endpoint_auth_methods_supported: ['client_secret_post'] }
    server.on(paths.metadata, json(200, metadata(methods)))
    provider = providerWith({ clientSecret: 'SECRET' })
    await provider.poll(context, await withCode())
    assert.equal(server.at(paths.token).at(-1)?.form.client_secret, 'SECRET')
  })
  test('CL-14 a token of another type is not used, and is ended', async () => {
    server.on(paths.token, json(200, { access_token: 'ARRIVED', token_type: 'mac' }))
    const answer = await provider.poll(context, await withCode())
    assert.deepEqual(answer, { type: 'problem', problem: 'provider_answer' })
    assert.equal(server.at(paths.revoke).at(-1)?.form.token, 'ARRIVED')
  })
  test('an ID token for another nonce, client or issuer is not used', async () => {
    const remembered = await withCode()
    const now = Math.floor(system.now())
    const right = {
      iss: server.issuer,
      aud: 'app',
      sub: 's',
      iat: now,
      exp: now + 60,
      nonce: remembered.nonce,
    }
    const said = async (claims: object): Promise<string> => {
      const parts = [{ alg: 'RS256' }, claims].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      )
      const idToken = `${parts.join('.')}.c2ln`
      server.on(paths.token, json(200, { access_token: 'A', token_type: 'bearer', id_token: idToken }))
      return (await provider.poll(context, remembered)).type
    }
    assert.equal(await said(right), 'tokens')
    for (const wrong of [{ nonce: 'x' }, { aud: 'x' }, { iss: 'https://evil.example' }, { exp: now - 600 }])
      assert.equal(await said({ ...right, ...wrong }), 'problem', JSON.stringify(wrong))
  })
  test('a lost answer is asked for once at once, then with patience, and a spent code is called lost', async () => {
    server.on(paths.token, reset)
    const first = await provider.poll(context, await withCode())
    assert.ok(first.type === 'further')
    assert.deepEqual(await provider.poll(context, first.remembered), { type: 'trouble' })
    server.on(paths.token, json(400, { error: 'invalid_grant' }))
    const last = await provider.poll(context, first.remembered)
    assert.deepEqual(last, { type: 'problem', problem: 'answer_lost' })
    const fresh = await provider.poll(context, await withCode())
    assert.deepEqual(fresh, { type: 'problem', problem: 'provider_refused' })
  })
})
