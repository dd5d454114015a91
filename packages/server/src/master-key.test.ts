// The master key file: made once, for its owner only, whole or not at all.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { ConfigError, loadConfig } from './config.ts'
import { loadMasterKey } from './master-key.ts'
import { createSystem } from './system.ts'

const newFolder = () => join(mkdtempSync(join(tmpdir(), 'master-key-')), 'data')
const load = async (options: Record<string, unknown>) =>
  Buffer.from(loadMasterKey(await loadConfig({ options }), createSystem()))

test('JK-17 the first start makes it, readable by its owner only, and later starts read it', async () => {
  const data = newFolder()
  const key = await load({ data })
  assert.equal(key.length, 32)
  assert.equal(statSync(join(data, 'master.key')).mode & 0o777, 0o600)
  assert.equal(statSync(data).mode & 0o777, 0o700)
  assert.deepEqual(readdirSync(data), ['master.key'])
  chmodSync(join(data, 'master.key'), 0o644)
  assert.deepEqual(await load({ data }), key)
  assert.equal(statSync(join(data, 'master.key')).mode & 0o777, 0o600)
})

test('a given key is taken in base64url or hex, and nothing is written', async () => {
  const data = newFolder()
  const key = Buffer.alloc(32, 9)
  assert.deepEqual(await load({ data, masterKey: key.toString('hex') }), key)
  assert.deepEqual(await load({ data, masterKey: key.toString('base64url') }), key)
  assert.throws(() => statSync(data))
  await assert.rejects(load({ data, masterKey: 'short' }), ConfigError)
})

test('a file that is no key stops the start instead of being replaced', async () => {
  const data = newFolder()
  await load({ data })
  writeFileSync(join(data, 'master.key'), 'torn')
  await assert.rejects(load({ data }), /master\.key is wrong/)
  assert.equal(readFileSync(join(data, 'master.key'), 'utf8'), 'torn')
})

test('processes that start at once agree on one key', async () => {
  const data = newFolder()
  const source = (name: string) => JSON.stringify(new URL(`./${name}`, import.meta.url).href)
  const program = `
    const [{ loadMasterKey }, { loadConfig }, { createSystem }] = await Promise.all([
      import(${source('master-key.ts')}), import(${source('config.ts')}), import(${source('system.ts')})])
    const config = await loadConfig({ options: { data: ${JSON.stringify(data)} } })
    process.stdout.write(Buffer.from(loadMasterKey(config, createSystem())).toString('hex'))`
  const run = promisify(execFile)
  const args = ['--input-type=module', '--eval', program]
  const keys = await Promise.all(Array.from({ length: 4 }, () => run(process.execPath, args)))
  assert.equal(new Set(keys.map(({ stdout }) => stdout)).size, 1)
  assert.match(keys[0]?.stdout ?? '', /^[0-9a-f]{64}$/)
})
