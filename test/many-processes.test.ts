// One approved code and two hundred polls at once: one sign-in comes of it, whether one process serves or four share a
// SQLite file or a PostgreSQL. The same race inside the store is store/contract.ts; here everything is real.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore, type Store } from '@countersign/server'
import { freePort } from './support/free-port.ts'
import { addMia, openPerson } from './support/person.ts'
import { startPostgres } from './support/postgres.ts'
import { startServer } from './support/process.ts'

const polls = 200
const settings = { COUNTERSIGN_LOG_LEVEL: 'error', COUNTERSIGN_RATE_INVALID_PER_ADDRESS: '100000' }

type Answer = { status: number; body: Record<string, string> }

/** Over as many connections as there are polls, because one connection would put them in a row. */
function post(issuer: string, path: string, form: Record<string, string>, agent: Agent): Promise<Answer> {
  const body = new URLSearchParams(form).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length }
  return new Promise((resolve, reject) => {
    const call = request(issuer + path, { method: 'POST', headers, agent }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          body: text === '' ? {} : (JSON.parse(text) as Answer['body']),
        }),
      )
    })
    call.on('error', reject)
    call.end(body)
  })
}

/** Three times over, because a race that is lost rarely is lost sometimes. */
async function race(urls: readonly string[], store: Store): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: polls })
  const url = (i: number) => urls[i % urls.length] ?? ''
  const person = openPerson(() => url(0))
  await person.signIn()
  for (let round = 1; round <= 3; round++) {
    const device = await post(url(1), '/oauth/device/authorize', { client_id: 'countersign-cli' }, agent)
    const form = {
      client_id: 'countersign-cli',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: device.body.device_code ?? '',
    }
    await person.decide(device.body.user_code ?? '', 'allow')
    const answers = await Promise.all(
      Array.from({ length: polls }, (_, i) => post(url(i), '/oauth/token', form, agent)),
    )
    const granted = answers.filter(({ status }) => status === 200)
    assert.equal(granted.length, 1)
    for (const { status, body } of answers) {
      if (status === 200) continue
      assert.equal(status, 400, JSON.stringify(body))
      assert.match(body.error ?? '', /^(invalid_grant|slow_down)$/)
    }
    assert.equal((await store.list('grant')).length, round)
    // What the winner got works on every process, at once.
    for (const one of urls) {
      const headers = { authorization: `Bearer ${granted[0]?.body.access_token}` }
      assert.equal((await fetch(`${one}/oauth/userinfo`, { headers })).status, 200)
    }
  }
  agent.destroy()
}

/** Several processes under one issuer, as behind a load balancer, all started at once on an empty database. */
async function withServers(
  count: number,
  where: { data: string; databaseUrl?: string },
  body: (urls: readonly string[]) => Promise<void>,
): Promise<void> {
  const ports = await Promise.all(Array.from({ length: count }, () => freePort()))
  const env = { ...settings, COUNTERSIGN_ISSUER: `http://localhost:${ports[0]}` }
  const started = await Promise.allSettled(
    ports.map((port) => startServer({ ...where, env, args: ['--port', `${port}`] })),
  )
  const servers = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  try {
    for (const one of started) if (one.status === 'rejected') throw one.reason
    await body(ports.map((port) => `http://localhost:${port}`))
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
}

test('DT-08 F-05 200 polls of one code on one server', async () => {
  const data = mkdtempSync(join(tmpdir(), 'countersign-race-'))
  await withServers(1, { data }, (urls) => onSqlite(urls, data))
})

test('DT-08 F-05 200 polls of one code on four processes that share a SQLite file', async () => {
  const data = mkdtempSync(join(tmpdir(), 'countersign-race-'))
  await withServers(4, { data }, (urls) => onSqlite(urls, data))
})

test('DT-08 F-05 200 polls of one code on four processes that share a PostgreSQL', async () => {
  const postgres = await startPostgres()
  const data = mkdtempSync(join(tmpdir(), 'countersign-race-'))
  try {
    await withServers(4, { data, databaseUrl: postgres.url }, async (urls) => {
      await addMia('--data', data, '--database-url', postgres.url)
      const store = await openStore({ databaseUrl: postgres.url })
      await race(urls, store).finally(() => store.close())
    })
  } finally {
    await postgres.stop()
    rmSync(data, { recursive: true, force: true })
  }
})

async function onSqlite(urls: readonly string[], data: string): Promise<void> {
  await addMia('--data', data)
  const store = await openStore({ path: join(data, 'countersign.db') })
  await race(urls, store).finally(async () => {
    await store.close()
    rmSync(data, { recursive: true, force: true })
  })
}
