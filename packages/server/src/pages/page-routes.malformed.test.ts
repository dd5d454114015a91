import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Log } from '../log.ts'
import { pageRoutes } from './page-routes.ts'
import { createPeopledServer, hiddenFields, openBrowser, signIn } from './testing.ts'

const odd = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    'allow',
    'deny',
    'report',
    'revoke',
    'rename',
    '<b>',
    '\0',
    '%',
    '__proto__',
    'constructor',
    'null',
    '[]',
    '{"id":"a"}',
    'a@b.c',
  ),
  fc.integer({ min: 1000, max: 9000 }).map((length) => 'A'.repeat(length)),
)
const fieldNames = [
  'user_code',
  'email',
  'password',
  'name',
  'current',
  'grant',
  'action',
  'session',
  'passkey',
  'credential',
  'challenge',
  'request',
  'decision',
  'confirm',
  'devices',
] as const

const odds = fc.record({
  route: fc.constantFrom(...pageRoutes),
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'POST', 'POST', 'PUT', 'OPTIONS'),
  below: odd,
  query: odd,
  fields: fc.dictionary(fc.constantFrom(...fieldNames), odd),
  raw: fc.option(odd, { freq: 8 }),
  proven: fc.boolean(),
  cookies: fc.constantFrom('own', 'own', 'none', 'odd'),
  cookie: odd,
  contentType: fc.option(
    fc.constantFrom('text/plain', 'application/json', 'multipart/form-data; boundary=x'),
    { freq: 8 },
  ),
  userAgent: odd,
  address: fc.constantFrom('192.0.2.1', '::1', '', 'fe80::1%eth0', 'nonsense'),
})

type Odd = typeof odds extends fc.Arbitrary<infer T> ? T : never

test('G-27 whatever is sent to a page gets a definite answer: no fault, no 5xx, and never a session', async () => {
  const faults: unknown[] = []
  const log: Log = { info: () => {}, warn: () => {}, error: (...said) => void faults.push(said) }
  const server = await createPeopledServer({ log })
  const browser = openBrowser(server)
  const account = await signIn(browser)
  const { proof = '' } = hiddenFields(account, '/account/password')
  const own = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')

  const send = async (one: Odd) => {
    const path = one.route.path.endsWith('/')
      ? one.route.path + encodeURIComponent(one.below)
      : one.route.path
    // Signing out everywhere is a right answer to a right form; it would only end the test's own session.
    const proven = one.proven && path !== '/account/leave'
    return server.call(one.method, `${path}?${encodeURIComponent(one.query)}`, {
      form: one.raw ?? { ...one.fields, ...(proven ? { proof } : {}) },
      headers: {
        accept: 'text/html',
        cookie: one.cookies === 'own' ? own : one.cookies === 'none' ? '' : one.cookie,
        'user-agent': one.userAgent,
        ...(one.contentType === null ? {} : { 'content-type': one.contentType }),
      },
      address: one.address,
    })
  }
  await fc.assert(
    fc.asyncProperty(odds, async (one) => {
      const { status, headers, body } = await send(one)
      assert.ok(status < 500, `${status}`)
      const cookies = [headers['set-cookie'] ?? []].flat().join()
      assert.ok(!/countersign=[^;]*;[^,]*Max-Age=[1-9]/.test(cookies), 'signed in')
      if (
        status !== 303 &&
        one.method !== 'HEAD' &&
        headers['content-type'] !== undefined &&
        !one.route.path.startsWith('/assets')
      )
        assert.match(String(headers['content-type']), /^text\/html/)
      assert.ok(!body.includes('<b>'))
      server.advance(600)
    }),
    { numRuns: 600 },
  )
  assert.deepEqual(faults, [])
})
