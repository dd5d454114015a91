// Answers that cannot be written, and bodies that cannot be read, inside somebody else's server: a fault of ours must not end
// their process. Mounted in real frameworks: the workspace's test/host-application.test.ts.

import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, BlockList } from 'node:net'
import { test } from 'node:test'
import type { Handler } from './handler.ts'
import { json } from './http.ts'
import { createNodeListener, type NodeListener } from './node-listener.ts'

async function answerOf(
  listener: NodeListener,
  withNext: boolean,
): Promise<{ status: number; body: string }> {
  const server = createServer((request, response) =>
    withNext
      ? listener(request, response, (error) => response.writeHead(502).end(String(error)))
      : listener(request, response),
  )
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  try {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/auth/x`)
    return { status: answer.status, body: await answer.text() }
  } finally {
    server.close()
  }
}

const listenerOf = (handler: Handler) =>
  createNodeListener({
    handler,
    owns: (path) => path.startsWith('/auth/'),
    trustedProxies: new BlockList(),
  })

test('what cannot be written, and what fails, goes to the host’s own error handling, or is a 500', async () => {
  const faults: readonly Handler[] = [
    async () => ({ status: 200, headers: { 'x-odd': 'a\nb' }, body: '' }),
    async () => ({ status: 99, headers: {}, body: '' }),
    async () => {
      throw new Error('a fault')
    },
  ]
  for (const handler of faults) {
    assert.equal((await answerOf(listenerOf(handler), true)).status, 502)
    const bare = await answerOf(listenerOf(handler), false)
    assert.deepEqual([bare.status, JSON.parse(bare.body)], [500, { error: 'server_error' }])
  }
  const good = listenerOf(async () => json(200, { fine: true }))
  assert.equal((await answerOf(good, true)).status, 200)
})
