// Redirect URIs against standards.md section 11 (RU) and the tricks that RFC 9700 §4.1 warns of.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formActionSources, isRegisteredRedirect, redirectUriFault } from './redirect-uri.ts'
import { client } from './testing/sample-records.ts'

const has = (redirectUris: readonly string[], requested: string, changes = {}) =>
  isRegisteredRedirect({ ...client, redirectUris, ...changes }, requested)

test('RU-01 G-26 the same string, and no other way to write the same address', () => {
  const registered = 'https://app.example/back?x=1'
  assert.ok(has(['https://other.example/', registered], registered))
  for (const other of [
    'https://app.example/back',
    'https://app.example/back?x=1&y=2',
    'https://app.example/back?x=1#',
    'https://app.example:443/back?x=1',
    'HTTPS://app.example/back?x=1',
    'https://APP.example/back?x=1',
    'https://app.example/./back?x=1',
    'https://app.example/%62ack?x=1',
    'https://app.example//back?x=1',
    'http://app.example/back?x=1',
    'https://app.example.evil.example/back?x=1',
    'https://app.example@evil.example/back?x=1',
    'https://sub.app.example/back?x=1',
    'https://app.example/back?x=1 ',
    '',
  ])
    assert.ok(!has([registered], other), other)
})

test('RU-02 a loopback literal has any port, with the same path and query', () => {
  for (const host of ['127.0.0.1', '[::1]']) {
    const registered = [`http://${host}/callback?a=b`, `http://${host}:8080/fixed`]
    for (const port of ['', ':1', ':80', ':49152', ':65535'])
      assert.ok(has(registered, `http://${host}${port}/callback?a=b`), port)
    assert.ok(has(registered, `http://${host}:9/fixed`))
    assert.ok(has(registered, `http://${host}/fixed`))
    for (const tail of [
      '/callback',
      '/callback?a=b&c=d',
      '/callback/?a=b',
      '/callback?a=b#',
      '/',
      '',
      '/Callback?a=b',
    ])
      assert.ok(!has(registered, `http://${host}:5000${tail}`), tail)
    for (const port of [':', ':0', ':65536', ':999999', ':-1', ':80a', ': 80', ':8080:80'])
      assert.ok(!has(registered, `http://${host}${port}/callback?a=b`), port)
    assert.ok(!has(registered, `https://${host}:5000/callback?a=b`))
    assert.ok(has(registered, `http://${host}:5000/callback?a=b`, { applicationType: 'web' }))
  }
})

test('RU-02 the three names of this computer never stand for each other', () => {
  const hosts = ['127.0.0.1', '[::1]', 'localhost']
  for (const registered of hosts) {
    for (const requested of hosts) {
      const matches = has([`http://${registered}/cb`], `http://${requested}:5000/cb`)
      assert.equal(matches, registered === requested, `${registered} ${requested}`)
    }
  }
  for (const other of ['127.0.0.2', '127.1', '0.0.0.0', '[::]', '[0:0:0:0:0:0:0:1]', '2130706433', '0x7f.1'])
    assert.ok(!has(['http://127.0.0.1/cb', 'http://[::1]/cb'], `http://${other}:5000/cb`), other)
})

test('RU-03 X-16 localhost has any port for native clients and metadata documents that registered it', () => {
  const uris = ['http://localhost/cb', 'http://localhost:3000/exact']
  assert.ok(has(uris, 'http://localhost:5000/cb', { applicationType: 'native' }))
  const document = { applicationType: 'web', source: 'metadata_document' }
  assert.ok(has(uris, 'http://localhost:5000/cb', document))
  const web = { applicationType: 'web', source: 'admin' }
  assert.ok(!has(uris, 'http://localhost:5000/cb', web))
  assert.ok(has(uris, 'http://localhost:3000/exact', web))
  assert.ok(!has(['http://127.0.0.1/cb'], 'http://localhost:5000/cb'))
})

test('RU-04 what only looks like a loopback address is none', () => {
  const registered = ['http://127.0.0.1/cb', 'http://[::1]/cb', 'http://localhost/cb']
  for (const trick of [
    'http://127.0.0.1.evil.example/cb',
    'http://127.0.0.1.evil.example:80/cb',
    'http://127.0.0.1@evil.example/cb',
    'http://127.0.0.1:80@evil.example/cb',
    'http://user@127.0.0.1/cb',
    'http://evil.example/127.0.0.1/cb',
    'http://127.0.0.1\\@evil.example/cb',
    'http://127.0.0.1\\.evil.example/cb',
    'http://127.0.0.1%2eevil.example/cb',
    'http://127.0.0.1%40evil.example/cb',
    'http://127.0.0.1%00.evil.example/cb',
    'http://localhost.evil.example/cb',
    'http://localhost@evil.example/cb',
    'http://evil-localhost/cb',
    'http://[::1].evil.example/cb',
    'http://[::1]evil.example/cb',
    'http:/127.0.0.1/cb',
    'http:///127.0.0.1/cb',
    '//127.0.0.1/cb',
    'http://127.0.0.1:5000/cb/../evil',
    'http://127.0.0.1:5000/cb\\..\\evil',
    'http://127.0.0.1:5000/cb\n',
    'http://127.0.0.1:5000 /cb',
    'HTTP://127.0.0.1:5000/cb',
    'http://LOCALHOST:5000/cb',
  ])
    assert.ok(!has(registered, trick), trick)
})

