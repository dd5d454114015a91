// Starting and stopping a server in this process, on a port of its own.

import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openAdmin } from './admin/open-admin.ts'
import { ConfigError } from './config.ts'
import { silentLog } from './log.ts'
import { type ServeOptions, startServer } from './start.ts'
import { openSqliteStore } from './store/sqlite.ts'

const start = (options: ServeOptions = {}) =>
  startServer({ port: 0, store: 'memory', log: silentLog, ...options })

test('MD-03 G-01 it serves on the port that was free, under an issuer that names it, and says how to make the first account', async () => {
  const server = await start()
  try {
    assert.match(server.issuer, /^http:\/\/localhost:\d+$/)
    assert.match(server.setupUrl ?? '', new RegExp(`^${server.issuer}/setup/[A-Za-z0-9_-]{43}$`))
    const response = await fetch(`${server.issuer}/.well-known/oauth-authorization-server`)
    assert.equal(((await response.json()) as { issuer: string }).issuer, server.issuer)
  } finally {
    await server.close()
  }
})

test('LP-12 stopping answers what is held and takes no more', async () => {
  const server = await start()
  const post = async (path: string, form: Record<string, string>, headers: Record<string, string> = {}) => {
    const response = await fetch(`${server.issuer}${path}`, {
      method: 'POST',
      body: new URLSearchParams(form),
      headers,
    })
    return (await response.json()) as Record<string, string>
  }
  const device = await post('/oauth/device/authorize', { client_id: 'countersign-cli' })
  const poll = post(
    '/oauth/token',
    {
      client_id: 'countersign-cli',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: device.device_code ?? '',
    },
    { prefer: 'wait=25' },
  )
  const isHeld = async () =>
    /countersign_held_polls 1/.test(await (await fetch(`${server.issuer}/metrics`)).text())
  while (!(await isHeld())) await new Promise((resolve) => setTimeout(resolve, 5))
  await server.close()
  assert.equal((await poll).error, 'authorization_pending')
  await assert.rejects(fetch(`${server.issuer}/health/live`))
})

test('G-01 settings that cannot be used stop the start and leave nothing running', async () => {
  await assert.rejects(start({ issuer: 'http://login.example' }), ConfigError)
  await assert.rejects(start({ host: '203.0.113.1' }), ConfigError)
  await assert.rejects(start({ store: 'postgres' }), ConfigError)
  const first = await start()
  try {
    await assert.rejects(start({ port: Number(new URL(first.issuer).port) }), ConfigError)
  } finally {
    await first.close()
  }
})

test('JK-05 a second start on the same folder has the same keys, and no setup link once there is an account', async () => {
  const data = mkdtempSync(join(tmpdir(), 'start-'))
  const keysOf = async (issuer: string) => (await fetch(`${issuer}/oauth/jwks`)).text()
  const { store: _memory, ...onDisk } = { store: 'memory', port: 0, data, log: silentLog }
  const first = await startServer(onDisk)
  const keys = await keysOf(first.issuer)
  await first.close()
  const second = await startServer(onDisk)
  assert.equal(await keysOf(second.issuer), keys)
  await second.close()
})

test('a server that stops leaves no entry of the audit log outside its chain', async () => {
  const data = mkdtempSync(join(tmpdir(), 'start-'))
  const server = await startServer({ data, port: 0, log: silentLog })
  const admin = await openAdmin({ data })
  await admin.addClient({ id: 'late', name: 'Late', public: true })
  await admin.close()
  await server.close()
  const store = openSqliteStore({ path: join(data, 'countersign.db') })
  assert.ok((await store.list('auditEntry')).length > 0)
  assert.deepEqual(await store.find('auditEntry', 'link', 'open'), [])
  await store.close()
})
