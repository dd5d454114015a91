// The setting `connections`, what whoever connects is given, and what of it reaches the audit log. The real broker behind it is
// tested in the workspace's test/journey and test/broker.

import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { ConfigError, loadConfig } from './config.ts'
import { createCountersign } from './countersign.ts'
import { silentLog } from './log.ts'
import { type Connect, type ConnectParts, openConnections } from './open-connections.ts'
import { startServer } from './start.ts'
import { testConnections } from './testing/connections.ts'
import { createTestServer } from './testing/services.ts'

const github = { kind: 'github', clientId: 'Iv1.abc' } as const
const fixed = { port: 0, store: 'memory', log: silentLog } as const

async function started(entries: readonly object[], options: Record<string, unknown> = {}) {
  const given: ConnectParts[] = []
  const connections = testConnections()
  let closed = 0
  const connect: Connect = async (parts) => {
    given.push(parts)
    return {
      ...connections,
      close: async () => {
        closed += 1
      },
    }
  }
  const folder = mkdtempSync(join(tmpdir(), 'connections-'))
  const config = join(folder, 'config.json')
  writeFileSync(config, JSON.stringify({ connections: entries }))
  const server = await startServer({ ...fixed, config, data: folder, connect, ...options })
  await server.close()
  return { given, folder, closed, issuer: server.issuer }
}

async function refused(entry: unknown, env: Record<string, string> = {}): Promise<string> {
  const error = await loadConfig({ options: { connections: [entry] }, env }).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ConfigError, JSON.stringify(entry))
  assert.doesNotMatch(error.message, /\n/)
  return error.message
}

test('an entry that cannot be used stops the start with one line that says where', async () => {
  assert.match(await refused({ kind: 'gitea', clientId: 'x' }), /connections .*at 0\.kind/)
  assert.match(await refused({ kind: 'github' }), /at 0\.clientId/)
  assert.match(await refused({ kind: 'device', clientId: 'x' }), /needs an id and an issuer/)
  assert.match(await refused({ ...github, id: 'A b' }), /use a-z, 0-9 and dashes/)
  assert.match(await refused({ ...github, clientID: 'x' }), /connections.*clientID|named clientID/)
  assert.match(
    await refused({ kind: 'device', id: 'corp', clientId: 'x', issuer: 'http://login.example' }),
    /use https; plain http is for loopback hosts only/,
  )
  assert.match(await refused({ ...github, clientSecret: { env: 'NOT_THERE' } }), /variable NOT_THERE/)
  const twice = loadConfig({ options: { connections: [github, github] } })
  await assert.rejects(twice, /each id once/)
})

test('without entries nobody is asked to connect; with entries and nobody to ask the server does not start', async () => {
  assert.equal((await started([])).given.length, 0)
  const options = { issuer: 'https://login.example', store: 'memory' as const, connections: [github] }
  await assert.rejects(createCountersign({ ...options, log: silentLog }), ConfigError)
})

test('who connects gets the entries with their secrets, an address to come back to, and is closed with the server', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'connections-'))
  writeFileSync(join(folder, 'secret'), 'from the file\n')
  const entries = [
    { ...github, clientSecret: { file: join(folder, 'secret') } },
    { kind: 'github', id: 'work', clientId: 'x', clientSecret: { env: 'WORK_SECRET' } },
    { kind: 'slack', clientId: 'y', clientSecret: 'plain' },
  ]
  const { given, closed, issuer } = await started(entries, { env: { WORK_SECRET: 'from the variable' } })
  const [parts] = given
  const seen = parts?.settings.map(({ id, clientSecret }) => [id, clientSecret])
  assert.deepEqual(seen, [
    [undefined, 'from the file'],
    ['work', 'from the variable'],
    [undefined, 'plain'],
  ])
  assert.equal(parts?.redirectUri, `${issuer}/account/connections/callback`)
  assert.equal(parts?.store, 'memory')
  assert.equal(closed, 1)
})

test('the key is the same after a restart, has 32 bytes, and is not the master key', async () => {
  const first = await started([github], { store: 'sqlite' })
  const { folder } = first
  const again = await started([github], { store: 'sqlite', data: folder })
  const [one, two] = [first.given[0], again.given[0]]
  assert.deepEqual(one?.store, { path: join(folder, 'connections.db') })
  assert.equal(one?.key.length, 32)
  assert.deepEqual(one?.key, two?.key)
  const master = Buffer.from(readFileSync(join(folder, 'master.key'), 'utf8').trim(), 'base64url')
  assert.notDeepEqual(Buffer.from(one?.key ?? []), master)
})

test('on PostgreSQL the connections are in the same database', async () => {
  const server = await createTestServer({
    settings: {
      databaseUrl: 'postgres://db.example/countersign',
      connections: [github],
    },
  })
  const given: ConnectParts[] = []
  await openConnections(async (parts) => {
    given.push(parts)
    return testConnections()
  }, server.services)
  assert.deepEqual(given[0]?.store, { databaseUrl: 'postgres://db.example/countersign' })
})

test('a setting that only the broker can judge stops the start, too', async () => {
  const connect: Connect = async () => {
    throw Object.assign(new Error('An unknown device.'), { code: 'wrong_setting' })
  }
  await assert.rejects(
    started([github], { connect }),
    (error: unknown) =>
      error instanceof ConfigError &&
      error.message === 'The setting connections is wrong: An unknown device.',
  )
})

test('what becomes of connections is in the audit log, but for renewing, and no token is in it', async () => {
  const server = await createTestServer({ settings: { connections: [github] } })
  const connections = testConnections()
  await openConnections(async () => connections, server.services)
  const event = { person: 'usr_mia', provider: 'github', connection: 'con-1' }
  connections.tell({ ...event, type: 'connected' })
  connections.tell({ ...event, type: 'refreshed' })
  connections.tell({ ...event, type: 'failed', why: 'refused' })
  connections.tell({ ...event, type: 'disconnected' })
  const entries = await server.services.store.list('auditEntry')
  const told = entries.map(({ event: name, actor, accountId, detail }) => [
    name,
    actor.kind,
    accountId,
    detail,
  ])
  assert.deepEqual(told.toSorted(), [
    ['connection.connected', 'account', 'usr_mia', { provider: 'github', connection: 'con-1' }],
    ['connection.disconnected', 'account', 'usr_mia', { provider: 'github', connection: 'con-1' }],
    ['connection.failed', 'server', 'usr_mia', { provider: 'github', connection: 'con-1', why: 'refused' }],
  ])
})
