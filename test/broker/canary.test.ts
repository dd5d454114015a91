// Secrets of connections stay on the server: somebody connects accounts at a real provider in a real browser, and then every device code,
// code, verifier and token that was given out is looked for in all that left the server or lies on its disk.

import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ConnectionsWorld, startConnectionsWorld } from '../journey/connections-world.ts'
import { formsOf, journey, type Kept, kindsOfSecrets, leaked } from './canary-journey.ts'

let data: string
let world: ConnectionsWorld
let kept: Kept
before(async () => {
  data = mkdtempSync(join(tmpdir(), 'countersign-canary-'))
  world = await startConnectionsWorld({ data })
  try {
    kept = await journey(world, async () => filesOfStore())
  } finally {
    await world.close()
  }
  kept.stored.push(filesOfStore())
})
after(() => rmSync(data, { recursive: true, force: true }))

/** All files, with what is still in write-ahead logs; the key that it is sealed under lies in one beside them. */
function filesOfStore(): Buffer {
  const names = globSync('**/*', { cwd: data }).filter((name) => name !== 'master.key')
  assert.ok(names.includes('connections.db') && names.includes('countersign.db'))
  return Buffer.concat(names.map((name) => readFileSync(join(data, name))))
}

test('there were secrets of every kind, and they would be found in every form', () => {
  assert.deepEqual([...world.upstream.secrets.keys()].toSorted(), kindsOfSecrets.toSorted())
  const [token = ''] = world.upstream.secrets.get('access_token') ?? []
  assert.ok(token.length > 30)
  for (const form of formsOf(token)) assert.deepEqual(leaked(world, `<${form}>`), ['access_token'])
  assert.deepEqual(leaked(world, Buffer.from(`{"x":"${token}"}`).toString('base64')), ['access_token'])
})

test('CL-17 no secret of a connection is in any answer to the browser', () => {
  const asked = [...kept.answers.keys()].join('\n')
  for (const path of ['/account/connections', '/status', '/account/connections/connect', '/callback'])
    assert.ok(asked.includes(path), path)
  for (const [url, answer] of kept.answers) assert.deepEqual(leaked(world, answer), [], url)
})

test('CL-17 no secret of a connection is in any address, but for the code that the provider sends back', () => {
  assert.ok(kept.addresses.some((url) => url.includes('/account/connections/callback/shop?')))
  for (const url of kept.addresses) {
    const but = url.startsWith(`${world.issuer}/account/connections/callback/shop?`) ? ['code'] : []
    assert.deepEqual(leaked(world, decodeURIComponent(url), but), [], url.split('?')[0])
  }
})

test('G-20 no secret of a connection is in the log, which tells what happened', () => {
  const { stdout, stderr } = world.server.program
  for (const event of ['connection connected', 'connection disconnected'])
    assert.match(stderr(), new RegExp(event))
  assert.deepEqual(leaked(world, stdout() + stderr()), [])
})

test('G-13 no secret of a connection is in the database in clear: not while a code waits, not afterwards', () => {
  assert.equal(kept.stored.length, 5)
  for (const bytes of kept.stored) assert.deepEqual(leaked(world, bytes), [])
  assert.ok(kept.stored[2]?.includes('There and back'))
})

test('G-13 the database of connections is for its owner alone', () => {
  if (process.platform === 'win32') return
  assert.equal(statSync(join(data, 'connections.db')).mode & 0o777, 0o600)
})
