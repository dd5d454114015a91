// The helpers of the other tests do what they say: a browser that renders, databases that are apart, output that is kept.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { test } from 'node:test'
import pg from 'pg'
import { findChromium, launchChromium } from './chromium.ts'
import { startPostgres } from './postgres.ts'
import { startProgram } from './process.ts'

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

test('Chromium opens a page of a loopback server and submits its form without scripts', async () => {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html')
    response.end(
      request.method === 'POST' ? '<h1>sent</h1>' : '<form method="post"><button>go</button></form>',
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const browser = await launchChromium()
  try {
    const page = await (await browser.newContext({ javaScriptEnabled: false })).newPage()
    await page.goto(`http://127.0.0.1:${address.port}/`)
    await page.click('button')
    assert.equal(await page.textContent('h1'), 'sent')
  } finally {
    await browser.close()
    server.close()
  }
})

test('a wrong CHROMIUM_PATH is an error that names it, never another browser', () => {
  assert.throws(() => findChromium({ CHROMIUM_PATH: '/no/such/browser' }), /\/no\/such\/browser/)
})

test('PostgreSQL is real, runs as somebody else than root, and its databases are apart', async () => {
  const postgres = await startPostgres()
  try {
    const other = await postgres.createDatabase()
    await query(postgres.url, 'CREATE TABLE one (id int)')
    await assert.rejects(query(other, 'SELECT * FROM one'), /does not exist/)
    const [row] = await query(other, 'SELECT current_setting($$server_version_num$$)::int AS version')
    assert.ok((row as { version: number }).version >= 160000)
  } finally {
    await postgres.stop()
  }
})

test('PostgreSQL of its own takes settings, writes durably when asked, and is gone after stop', async () => {
  const postgres = await startPostgres({ fsync: true, settings: { max_connections: '17' } })
  const settings = await query(
    postgres.url,
    `SELECT current_setting('fsync') AS fsync, current_setting('max_connections') AS connections`,
  ).finally(() => postgres.stop())
  assert.deepEqual(settings, [{ fsync: 'on', connections: '17' }])
  await assert.rejects(query(postgres.url, 'SELECT 1'), /ECONNREFUSED/)
})

test('a program that ends instead of getting ready fails with what it printed', async () => {
  const program = startProgram(['no-such-command'])
  await assert.rejects(
    program.readyLine(),
    /countersign no-such-command ended with code 2[\s\S]*stderr: +✗ Unknown command/,
  )
})
