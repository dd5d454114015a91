// How one process shares the lock of an auth.json among all that it does with the file. The lock itself is file-lock.test.ts, and
// what is done under it auth-json.test.ts.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { system } from '@countersign/client/system'
import { createHolds } from './auth-json-lock.ts'

test('S3-6 a renewal that takes too long gives the lock back, but not under a write that has begun meanwhile', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-hold-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'auth.json')
  const limits: (() => void)[] = []
  const sleep = () => new Promise<void>((over) => limits.push(over))
  const ours = createHolds({ system: { ...system, sleep }, timeoutSeconds: 5 })
  // Only to be refused: a busy machine may need that long for a lock that is free.
  const others = createHolds({ system, timeoutSeconds: 0.2 })
  const patient = createHolds({ system, timeoutSeconds: 15 })
  const begin = async (hold: ReturnType<typeof createHolds>) => {
    const [begun, end] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const done = hold(path, () => {
      begun.resolve()
      return end.promise
    })
    await begun.promise
    return { end: end.resolve, done }
  }

  const renewal = await begin(ours)
  const write = await begin(ours)
  limits[0]?.()
  await assert.rejects(
    others(path, async () => {}),
    { code: 'vault_locked' },
  )
  write.end()
  await write.done
  await patient(path, async () => {})
  // It goes on without the lock, and what it ends does not end the lock of anybody else.
  const next = await begin(ours)
  renewal.end()
  await renewal.done
  await assert.rejects(
    others(path, async () => {}),
    { code: 'vault_locked' },
  )
  next.end()
  await next.done
  await patient(path, async () => {})
})
