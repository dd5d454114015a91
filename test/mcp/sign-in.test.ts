// The official clients of both generations go from the first 401 to a tool's result, against the example servers of both
// generations (our resource package) and a real authorization server (ours), in each of the ways a client can be known.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import {
  DpopSession,
  IssuerMismatchError,
  type StoredOAuthClientInformation,
} from '@modelcontextprotocol/client'
import { decodeJwt } from 'jose'
import { makeCertificate } from '../../packages/server/src/testing/certificate.ts'
import { addResource, startExample } from '../support/example.ts'
import { freePort } from '../support/free-port.ts'
import { addClient, addMia, openPerson, type Person } from '../support/person.ts'
import { type RunningServer, startServer } from '../support/process.ts'
import { clientMetadata, type Generation, type How, type SignedIn, signIn } from './official-client.ts'

let server: RunningServer
let person: Person
let home = ''
const stops: (() => unknown)[] = []
const servers: Record<Generation, string> = { 1: '', 2: '' }
const documents = { https: '', http: '' }

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'countersign-mcp-'))
  const certificate = makeCertificate('localhost')
  writeFileSync(join(home, 'ca.pem'), certificate.cert)
  server = await startServer({
    env: { COUNTERSIGN_REGISTRATION: 'open', NODE_EXTRA_CA_CERTS: join(home, 'ca.pem') },
  })
  await addMia('--data', server.data)
  const grants = ['--grant', 'authorization_code', '--grant', 'refresh_token']
  const redirect = ['--redirect-uri', 'http://127.0.0.1/callback']
  await addClient('known-before', undefined, ...grants, ...redirect, '--data', server.data)
  person = openPerson(() => server.issuer)
  await person.signIn()
  documents.https = await serveDocument('https', certificate)
  documents.http = await serveDocument('http', certificate)
  for (const [generation, path] of [
    [1, 'protect-an-mcp-server/generation-1.ts'],
    [2, 'protect-an-mcp-server/main.ts'],
  ] as const) {
    const RESOURCE = `http://localhost:${await freePort()}/mcp`
    servers[generation] = RESOURCE
    await addResource(server.data, RESOURCE, { 'notes:read': 'read your notes' })
    const env = { RESOURCE, COUNTERSIGN_SERVER: server.issuer }
    stops.push((await startExample(path, { home, env })).stop)
  }
})
after(async () => {
  for (const stop of stops) await stop()
  await server.stop()
  rmSync(home, { recursive: true, force: true })
})

/** A client id metadata document on this machine; the address is the client's id. */
async function serveDocument(
  scheme: 'http' | 'https',
  certificate: { key: string; cert: string },
): Promise<string> {
  const listener = (_request: unknown, response: import('node:http').ServerResponse) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ ...clientMetadata, client_id: address() }))
  }
  const site = scheme === 'https' ? createServer(certificate, listener) : createHttpServer(listener)
  await new Promise<void>((resolve) => site.listen(0, 'localhost', resolve))
  const address = () => `${scheme}://localhost:${(site.address() as AddressInfo).port}/client.json`
  stops.push(() => {
    site.closeAllConnections()
    site.close()
  })
  return address()
}

const withPerson = (generation: Generation, more: Partial<How> = {}): How => ({
  server: servers[generation],
  browser: (url) => person.authorize(url),
  ...more,
})

const known = (id: string): StoredOAuthClientInformation => ({ client_id: id, issuer: server.issuer })

const ways: [string, () => Partial<How>, (clientId: string) => boolean][] = [
  [
    'MA-04 MX-05 CIM-01 a document of its own',
    () => ({ clientMetadataUrl: documents.https }),
    (id) => id === documents.https,
  ],
  [
    'CIM-03 a document on this machine',
    () => ({ registered: known(documents.http) }),
    (id) => id === documents.http,
  ],
  ['MX-05 MX-06 REG-01 registering itself', () => ({}), (id) => !id.includes('://') && id !== 'known-before'],
  [
    'MX-05 a registration made before',
    () => ({ registered: known('known-before') }),
    (id) => id === 'known-before',
  ],
]

/** Whatever the way, the rules of the flow are the same. */
function assertRules(signedIn: SignedIn, resource: string): void {
  const { sent, memory, back } = signedIn
  const asked = memory.authorizationUrl?.searchParams
  assert.equal(asked?.get('resource'), resource)
  assert.equal(asked?.get('code_challenge_method'), 'S256')
  assert.match(asked?.get('scope') ?? '', /\bnotes:read\b/)
  // RFC 9207 §2.4: compared as it is, by whoever the SDK leaves it to.
  assert.deepEqual(back.searchParams.getAll('iss'), [server.issuer])
  const exchange = sent.find(
    ({ url, body }) => url.endsWith('/oauth/token') && body.includes('authorization_code'),
  )
  const form = new URLSearchParams(exchange?.body)
  assert.deepEqual([form.get('resource'), exchange?.status], [resource, 200])
  assert.ok(form.get('code_verifier'))
  const { aud, iss, scope } = decodeJwt<{ scope: string }>(memory.tokens?.access_token ?? '')
  assert.deepEqual([aud, iss], [resource, server.issuer])
  assert.match(scope, /\bnotes:read\b/)
  const toServer = sent.filter(({ url }) => url.startsWith(resource))
  const first = toServer.findIndex(({ authorization }) => authorization !== null)
  // MX-14: the first requests had nothing to show; from then on every single one does.
  assert.ok(first > 0 && toServer[0]?.status === 401)
  assert.ok(
    toServer.slice(first).every(({ authorization, url }) => authorization !== null && !url.includes('token')),
  )
}

