// A vendor that answers with anything at all: bodies without end, pages, redirects, half answers, links that run. Each question gets a
// definite answer of the contract, nothing is thrown, nothing secret is noted.
// Not here: single members of wrong types (oauth-server.members.slow.test.ts), what a vendor properly says (providers/index.test.ts).

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Handler, json, page, paths, text } from '@countersign/client/testing'
import { asked, goodAnswers, type HostileVendor, openHostileVendor } from './testing/hostile-vendor.ts'

let vendor: HostileVendor
before(async () => {
  vendor = await openHostileVendor()
})
after(() => vendor.close())

const endless: Handler = (_request, response) => {
  response.writeHead(200, { 'content-type': 'application/json' })
  const more = (): void => {
    while (!response.destroyed && response.write(' '.repeat(16_384)));
    if (!response.destroyed) response.once('drain', more)
  }
  more()
}

const whole: readonly [string, Handler][] = [
  ['a page', page(200, 'Sign in to the Wi-Fi')],
  ['a page with 404', page(404, 'Not found')],
  ['half a JSON', text(200, '{"access_token":"half', { 'content-type': 'application/json' })],
  ['JSON that is no object', json(200, [1, 2])],
  ['a string', json(200, 'access_token')],
  ['nothing', text(200, '', { 'content-type': 'application/json' })],
  ['204', text(204, '')],
  ['a huge body', json(200, { access_token: 'x'.repeat(400_000) })],
  ['a body without end', endless],
  ['a redirect', text(302, '', { location: 'https://elsewhere.example/' })],
  [
    'an error that echoes a secret',
    json(400, { error: 'REFRESH-canary', error_description: 'SECRET-canary' }),
  ],
  ['an error that is an object', json(400, { error: { code: 'x' } })],
  ['200 with a challenge', json(200, {}, { 'www-authenticate': 'Basic realm="x"' })],
  ['418', json(418, { error: 'teapot' })],
]

describe('S3-5 CL-15 CL-16 whatever the vendor answers', () => {
  for (const [name, handler] of whole)
    test(`${name} gets a definite answer`, async () => {
      vendor.everywhere(handler)
      for (const type of await vendor.askEverything()) assert.doesNotMatch(type, /^(tokens|begun|denied)$/)
    })

  test('and when it never ends its answer, aborting does', async () => {
    const aborting = new AbortController()
    const arrived = Promise.withResolvers<void>()
    vendor.everywhere((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
      arrived.resolve()
    })
    const all = vendor.askEverything({ ...vendor.context, signal: aborting.signal })
    await arrived.promise
    aborting.abort()
    for (const type of await all) assert.match(type, /^(trouble|answer_lost|further)$/)
  })
})

describe('DC-06 links that a browser should not open', () => {
  const at = async (changes: object) => {
    const { issuer } = vendor.server
    for (const [path, answer] of Object.entries(goodAnswers(issuer)))
      vendor.server.on(path, json(200, path === paths.device ? { ...answer, ...changes } : answer))
    return await vendor.device.begin(vendor.context, asked)
  }
  const bad = [
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'http://vendor.example/device',
    'https://user:password@vendor.example/',
    '//vendor.example',
    'vendor.example/device',
  ]
  for (const link of bad)
    test(link, async () => {
      assert.deepEqual(await at({ verification_uri: link }), { type: 'problem', problem: 'provider_answer' })
      const begun = await at({ verification_uri_complete: link })
      assert.ok(begun.type === 'begun' && begun.shown.kind === 'code')
      assert.equal(begun.shown.verificationUriComplete, null)
    })
})
