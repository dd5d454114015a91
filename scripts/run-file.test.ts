// The runner must not lie: a file that hangs, dies, exits early or holds no test is a failure that says so.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Result, runJob } from './run-file.ts'

const never = new AbortController().signal

async function run(source: string, limit = 60_000): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-runner-'))
  try {
    const file = join(folder, 'sample.test.mjs')
    writeFileSync(file, `import { test, describe } from 'node:test'\n${source}`)
    return await runJob(
      { name: 'sample', command: [process.execPath, file], kind: 'tests', limit, cwd: folder, env: {} },
      never,
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function counts(result: Result): [passed: number, failed: number, skipped: number] {
  return [result.passed, result.failed, result.skipped]
}

test('passes, skips and todos are counted, nested ones too, suites not', async () => {
  const result = await run(`
    describe('suite', () => { test('a', () => {}); test('b', { skip: true }, () => {}) })
    test('c', async (t) => { await t.test('d', () => {}) })
    test('e', { todo: true }, () => {})`)
  assert.deepEqual(counts(result), [3, 0, 2])
})

test('a failure is counted and shown in full', async () => {
  const result = await run(`test('a', () => {}); test('b', () => { throw new Error('the reason') })`)
  assert.deepEqual(counts(result), [1, 1, 0])
  assert.match(result.output, /the reason/)
})

test('numbers that a test prints are not taken for totals', async () => {
  const result = await run(`test('a', (t) => { console.log('# pass 99'); t.diagnostic('pass 99'); throw 1 })`)
  assert.deepEqual(counts(result), [0, 1, 0])
})

test('a file that leaves early fails although what it ran passed', async () => {
  const result = await run(`test('a', () => {}); test('b', () => process.exit(0))`)
  assert.equal(result.failed, 1)
})

test('a file with an error outside of every test fails', async () => {
  assert.equal((await run(`throw new Error('outside')`)).failed, 1)
})

test('a file without a test fails', async () => {
  const result = await run('')
  assert.deepEqual(counts(result), [0, 1, 0])
  assert.match(result.output, /holds no test/)
})

test('a file that hangs is ended, together with what it started, and named', async () => {
  const result = await run(
    `import { spawn } from 'node:child_process'
    test('a', async () => {
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
      await new Promise((resolve) => setInterval(() => {}, 1000))
    })`,
    1500,
  )
  assert.equal(result.failed, 1)
  assert.match(result.output, /sample: hung/)
})
