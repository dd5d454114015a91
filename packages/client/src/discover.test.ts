// Discovery against scripted servers on real sockets: who is believed, who is not, and what people are
// told about the difference.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { createMetadataCache, discover, parseIssuer } from './discover.ts'
import type { CountersignError } from './errors.ts'
import { failure } from './testing/answers.ts'
import {
  type Handler,
  json,
  metadataOf,
  page,
  paths,
  reset,
  type ScriptedServer,
  startScriptedServer,
  text,
} from './testing/scripted-server.ts'
import { virtualSystem } from './testing/virtual-time.ts'

let server: ScriptedServer
beforeEach(async () => {
  server = await startScriptedServer()
})
afterEach(() => server.close())

test('MD-25 MD-26 unknown members and signed_metadata are ignored', async () => {
  server.on(paths.metadata, json(200, { ...metadataOf(server.issuer), signed_metadata: 'x.y.z', new: [1] }))
  const metadata = await discover(server.issuer)
  assert.equal(metadata.token_endpoint, `${server.issuer}${paths.token}`)
  assert.equal(metadata.code_challenge_methods_supported, undefined)
})

test('CL-16 a page made to be slow to read is reported like any other', { timeout: 5000 }, async () => {
  const html = { 'content-type': 'text/html' }
  server.on(paths.metadata, text(502, '<title'.repeat(43_000), html))
  assert.equal((await failure(discover(server.issuer))).code, 'html_answer')
})

test('MD-24 a document of another issuer is refused, and the stated one is named', async () => {
  server.on(paths.metadata, json(200, metadataOf('https://login.example')))
  const error = await failure(discover(server.issuer))
  assert.equal(error.code, 'issuer_mismatch')
  assert.match(error.message, /https:\/\/login\.example/)
})

test('MD-02 where the OAuth document is missing the OpenID document is used', async () => {
  server.on(paths.metadata, page(404, 'Nothing'))
  server.on(paths.openid, json(200, metadataOf(server.issuer)))
  assert.equal((await discover(server.issuer)).issuer, server.issuer)
})

test('MD-27 metadata is kept five minutes per issuer at most', async () => {
  const system = virtualSystem()
  const cache = createMetadataCache(system)
  await discover(server.issuer, { cache, system })
  await discover(server.issuer, { cache, system })
  assert.equal(server.at(paths.metadata).length, 1)
  await system.sleep(301)
  await discover(server.issuer, { cache, system })
  assert.equal(server.at(paths.metadata).length, 2)
})

const wrong: [string, Handler, CountersignError['code'], RegExp][] = [
  ['a proxy', page(403, 'Zscaler'), 'html_answer', /a web page instead of data \(status 403, "Zscaler"\)/],
  ['nothing there', page(404, 'Not found'), 'not_an_issuer', /is not a sign-in server/],
  ['a server that is down', text(503, 'no', { 'content-type': 'text/plain' }), 'server_unavailable', /503/],
  ['a cut connection', reset, 'network', /could not reach/],
  ['a redirect', text(302, '', { location: 'https://evil.example' }), 'unexpected_redirect', /redirect/],
  ['a huge document', text(200, ' '.repeat(300_000)), 'answer_too_large', /more than/],
  ['a JSON string', json(200, 'hello'), 'malformed_answer', /not JSON/],
  ['an empty object', json(200, {}), 'not_an_issuer', /cannot be used/],
]
for (const [name, handler, code, message] of wrong)
  test(`CL-15 CL-16 discovery tells what answered: ${name}`, async () => {
    server.on(paths.metadata, handler)
    server.on(paths.openid, handler)
    const error = await failure(discover(server.issuer))
    assert.equal(error.code, code)
    assert.match(error.message, message)
  })

test('MD-04 DC-03 an endpoint over plain http on another host is refused', async () => {
  server.on(paths.metadata, json(200, { ...metadataOf(server.issuer), token_endpoint: 'http://x.example/t' }))
  assert.equal((await failure(discover(server.issuer))).code, 'insecure_url')
})

test('F-17 endpoints of the wrong type are refused', async () => {
  server.on(paths.metadata, json(200, { ...metadataOf(server.issuer), token_endpoint: 7 }))
  assert.equal((await failure(discover(server.issuer))).code, 'not_an_issuer')
})

const issuers: [string, CountersignError['code'] | 'fine'][] = [
  ['https://login.example', 'fine'],
  ['https://login.example/tenant', 'fine'],
  ['http://localhost:4000', 'fine'],
  ['http://127.0.0.1:4000', 'fine'],
  ['http://[::1]:4000', 'fine'],
  ['http://login.example', 'insecure_url'],
  ['http://127.0.0.1.evil.example', 'insecure_url'],
  ['http://localhost.evil.example', 'insecure_url'],
  ['ftp://login.example', 'insecure_url'],
  ['https://login.example?x=1', 'bad_issuer'],
  ['https://login.example#x', 'bad_issuer'],
  ['https://user:secret@login.example', 'bad_issuer'],
  ['login.example', 'bad_issuer'],
  ['', 'bad_issuer'],
]
for (const [issuer, expected] of issuers)
  test(`MD-04 the issuer "${issuer}" is ${expected}`, () => {
    const outcome = (): string => {
      try {
        parseIssuer(issuer)
        return 'fine'
      } catch (error) {
        return error instanceof Error && 'code' in error ? String(error.code) : 'unexpected'
      }
    }
    assert.equal(outcome(), expected)
  })
