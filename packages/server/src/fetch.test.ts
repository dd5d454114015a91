// The web-standard adapter: the same handler from a Request to a Response.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFetchHandler } from './fetch.ts'
import { json, type PlainRequest } from './http.ts'
import { createTestServer } from './testing/services.ts'

test('a device authorization through Request and Response', async () => {
  const server = await createTestServer()
  await server.addClient()
  const handle = createFetchHandler(server.handler, () => '192.0.2.3')
  const body = new URLSearchParams({ client_id: 'countersign-cli' })
  const response = await handle(
    new Request('https://login.example/oauth/device/authorize', { method: 'POST', body }),
  )
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('cache-control'), 'no-store')
  assert.ok(((await response.json()) as { device_code?: string }).device_code)
})

test('G-27 a body over the limit is 413, one that is not UTF-8 is marked', async () => {
  const seen: PlainRequest[] = []
  const handle = createFetchHandler(async (request) => {
    seen.push(request)
    return json(200, {})
  })
  const send = (body: BodyInit) => handle(new Request('https://a/x?y=1', { method: 'POST', body }))
  assert.equal((await send('a'.repeat(70_000))).status, 413)
  assert.equal(seen.length, 0)
  await send(new Uint8Array([0xff]))
  assert.deepEqual(
    [seen[0]?.body, seen[0]?.path, seen[0]?.query, seen[0]?.address],
    [undefined, '/x', 'y=1', 'unknown'],
  )
})

test('G-27 a browser hears of a body over the limit in HTML', async () => {
  const server = await createTestServer()
  const handle = createFetchHandler(server.handler)
  const request = new Request('https://login.example/login', {
    method: 'POST',
    body: 'a'.repeat(70_000),
    headers: { accept: 'text/html' },
  })
  const response = await handle(request)
  assert.equal(response.status, 413)
  assert.match(response.headers.get('content-type') ?? '', /^text\/html/)
})

test('several cookies stay several, and 304 has no body', async () => {
  const handle = createFetchHandler(async () => ({
    status: 304,
    headers: { 'set-cookie': ['a=1', 'b=2'] },
    body: '',
  }))
  const response = await handle(new Request('https://a/'))
  assert.deepEqual(response.headers.getSetCookie(), ['a=1', 'b=2'])
  assert.equal(response.body, null)
})

test('LP-10 an aborted request is gone, and whoever asks later hears it at once', async () => {
  const abort = new AbortController()
  let heard = 0
  const handle = createFetchHandler(async (request) => {
    request.onGone(() => heard++)
    abort.abort()
    assert.equal(request.gone(), true)
    request.onGone(() => heard++)
    return json(200, {})
  })
  await handle(new Request('https://a/', { signal: abort.signal }))
  assert.equal(heard, 2)
})