test('RU-04 no prefix, suffix or wildcard of anything registered ever matches', () => {
  const part = fc.string({ minLength: 1, maxLength: 12 })
  const registered = fc.constantFrom(
    'https://app.example/cb',
    'http://127.0.0.1/cb',
    'com.example.app:/cb',
    'http://localhost:3000/cb?x=y',
  )
  fc.assert(
    fc.property(registered, part, (uri, more) => {
      assert.ok(!has([uri], uri + more))
      assert.ok(!has([uri], more + uri))
      assert.ok(!has([uri], uri.slice(0, -1)))
    }),
  )
})

const fault = (uri: string, privateUse = false) => redirectUriFault(uri, { privateUse })

test('RU-05 what can be registered: https, and http on this computer', () => {
  for (const uri of [
    'https://app.example',
    'https://app.example/',
    'https://app.example:8443/a/b?c=d&e=%20',
    'https://xn--bcher-kva.example/cb',
    'https://[2001:db8::1]/cb',
    'http://127.0.0.1/cb',
    'http://127.0.0.1:8080/cb',
    'http://[::1]/cb',
    'http://localhost/cb',
    'http://localhost:3000',
  ])
    assert.equal(fault(uri), undefined, uri)
})

test('RU-05 refused: relative, fragment, user information, wildcard, http elsewhere, what is no address', () => {
  const faults: [string, string][] = [
    ['/callback', 'relative'],
    ['//app.example/cb', 'relative'],
    ['callback', 'relative'],
    ['https://app.example/#', 'fragment'],
    ['https://app.example/cb#token', 'fragment'],
    ['https://user@app.example/cb', 'user_information'],
    ['https://user:secret@app.example/cb', 'user_information'],
    ['https://127.0.0.1@evil.example/', 'user_information'],
    ['https://*.app.example/cb', 'wildcard'],
    ['https://app.example/*', 'wildcard'],
    ['http://app.example/cb', 'not_https'],
    ['http://127.0.0.1.evil.example/cb', 'not_https'],
    ['http://192.168.0.1/cb', 'not_https'],
    ['', 'malformed'],
    ['https:app.example', 'malformed'],
    ['https://', 'malformed'],
    ['https:///cb', 'malformed'],
    ['https://app.example\\@evil.example/', 'malformed'],
    ['https://app.example/a b', 'malformed'],
    ['https://app.example/ü', 'malformed'],
    ['https://app.example/"', 'malformed'],
    ['https://app.example/<script>', 'malformed'],
    ['https://app.example:/cb', 'malformed'],
    ['https://app.example:99999/cb', 'malformed'],
    ['https://app.example%2eevil.example/', 'malformed'],
    ['HTTPS://app.example/', 'malformed'],
    [`https://app.example/${'x'.repeat(2000)}`, 'malformed'],
  ]
  for (const [uri, why] of faults) assert.equal(fault(uri, true), why, uri)
})

test('RU-06 X-22 a scheme of its own has a dot, and is off unless it was allowed', () => {
  for (const uri of ['com.example.app:/cb', 'com.example.app://done', 'org.example.my-app:back']) {
    assert.equal(fault(uri, true), undefined, uri)
    assert.equal(fault(uri), 'private_use', uri)
  }
  const dangerous = ['javascript', 'data', 'file', 'vbscript', 'blob', 'about', 'ws', 'wss', 'ftp', 'myapp']
  for (const scheme of dangerous) assert.equal(fault(`${scheme}:alert(1)`, true), 'scheme', scheme)
  assert.equal(fault('.example:/cb', true), 'relative')
  assert.equal(fault('com..example:/cb', true), 'scheme')
  assert.equal(fault('com.example.app:', true), 'malformed')
  assert.equal(fault('Com.Example:/cb', true), 'malformed')
})

test('RU-05 whatever is registered can be asked for, and a browser reads its host as we do', () => {
  const uri = fc.oneof(fc.webUrl({ withQueryParameters: true }), fc.string(), fc.constant('http://[::1]/x'))
  fc.assert(
    fc.property(uri, (one) => {
      if (fault(one, true) !== undefined) return
      assert.ok(has([one], one))
      const read = new URL(one)
      assert.equal(read.username + read.password + read.hash, '')
      if (read.protocol === 'http:') assert.match(read.hostname, /^(127\.0\.0\.1|\[::1\]|localhost)$/)
    }),
    { numRuns: 500 },
  )
})

test('UI-03 where a form that ends in a redirect may lead', () => {
  assert.deepEqual(formActionSources('https://app.example/cb'), ['https:'])
  assert.deepEqual(formActionSources('http://127.0.0.1:5000/cb'), ['http://127.0.0.1:*', 'https:'])
  assert.deepEqual(formActionSources('http://localhost/cb'), ['http://localhost:*', 'https:'])
  assert.deepEqual(formActionSources('http://[::1]:5000/cb'), ['http:', 'https:'])
  assert.deepEqual(formActionSources('com.example.app:/cb'), ['com.example.app:', 'https:'])
  // Nothing that stands in an address can add to the policy.
  assert.deepEqual(formActionSources("x; script-src 'unsafe-inline'"), ['https:'])
})
