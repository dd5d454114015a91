// S3 3.2, where a restart lost every flow: a real process is killed in the middle of one, and another goes on with it from the
// database. All the other moments at which a process can die are in flows.interleavings.test.ts.

import assert from 'node:assert/strict'
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { test } from 'node:test'
import { system } from '@countersign/client/system'
import { json, paths, startScriptedServer, tokensOf } from '@countersign/client/testing'

test('S3 3.2 kill -9 in the middle of a flow, twice: the same code is shown, and its approval connects', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'broker-restart-'))
  const server = await startScriptedServer()
  t.after(async () => {
    await server.close()
    await rm(folder, { recursive: true })
  })
  const asked = Promise.withResolvers<void>()
  server.on(paths.token, (request, response) => {
    asked.resolve()
    return json(400, { error: 'authorization_pending' })(request, response)
  })
  const arguments_ = [join(folder, 'broker.db'), server.issuer, String(system.now())]

  const first = program(arguments_)
  const shown = await first.line()
  await asked.promise
  await first.kill()

  const held = Promise.withResolvers<void>()
  // The second dies while its question is on its way.
  server.on(paths.token, () => held.resolve())
  const second = program(arguments_)
  assert.deepEqual(await second.line(), shown, 'the same flow, the same code')
  await held.promise
  await second.kill()

  server.on(paths.token, json(200, tokensOf()))
  const third = program(arguments_)
  assert.deepEqual(await third.line(), shown)
  assert.deepEqual(await third.line(), { state: 'success', connections: 1, token: 'ACCESS-canary-1' })
  assert.equal(await third.code(), 0)
  assert.equal(server.at(paths.device).length, 1, 'the provider was asked for one code')
})

function program(arguments_: readonly string[]) {
  const file = join(import.meta.dirname, 'testing/restart-child.ts')
  const child: ChildProcessByStdio<null, Readable, null> = spawn(process.execPath, [file, ...arguments_], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    async line(): Promise<unknown> {
      const { value } = await lines.next()
      return JSON.parse(String(value))
    },
    async kill(): Promise<void> {
      child.kill('SIGKILL')
      await ended
    },
    code: async (): Promise<unknown> => (await ended)[0],
  }
}
