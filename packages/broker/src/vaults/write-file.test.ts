// When the file of credentials is on the disk: before it has its name, and its name before anybody is told that it is stored.
// Everything else about it is auth-json.test.ts; what a process that is killed leaves is test/broker/auth-json.test.ts.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { system } from '@countersign/client/system'
import { readWhole, replaceWhole } from './write-file.ts'

// A power cut cannot be had in a test: what is looked at is when the system is asked to write everything out, and what is there then.
test('S3 3.6 #5835 #5843 fsync: of the new file before it has the name, of the directory before it is said to be stored', {
  skip: process.platform !== 'linux' && 'which file it is, is read in /proc',
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-write-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'auth.json')
  const named = () => (existsSync(path) ? readFileSync(path, 'utf8') : 'nothing')

  const handle = await open(folder)
  const prototype = Object.getPrototypeOf(handle) as Pick<FileHandle, 'sync'>
  await handle.close()
  const sync = prototype.sync
  const synced: string[][] = []
  t.mock.method(prototype, 'sync', async function (this: FileHandle) {
    const file = readlinkSync(`/proc/self/fd/${this.fd}`)
    const text = statSync(file).isFile() ? readFileSync(file, 'utf8') : 'names'
    synced.push([basename(file).replace(/\.tmp\..*/, '.tmp'), text, named()])
    await sync.call(this)
    synced.push(['done'])
  })

  for (const [before, text] of [
    ['nothing', 'old'],
    ['old', 'new'],
  ] as const) {
    const { identity } = await readWhole(path)
    assert.equal(await replaceWhole(path, text, identity, system), true)
    assert.deepEqual(synced.splice(0), [
      ['auth.json.tmp', text, before],
      ['done'],
      [basename(folder), 'names', text],
      ['done'],
    ])
  }
})
