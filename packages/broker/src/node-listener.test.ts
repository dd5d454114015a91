// The handler behind a real node:http server and behind Express: requests and answers unchanged, streams that end when the browser
// goes, and everything else passed on.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, test } from 'node:test'
import express from 'express'
import { type ConnectHandler, type ConnectInfo, createConnectHandler } from './handler.ts'
import { connectListener } from './node-listener.ts'
import { brokerWorld } from './testing/broker-world.ts'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close()
    server.closeAllConnections()
  }
})

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const base = '/api/onboarding/oauth'
const owner = () => ({ person: 'ada', session: 'tab' })
const json = { 'content-type': 'application/json' }

test('start, events and cancel over a real connection; the stream ends with the flow', async () => {
  await using world = brokerWorld()
  const at = await serve(connectListener(createConnectHandler(world.broker, { owner })))
  const post = (path: string, body: unknown) =>
    fetch(`${at}${base}/${path}`, { method: 'POST', headers: json, body: JSON.stringify(body) })
  const begun = (await (await post('start', { provider: 'scripted' })).json()) as { flow_id: string }
  const events = await fetch(`${at}${base}/events?flow_id=${begun.flow_id}`)
  await post('cancel', { flow_id: begun.flow_id })
  const text = await events.text()
  assert.match(text, /"status":"pending".*"status":"cancelled"/s)
})

test('a browser that goes away while it sends is no fault that the application hears of', async () => {
  await using world = brokerWorld()
  const faults: unknown[] = []
  const handler = createConnectHandler(world.broker, { owner, onFault: (fault) => faults.push(fault) })
  const answered = Promise.withResolvers<number | undefined>()
  const kept: ConnectHandler = async (asked, info) => {
    const answering = handler(asked, info)
    sending.destroy()
    const response = await answering
    answered.resolve(response?.status)
    return response
  }
  const at = new URL(await serve(connectListener(kept)))
  const headers = { ...json, 'content-length': 100 }
  const { hostname, port } = at
  const sending = request({ hostname, port, path: `${base}/start`, method: 'POST', headers })
  sending.on('error', () => {})
  sending.write('{"provider":')
  assert.equal(await answered.promise, 400)
  assert.deepEqual(faults, [])
})

test('a browser that goes away ends its stream, and leaves room for the next', async () => {
  await using world = brokerWorld()
  const at = await serve(connectListener(createConnectHandler(world.broker, { owner, streamsPerPerson: 1 })))
  const { id } = await world.broker.start(owner(), { provider: 'scripted' })
  const path = `${at}${base}/events?flow_id=${id}`
  const gone = new AbortController()
  const first = await fetch(path, { signal: gone.signal })
  assert.equal((await fetch(path)).status, 429)
  gone.abort()
  await assert.rejects(first.text())
  let next = await fetch(path)
  while (next.status === 429) next = await fetch(path)
  assert.equal(next.status, 200)
  await next.body?.cancel()
})

test('a body that is too large is refused before all of it came, and the next request is answered', async () => {
  await using world = brokerWorld()
  const at = await serve(connectListener(createConnectHandler(world.broker, { owner })))
  const sent = await fetch(`${at}${base}/start`, { method: 'POST', body: Buffer.alloc(40_000, 32) })
  assert.deepEqual([sent.status, await sent.json()], [413, { error: 'The request is too large' }])
  assert.equal((await fetch(`${at}${base}/connections`)).status, 200)
})

test("the address is the connection's, unless the host knows better", async () => {
  const seen: ConnectInfo[] = []
  const handler: ConnectHandler = async (_request, info) => {
    seen.push(info ?? {})
    return new Response()
  }
  const own = await serve(connectListener(handler))
  await fetch(own, { headers: { 'x-forwarded-for': '10.9.9.9' } })
  const told = await serve(connectListener(handler, { address: () => '192.0.2.1' }))
  await fetch(told)
  assert.deepEqual(seen, [{ address: '127.0.0.1' }, { address: '192.0.2.1' }])
})

test('what is not ours, and what is no request for anybody, goes on or is a 404; never a crash', async () => {
  await using world = brokerWorld()
  const handler = createConnectHandler(world.broker, { owner })
  const alone = new URL(await serve(connectListener(handler)))
  assert.equal((await fetch(new URL('/elsewhere', alone))).status, 404)
  const strange = [
    { path: `${base}/start`, method: 'TRACE' },
    { path: `${base}/poll`, headers: { host: 'a b' } },
    { path: `http://other.example${base}/poll` },
    { path: '*', method: 'OPTIONS' },
  ]
  for (const one of strange) {
    const sent = request({ port: alone.port, host: alone.hostname, ...one }).end()
    const [{ statusCode }] = (await once(sent, 'response')) as [{ statusCode: number }]
    assert.equal(statusCode, 404, JSON.stringify(one))
  }
})

test('inside Express, mounted anywhere, before or after something that parses bodies', async () => {
  await using world = brokerWorld()
  const handler = createConnectHandler(world.broker, { owner, basePath: '/app/connect' })
  const anything = { type: '*/*' }
  for (const parse of [undefined, express.json(), express.text(anything), express.raw(anything)]) {
    const app = express()
    if (parse) app.use(parse)
    app.use('/app', connectListener(handler))
    app.get('/app/other', (_request, response) => void response.send('other'))
    const at = await serve(app)
    const body = JSON.stringify({ provider: 'scripted' })
    const started = await fetch(`${at}/app/connect/start`, { method: 'POST', headers: json, body })
    assert.equal(started.status, 200, await started.text())
    assert.equal(await (await fetch(`${at}/app/other`)).text(), 'other')
  }
})
