// Settings: where they come from, their bounds, and the one line that names a wrong one (standards.md G-01, section 27).

import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, loadConfig, trustedProxyList, variableName } from './config.ts'

async function fault(options: Record<string, unknown>, env: Record<string, string> = {}): Promise<string> {
  const error = await loadConfig({ options, env }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ConfigError, JSON.stringify(options))
  assert.doesNotMatch(error.message, /\n/)
  return error.message
}

test('DA-14 DA-07 LP-02 RT-07 TK-06 the defaults are those of the table of values', async () => {
  const config = await loadConfig({})
  assert.equal(config.deviceCodeSeconds, 600)
  assert.equal(config.pollIntervalSeconds, 5)
  assert.equal(config.holdSeconds, 25)
  assert.equal(config.refreshIdleSeconds, 30 * 86_400)
  assert.equal(config.refreshAbsoluteSeconds, 90 * 86_400)
  assert.equal(config.sqliteSynchronous, 'FULL')
})

test('DA-14 DA-07 LP-02 RT-04 the bounds are those of the table, and the message names setting and variable', async () => {
  const bounds = {
    deviceCodeSeconds: [60, 1800],
    pollIntervalSeconds: [1, 60],
    holdSeconds: [0, 30],
    refreshGraceSeconds: [0, 30],
  }
  for (const [name, [low = 0, high = 0]] of Object.entries(bounds)) {
    for (const fine of [low, high]) await loadConfig({ options: { [name]: fine } })
    for (const wrong of [low - 1, high + 1, 1.5, 'x', Number.NaN]) {
      const message = await fault({ [name]: wrong })
      assert.ok(message.includes(name) && message.includes(variableName(name)), message)
    }
  }
  assert.match(await fault({ refreshIdleSeconds: 100, refreshAbsoluteSeconds: 60 }), /refreshIdleSeconds/)
})

test('a flag beats a variable, a variable beats the file, and an unknown name is told', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'config-')), 'c.json')
  writeFileSync(file, JSON.stringify({ port: 1, host: 'file', holdSeconds: 3 }))
  const env = { COUNTERSIGN_PORT: '2', COUNTERSIGN_HOST: 'env', COUNTERSIGN_ISSUER: '' }
  const config = await loadConfig({ options: { port: 4, issuer: undefined }, env, file })
  assert.deepEqual([config.port, config.host, config.holdSeconds, config.issuer], [4, 'env', 3, undefined])
  assert.match(await fault({ prot: 1 }), /no setting named prot/)
  writeFileSync(file, '{')
  await assert.rejects(loadConfig({ file }), ConfigError)
  await assert.rejects(loadConfig({ file: `${file}.missing` }), ConfigError)
})

test('G-01 MD-04 an issuer is https, or http on loopback, without query or fragment, and written plainly', async () => {
  for (const issuer of [
    'https://a.example',
    'https://a.example/',
    'https://a.example:8443/t',
    'http://localhost:4000',
    'http://127.0.0.1:1',
    'http://[::1]:1',
  ])
    assert.equal((await loadConfig({ options: { issuer } })).issuer, issuer)
  const wrong = [
    'http://a.example',
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'ftp://a',
    'a.example',
    '',
    'https://a.example?x=1',
    'https://a.example#x',
    'https://a.example/?',
    'https://u:p@a.example',
    'https://A.example',
    'https://a.example:443',
    'https://a.example/a/../b',
    'http://0.0.0.0:1',
  ]
  for (const issuer of wrong.filter((one) => one !== ''))
    assert.match(await fault({ issuer }), /issuer/, issuer)
})

test('G-16 trusted proxies are addresses or networks, as a list or with commas', async () => {
  const config = await loadConfig({ env: { COUNTERSIGN_TRUSTED_PROXIES: '10.0.0.0/8, ::1' } })
  assert.deepEqual(config.trustedProxies, ['10.0.0.0/8', '::1'])
  const list = trustedProxyList(config.trustedProxies)
  assert.deepEqual(
    [list.check('10.1.2.3'), list.check('11.1.2.3'), list.check('::1', 'ipv6')],
    [true, false, true],
  )
  for (const wrong of ['proxy.example', '10.0.0.0/33', '10.0.0.0/x', '::/129', '10.0.0.0/-1'])
    assert.match(await fault({ trustedProxies: [wrong] }), /trustedProxies/)
})

test('G-16 a proxy entry that believes nearly everybody stops the start, in one line that names it', async () => {
  const catchAll = [
    '0.0.0.0/0',
    '::/0',
    '0.0.0.0/1',
    '128.0.0.0/1',
    '10.0.0.0/7',
    '2000::/3',
    '::ffff:0:0/96',
    '::ffff:10.0.0.0/103',
    '0:0:0:0:0:ffff::/97',
    '::/80',
  ]
  for (const entry of catchAll) {
    const said = await fault({ trustedProxies: ['127.0.0.1', entry] })
    assert.match(
      said,
      /^The setting trustedProxies \(COUNTERSIGN_TRUSTED_PROXIES\) is wrong: [^\n]+ believe [^\n]+$/,
    )
    assert.ok(said.includes(entry), said)
  }
  for (const entry of ['10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/ 8', ''])
    assert.match(await fault({ trustedProxies: [entry] }), /is no address or network/)
  for (const entry of ['10.0.0.0/8', 'fc00::/7', '::ffff:10.0.0.0/104', '::1', '2001:db8::/32'])
    assert.ok(trustedProxyList([entry]), entry)
})
