// The MCP authorization extensions with the official client of generation 2, against the example server and a real
// authorization server: client credentials by secret and by key, and enterprise-managed authorization. No person is asked.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import {
  Client,
  ClientCredentialsProvider,
  CrossAppAccessProvider,
  type OAuthClientProvider,
  PrivateKeyJwtProvider,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { addResource, startExample } from '../support/example.ts'
import { freePort } from '../support/free-port.ts'
import { addClient, addMia, mia } from '../support/person.ts'
import { type RunningServer, runProgram, startServer } from '../support/process.ts'

const secret = 'extension-secret-extension-secret-extension'
const clientKeys = await generateKeyPair('ES256', { extractable: true })
const idpKeys = await generateKeyPair('ES256', { extractable: true })
const stops: (() => unknown)[] = []
let server: RunningServer
let resource = ''
let idp = ''

const publicJwk = async (key: CryptoKey, kid: string): Promise<JWK> => ({
  ...(await exportJWK(key)),
  kid,
  alg: 'ES256',
  use: 'sig',
})

before(async () => {
  const home = mkdtempSync(join(tmpdir(), 'countersign-mcp-'))
  stops.push(() => rmSync(home, { recursive: true, force: true }))
  idp = await serveKeys(await publicJwk(idpKeys.publicKey, 'idp'))
  const config = join(home, 'countersign.config.json')
  const trusted = { issuer: idp, jwksUri: `${idp}/jwks`, algs: ['ES256'], kind: 'id-jag', linkByEmail: true }
  writeFileSync(config, JSON.stringify({ trustedIssuers: [trusted] }))
  server = await startServer({ args: ['--config', config] })
  stops.push(() => server.stop())
  const where = ['--data', server.data]
  await addMia(...where)
  const own = ['--grant', 'client_credentials']
  await addClient('robot', secret, ...own, ...where)
  const jwks = join(home, 'jwks.json')
  writeFileSync(jwks, JSON.stringify({ keys: [await publicJwk(clientKeys.publicKey, 'robot')] }))
  const keyed = ['--name', 'Keyed robot', '--jwks', jwks, ...own, ...where]
  assert.equal((await runProgram(['clients', 'add', 'keyed-robot', ...keyed])).code, 0)
  await addClient('agent', secret, '--grant', 'urn:ietf:params:oauth:grant-type:jwt-bearer', ...where)
  resource = `http://localhost:${await freePort()}/mcp`
  await addResource(server.data, resource, { 'notes:read': 'read your notes' })
  const env = { RESOURCE: resource, COUNTERSIGN_SERVER: server.issuer }
  stops.push((await startExample('protect-an-mcp-server/main.ts', { home, env })).stop)
})
after(async () => {
  for (const stop of stops.reverse()) await stop()
})

/** An enterprise's identity provider, as far as anybody but its own people sees it. */
async function serveKeys(key: JWK): Promise<string> {
  const site = createServer((_request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: [key] }))
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    site.closeAllConnections()
    site.close()
  })
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}`
}

/** Connects, calls the tool, and returns what it says and what was posted to the authorization server. */
async function call(authProvider: OAuthClientProvider): Promise<{ said: string; forms: URLSearchParams[] }> {
  const forms: URLSearchParams[] = []
  const client = new Client({ name: 'robot', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  const watched = (url: string | URL, init?: RequestInit) => {
    if (String(url).startsWith(server.issuer) && init?.method === 'POST')
      forms.push(new URLSearchParams(String(init.body)))
    return fetch(url, init)
  }
  await client.connect(new StreamableHTTPClientTransport(new URL(resource), { authProvider, fetch: watched }))
  const { content } = await client.callTool({ name: 'whoami', arguments: {} })
  await client.close()
  const [part] = content
  return { said: part?.type === 'text' ? part.text : '', forms }
}

const expectedIssuer = () => server.issuer

test('ME-01 ME-02 CC-01 a program with a secret signs in as itself', async () => {
  const provider = new ClientCredentialsProvider({
    clientId: 'robot',
    clientSecret: secret,
    scope: 'notes:read',
    expectedIssuer: expectedIssuer(),
  })
  const { said, forms } = await call(provider)
  assert.equal(said, 'robot by robot')
  assert.deepEqual(
    forms.map((form) => form.get('resource')),
    [resource],
  )
})

test('ME-01 ME-02 CA-10 a program with a key signs in as itself, and shows no secret', async () => {
  const provider = new PrivateKeyJwtProvider({
    clientId: 'keyed-robot',
    privateKey: { ...(await exportJWK(clientKeys.privateKey)), kid: 'robot' },
    algorithm: 'ES256',
    scope: 'notes:read',
    expectedIssuer: expectedIssuer(),
  })
  const { said, forms } = await call(provider)
  assert.equal(said, 'keyed-robot by keyed-robot')
  assert.ok(forms[0]?.get('client_assertion'))
  assert.equal(forms[0]?.get('client_secret'), null)
})

test('ME-04 ME-05 an enterprise lets the agent of one of its people in, without asking here', async () => {
  const provider = new CrossAppAccessProvider({
    clientId: 'agent',
    clientSecret: secret,
    expectedIssuer: expectedIssuer(),
    assertion: ({ authorizationServerUrl, resourceUrl }) => {
      const claims = { client_id: 'agent', resource: resourceUrl, scope: 'notes:read', email: mia.email }
      return new SignJWT(claims)
        .setProtectedHeader({ alg: 'ES256', kid: 'idp', typ: 'oauth-id-jag+jwt' })
        .setIssuer(idp)
        .setSubject('mia-at-work')
        .setAudience(authorizationServerUrl.replace(/\/$/, ''))
        .setJti('assertion-1')
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(idpKeys.privateKey)
    },
  })
  const { said } = await call(provider)
  assert.match(said, /^usr_\S+ by agent$/)
})
