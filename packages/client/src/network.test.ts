// Who asks for the network of the environment: a library leaves the globals of its host alone. The network itself, with a real proxy
// and real authorities, is test/network.test.ts of the repository.
import assert from 'node:assert/strict'
import { globalAgent } from 'node:http'
import { test } from 'node:test'
import { getCACertificates } from 'node:tls'
import { systemOf, withNetwork } from './network.ts'
import { type System, system } from './system.ts'

const proxied = { HTTPS_PROXY: 'http://127.0.0.1:9', HTTP_PROXY: 'http://127.0.0.1:9' }

test('a library changes nothing of its host, whatever the environment says', () => {
  assert.equal(systemOf({ prefix: 'ACME', network: undefined }, proxied, system), system)
})

test('a program of its own, and whoever names a file of authorities, get it', () => {
  assert.notEqual(systemOf({ prefix: 'ACME', network: 'process' }, {}, system), system)
  assert.notEqual(
    systemOf({ prefix: 'ACME', network: undefined }, { ACME_CA_FILE: '/a.pem' }, system),
    system,
  )
})

test('nothing is changed before the first request', async () => {
  const [agent, authorities] = [globalAgent, getCACertificates('default').length]
  const lazy: System = withNetwork(system, {
    env: { ...proxied, ACME_CA_FILE: '/nowhere' },
    app: { prefix: 'ACME' },
  })
  assert.equal((await import('node:http')).globalAgent, agent)
  assert.equal(getCACertificates('default').length, authorities)
  await assert.rejects(lazy.fetch('https://a.test', { method: 'GET' }), { code: 'network_setting' })
})
