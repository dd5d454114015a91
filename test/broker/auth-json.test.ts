// An auth.json that several programs write at once, for real: nothing that any of them was told is stored is ever lost, and a
// killed one leaves the old file or the new one.

import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { authJsonVault } from '@countersign/broker'

const here = import.meta.dirname
const hasPython = spawnSync('python3', ['-c', 'import fcntl']).status === 0

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

type Writer = { child: ChildProcess; stored: () => string[]; end: Promise<unknown[]> }

function startWriter(program: string, path: string, prefix: string, count: number, atOnce = 1): Writer {
  const script = program === 'python3' ? 'auth-json-writer.py' : 'auth-json-writer.ts'
  const child = spawn(program, [join(here, script), path, prefix, String(count), String(atOnce)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const end = once(child, 'close').finally(() => running.delete(child))
  // The last line may be cut off in the middle.
  const stored = () =>
    said
      .split('\n')
      .slice(0, -1)
      .filter((line) => line.startsWith('stored '))
      .map((line) => line.slice(7))
  return { child, stored, end }
}

async function inFolder(work: (path: string, folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-auth-json-'))
  try {
    await work(join(folder, 'auth.json'), folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

type Entry = { id: string; countersign?: { id: string } }

function idsIn(path: string, pool: string): string[] {
  const text = readFileSync(path, 'utf8')
  const document = JSON.parse(text) as { credential_pool: Record<string, Entry[]> }
  return (document.credential_pool[pool] ?? []).map(({ id, countersign }) => countersign?.id ?? id)
}

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`)

test('S3-6 two of our programs, a thousand writes each at once: none is lost', () =>
  inFolder(async (path) => {
    const writers = ['a', 'b'].map((prefix) => startWriter(process.execPath, path, prefix, 1000, 5))
    for (const { end } of writers) assert.deepEqual(await end, [0, null])
    const expected = [...numbered('a', 1000), ...numbered('b', 1000)].sort()
    const stored = writers.flatMap((writer) => writer.stored())
    assert.deepEqual(stored.sort(), expected)
    assert.deepEqual(idsIn(path, 'openai-codex').sort(), expected)
  }))

test(
  'S3-6 ours and a Python program that takes fcntl.flock, a thousand writes each at once: none is lost',
  {
    skip: !hasPython && 'there is no python3 with fcntl here',
  },
  () =>
    inFolder(async (path) => {
      const python = startWriter('python3', path, 'p', 1000)
      assert.ok(python.child.stdout)
      await once(python.child.stdout, 'data')
      const ours = startWriter(process.execPath, path, 'a', 1000, 5)
      assert.deepEqual(await ours.end, [0, null])
      assert.deepEqual(await python.end, [0, null])
      assert.deepEqual(idsIn(path, 'openai-codex').sort(), numbered('a', 1000).sort())
      assert.deepEqual(idsIn(path, 'anthropic'), numbered('p', 1000))
      // A float of Python stays one in a file that JavaScript wrote last.
      await authJsonVault({ path }).remove(
        (await authJsonVault({ path }).list(path, 'mia'))[0] ?? assert.fail(),
      )
      assert.equal(readFileSync(path, 'utf8').match(/"weight": 1\.0/g)?.length, 1000)
    }),
)

test('S3 3.6 a writer killed at any moment leaves a whole file of its owner’s, all that it said it stored, and no lock', () =>
  inFolder(async (path, folder) => {
    const expected: string[] = []
    for (let round = 0; round < 25; round++) {
      const writer = startWriter(process.execPath, path, `r${round}-`, 1_000_000)
      while (writer.stored().length < round % 5) await once(writer.child.stdout ?? assert.fail(), 'data')
      // No moment is special, so all are tried: a write takes a few milliseconds.
      await new Promise((resolve) => setTimeout(resolve, (round * 7) % 11))
      writer.child.kill('SIGKILL')
      assert.deepEqual(await writer.end, [null, 'SIGKILL'])
      expected.push(...writer.stored())
      if (expected.length === 0) continue
      assert.equal(statSync(path).mode & 0o777, 0o600)
      const there = new Set(idsIn(path, 'openai-codex'))
      for (const id of expected) assert.ok(there.has(id), `${id} is lost`)
    }
    assert.ok(expected.length > 0)
    const last = startWriter(process.execPath, path, 'last-', 1)
    assert.deepEqual(await last.end, [0, null])
    assert.deepEqual(last.stored(), ['last-0'])
    for (const name of readdirSync(folder))
      assert.match(name, /^auth\.(json|lock|json\.tmp\.\d+\.[0-9a-f]{16})$/)
  }))
