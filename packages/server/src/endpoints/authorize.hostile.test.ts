// Whatever arrives at the endpoints of the code flow gets a definite answer in its protocol's form, and never a fault
// (design.md section 4, standards.md F-01): arbitrary text, and requests that are nearly right.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { authorizeForm, nativeClient, openSignedJar, verifier, webClient } from '../testing/code-flow.ts'
import { basic, errorOf } from '../testing/device-flow.ts'
import { createTestServerWith } from '../testing/services.ts'

const settings = { rateCreatePerAddress: 1e9, rateCreatePerClient: 1e9, rateInvalidPerAddress: 1e9 }

const names = [
  ...Object.keys(authorizeForm(webClient)),
  'scope',
  'resource',
  'prompt',
  'max_age',
  'nonce',
  'response_mode',
  'acr_values',
  'login_hint',
  'id_token_hint',
  'dpop_jkt',
  'request_uri',
  'request',
  'claims',
]
const value = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    'none',
    'login',
    '0',
    'openid',
    'form_post',
    'code',
    '\u0000',
    '\ufffd',
    '\ud800',
    '../..',
    'a'.repeat(5000),
  ),
  fc.constantFrom(
    'urn:ietf:params:oauth:request_uri:x',
    'http://127.0.0.1:1/back',
    'e30.e30.',
    '{}',
    'https://api.example',
  ),
)
/** A right request with some of its parameters replaced, and now and then one of them twice or torn. */
const nearly = fc.record({
  native: fc.boolean(),
  changes: fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 4 }),
  more: fc.constantFrom(
    '',
    '&',
    '&state=2',
    '&scope=%ff',
    '&client_id=web',
    '&=',
    '&%',
    '&resource=a&resource=b',
  ),
})

const encode = (form: Readonly<Record<string, string>>) =>
  Object.entries(form)
    .map(([name, text]) => `${encodeURIComponent(name)}=${encodeURIComponent(text.toWellFormed())}`)
    .join('&')

test('F-01 the authorization endpoint answers everything with a page, or a redirect to an address that was registered', async () => {
  const server = await createTestServerWith([webClient, nativeClient], { settings })
  const jar = await openSignedJar(server)
  const check = async (query: string) => {
    for (const answer of [
      await jar.get(`/oauth/authorize?${query}`),
      await server.call('POST', '/oauth/authorize', { form: query }),
    ]) {
      assert.ok([200, 303, 400].includes(answer.status), `${answer.status} ${query}`)
      if (answer.status !== 303) assert.match(String(answer.headers['content-type']), /^text\/html/)
      else
        assert.match(
          String(answer.headers.location),
          /^(https:\/\/web\.example\/back\?|http:\/\/127\.0\.0\.1(:1)?\/back\?|com\.example\.native:\/back\?|\/(login|consent)\?request=|\/oauth\/authorize\?client_id=)[\x21-\x7e]*$/,
        )
    }
  }
  await fc.assert(
    fc.asyncProperty(nearly, ({ native, changes, more }) =>
      check(encode({ ...authorizeForm(native ? nativeClient : webClient), ...changes }) + more),
    ),
    { numRuns: 300 },
  )
  await fc.assert(fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), check), { numRuns: 200 })
})

test('F-01 the PAR endpoint answers everything with 201 or an OAuth error', async () => {
  const server = await createTestServerWith([webClient, nativeClient], { settings })
  await fc.assert(
    fc.asyncProperty(nearly, fc.boolean(), async ({ native, changes, more }, authenticated) => {
      const form = encode({ ...authorizeForm(native ? nativeClient : webClient), ...changes }) + more
      const headers = authenticated ? basic('web') : {}
      const answer = await server.call('POST', '/oauth/par', { form, headers })
      if (answer.status !== 201)
        assert.match(
          errorOf({ ...answer, headers: { ...answer.headers, 'cache-control': 'no-store' } }),
          /^40[01] /,
        )
    }),
    { numRuns: 300 },
  )
})

test('F-01 a code request answers everything with an OAuth error', async () => {
  const server = await createTestServerWith([webClient, nativeClient], { settings })
  const good = {
    grant_type: 'authorization_code',
    code: 'csa_',
    code_verifier: verifier,
    client_id: 'native',
  }
  const changes = fc.dictionary(
    fc.constantFrom(...Object.keys(good), 'redirect_uri', 'resource', 'scope'),
    value,
  )
  await fc.assert(
    fc.asyncProperty(changes, async (changed) => {
      const answer = await server.call('POST', '/oauth/token', { form: encode({ ...good, ...changed }) })
      assert.match(errorOf(answer), /^40[01] /)
    }),
    { numRuns: 300 },
  )
})
