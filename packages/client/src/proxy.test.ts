// Which proxy an address gets, as a table; the program behind a real proxy is test/network.test.ts of the repository.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ProxyChoice, proxyFor, variablesForNode } from './proxy.ts'

const direct = (because?: string): ProxyChoice => ({ way: 'direct', ...(because ? { because } : {}) })
const via = (address: string, variable: string): ProxyChoice => ({ way: 'proxy', address, variable })
const P = 'http://proxy.test:3128'

const table: [string, Record<string, string>, ProxyChoice][] = [
  ['https://a.test', {}, direct()],
  ['https://a.test', { HTTPS_PROXY: P }, via(P, 'HTTPS_PROXY')],
  [
    'https://a.test',
    { HTTPS_PROXY: P, https_proxy: 'http://small.test:1' },
    via('http://small.test:1', 'https_proxy'),
  ],
  ['https://a.test', { HTTP_PROXY: P }, direct()],
  ['https://a.test', { ALL_PROXY: P }, via(P, 'ALL_PROXY')],
  ['https://a.test', { HTTPS_PROXY: 'http://user:SECRET@proxy.test:3128/' }, via(P, 'HTTPS_PROXY')],
  ['https://a.test', { HTTPS_PROXY: '' }, direct()],
  ['http://localhost:4000', { HTTP_PROXY: P }, direct('loopback')],
  ['https://127.0.0.1:4000', { HTTPS_PROXY: P }, direct('loopback')],
  ['http://[::1]:4000', { ALL_PROXY: P }, direct('loopback')],
  ['https://a.test', { HTTPS_PROXY: P, NO_PROXY: '*' }, direct('NO_PROXY')],
  ['https://a.test', { HTTPS_PROXY: P, NO_PROXY: 'b.test, A.TEST' }, direct('NO_PROXY')],
  ['https://x.a.test', { HTTPS_PROXY: P, NO_PROXY: '.a.test' }, direct('NO_PROXY')],
  ['https://x.a.test', { HTTPS_PROXY: P, no_proxy: '*.a.test' }, direct('no_proxy')],
  ['https://x.a.test', { HTTPS_PROXY: P, NO_PROXY: 'a.test' }, via(P, 'HTTPS_PROXY')],
  ['https://xa.test', { HTTPS_PROXY: P, NO_PROXY: '.a.test' }, via(P, 'HTTPS_PROXY')],
  ['https://a.test', { HTTPS_PROXY: P, NO_PROXY: 'a.test:8443' }, via(P, 'HTTPS_PROXY')],
  ['https://a.test:8443', { HTTPS_PROXY: P, NO_PROXY: 'a.test:8443' }, direct('NO_PROXY')],
]
for (const [address, env, expected] of table)
  test(`complaint 39: ${address} with ${JSON.stringify(env)} is ${Object.values(expected).join(' ')}`, () => {
    assert.deepEqual(proxyFor(new URL(address), env), expected)
  })

test('complaint 39: SOCKS and what is no address are named, and never left out in silence', () => {
  for (const [value, reason] of [
    ['socks5://proxy.test:1080', /SOCKS5 proxy; only http and https/],
    ['proxy.test', /not the address/],
    ['://', /not the address/],
  ] as const) {
    const choice = proxyFor(new URL('https://a.test'), { HTTPS_PROXY: value })
    assert.ok(choice.way === 'unusable' && choice.variable === 'HTTPS_PROXY')
    assert.match(choice.reason, reason)
  }
})

test('Node is told the same: ALL_PROXY, loopback, and nothing that it would take for a proxy and is none', () => {
  assert.deepEqual(variablesForNode({ ALL_PROXY: P, NO_PROXY: 'a.test' }), {
    http_proxy: P,
    https_proxy: P,
    no_proxy: 'localhost,.localhost,127.0.0.1,[::1],::1,a.test',
  })
  assert.deepEqual(Object.keys(variablesForNode({ HTTPS_PROXY: 'socks5://p.test:1' })), ['no_proxy'])
})