for (const client of [1, 2] as const) {
  for (const target of [1, 2] as const) {
    describe(`MX-05 MX-16 client of generation ${client}, server of generation ${target}`, () => {
      for (const [way, how, isRight] of ways) {
        test(`MA-01 MA-03 MA-05 MA-08 MX-01 MX-08 MX-13 MX-14 RI-01 IS-01 ${way}: from 401 to a tool's result`, async () => {
          const signedIn = await signIn(client, withPerson(target, how()))
          assertRules(signedIn, servers[target])
          const clientId = signedIn.memory.registered?.client_id ?? how().clientMetadataUrl ?? ''
          assert.ok(isRight(clientId), clientId)
          const said = await signedIn.callTool('whoami')
          assert.match(said, /^usr_\S+ by /)
          assert.ok(said.endsWith(` by ${clientId}`), said)
          // The newest revision where both know it, else the one before.
          assert.equal(signedIn.protocolVersion, client === 2 && target === 2 ? '2026-07-28' : '2025-11-25')
          await signedIn.close()
        })
      }
    })
  }
}

test('IS-03 MX-09 a callback that names another server, or none, is refused by the client of generation 2', async () => {
  for (const change of [
    (back: URL) => back.searchParams.set('iss', `${server.issuer}/`),
    (back: URL) => back.searchParams.delete('iss'),
  ]) {
    const browser = async (url: URL) => {
      const back = await person.authorize(url)
      change(back)
      return back
    }
    await assert.rejects(
      signIn(2, withPerson(2, { browser, registered: known('known-before') })),
      IssuerMismatchError,
    )
  }
})

test('AZ-12 a person who says no is heard', async () => {
  const browser = (url: URL) => person.authorize(url, 'deny')
  let back: URL | undefined
  const how = withPerson(2, {
    registered: known('known-before'),
    browser: async (url) => {
      back = await browser(url)
      return back
    },
  })
  await assert.rejects(signIn(2, how))
  assert.deepEqual(
    [back?.searchParams.get('error'), back?.searchParams.get('iss')],
    ['access_denied', server.issuer],
  )
})

test('MA-07 RT-02 RI-03 MX-08 when the token is no good any more, both clients renew it without the person', async () => {
  for (const generation of [1, 2] as const) {
    const how = withPerson(generation, { registered: known('known-before') })
    const signedIn = await signIn(generation, how)
    const before = signedIn.memory.tokens
    assert.ok(before?.refresh_token)
    // As if it had run out: the server does not know this one.
    signedIn.memory.tokens = { ...before, access_token: 'spent' }
    assert.match(await signedIn.callTool('whoami'), /^usr_\S+ by known-before$/)
    const renewal = signedIn.sent.find(({ body }) => body.includes('grant_type=refresh_token'))
    assert.equal(new URLSearchParams(renewal?.body).get('resource'), servers[generation])
    assert.notEqual(signedIn.memory.tokens?.refresh_token, before.refresh_token)
    await signedIn.close()
  }
})

test('DP-06 DP-08 DP-10 DP-14 ME-07 the client of generation 2 with DPoP: nonces, bound tokens, proofs at both servers', async () => {
  for (const target of [1, 2] as const) {
    const session = await DpopSession.create()
    const how = withPerson(target, { registered: known('known-before'), dpop: () => session })
    const signedIn = await signIn(2, how)
    assert.match(await signedIn.callTool('whoami'), /^usr_\S+ by known-before$/)
    const { access_token: token = '', token_type: type = '' } = signedIn.memory.tokens ?? {}
    assert.match(type, /^dpop$/i)
    assert.deepEqual(decodeJwt(token).cnf, { jkt: session.thumbprint })
    // Whoever steals it has nothing (RFC 9449 §7.2).
    const stolen = await fetch(servers[target], {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
    })
    assert.equal(stolen.status, 401)
    await signedIn.close()
  }
})

test('MS-05 RI-02 a token for one server opens no other', async () => {
  const signedIn = await signIn(2, withPerson(1, { registered: known('known-before') }))
  const headers = { authorization: `Bearer ${signedIn.memory.tokens?.access_token}` }
  const elsewhere = await fetch(servers[2], { method: 'POST', headers })
  assert.equal(elsewhere.status, 401)
  assert.match(elsewhere.headers.get('www-authenticate') ?? '', /error="invalid_token"/)
  await signedIn.close()
})
