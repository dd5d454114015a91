// What an assertion may not grant: the scopes of this server's own API, unless the settings name them for its issuer. Everything
// else about assertions as grants is token-jwt-bearer.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { apiScopes } from '../admin/api-scopes.ts'
import { basic, bodyOf, errorOf } from '../testing/device-flow.ts'
import {
  goodClaims,
  type IdentityProvider,
  localIssuer,
  startIdentityProvider,
} from '../testing/identity-provider.ts'
import { createTestServer, type TestServer, testConfidentialClient } from '../testing/services.ts'

let idp: IdentityProvider
before(async () => {
  idp = await startIdentityProvider()
})
after(() => idp.close())

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const own = Object.values(apiScopes)

async function setUp(scopes: readonly string[], kind: 'jwt' | 'id-jag' = 'jwt'): Promise<TestServer> {
  const issuer = {
    issuer: idp.issuer,
    jwksUri: idp.jwksUri,
    algs: ['ES256' as const],
    kind,
    publicClients: [],
    linkByEmail: true,
    reusable: false,
    scopes: [...scopes],
  }
  const server = await createTestServer({ settings: { issuer: localIssuer, trustedIssuers: [issuer] } })
  await server.addClient({
    ...testConfidentialClient,
    id: 'agent',
    grantTypes: [jwtBearer],
    scopes: ['read', ...own],
    resources: kind === 'jwt' ? [] : [localIssuer],
  })
  await server.addAccount({ admin: true })
  return server
}

let drawn = 0

async function ask(server: TestServer, form: Record<string, string> = {}, typ: string | undefined = 'JWT') {
  const assertion = await idp.sign(goodClaims(`scopes-${++drawn}`), { typ })
  const full = { grant_type: jwtBearer, assertion, ...form }
  return server.call('POST', '/oauth/token', { form: full, headers: basic('agent') })
}

const settingsOf = (server: TestServer, token: unknown) =>
  server.call('GET', '/api/v1/clients', { headers: { authorization: `Bearer ${String(token)}` } })

test('JB-06 X-12 an issuer without scopes makes no administrator, though client and account may be one', async () => {
  const server = await setUp([])
  const answer = await ask(server)
  assert.equal(answer.status, 200, answer.body)
  assert.equal(bodyOf(answer).scope, 'read')
  assert.equal((await settingsOf(server, bodyOf(answer).access_token)).status, 403)
  for (const scope of own) assert.equal(errorOf(await ask(server, { scope })), '400 invalid_scope', scope)
  assert.equal(bodyOf(await ask(server, { scope: `read ${own.join(' ')}` })).scope, 'read')
})

test('JB-06 X-12 nor does an identity assertion', async () => {
  const server = await setUp([], 'id-jag')
  const answer = await ask(server, {}, 'oauth-id-jag+jwt')
  assert.equal(answer.status, 200, answer.body)
  assert.equal(bodyOf(answer).scope, 'read')
})

test('JB-06 X-12 one for which the settings name them does', async () => {
  const server = await setUp([apiScopes['admin:read']])
  const answer = await ask(server)
  assert.equal(bodyOf(answer).scope, apiScopes['admin:read'])
  assert.equal((await settingsOf(server, bodyOf(answer).access_token)).status, 200)
  assert.equal(errorOf(await ask(server, { scope: apiScopes.admin })), '400 invalid_scope')
})
