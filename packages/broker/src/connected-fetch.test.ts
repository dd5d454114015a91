// connectedFetch against a real API on loopback that says what it got.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, beforeEach, describe, test } from 'node:test'
import { connectedFetch } from './connected-fetch.ts'
import { connectedWorld } from './testing/connected-world.ts'

describe('connectedFetch', () => {
  const got: {
    readonly method: string | undefined
    readonly token: string | undefined
    readonly body: string
  }[] = []
  let answer: (token: string | undefined, response: ServerResponse) => void
  const http = createServer((request: IncomingMessage, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk
    })
    request.on('end', () => {
      const { method, headers } = request
      got.push({ method, token: headers.authorization, body })
      answer(headers.authorization, response)
    })
  })
  let api: string
  before(async () => {
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    api = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  })
  beforeEach(() => {
    got.length = 0
    answer = (token, response) => response.writeHead(token === 'Bearer access-token-1' ? 401 : 200).end('it')
  })
  after(() => {
    http.close()
    http.closeAllConnections()
  })
  const live = { tokens: { expiresAt: null } }

  test('CL-09 renews once where the API refuses the token, and sends the same again', async () => {
    await using world = connectedWorld()
    await world.connect(live)
    const call = connectedFetch(world.broker, 'ada', 'scripted', { origins: [api] })
    const init = { method: 'POST', body: 'a body', headers: { 'X-Mine': 'yes', Authorization: 'Basic no' } }
    const response = await call(`${api}/repos?q=1`, init)
    assert.deepEqual([response.status, await response.text()], [200, 'it'])
    assert.deepEqual(got, [
      { method: 'POST', token: 'Bearer access-token-1', body: 'a body' },
      { method: 'POST', token: 'Bearer access-token-2', body: 'a body' },
    ])
    await call(new URL(api))
    assert.deepEqual([got.length, world.provider.asked.refresh.length], [3, 1])
  })

  test('CL-07 a newer account that is connected meanwhile does not get the second half of a request', async () => {
    await using world = connectedWorld()
    await world.connect(live)
    answer = (token, response) => {
      const first = token === 'Bearer access-token-1'
      const there = first ? world.connect({ id: 'newer', createdAt: world.clock.now(), ...live }) : undefined
      void Promise.resolve(there).then(() => response.writeHead(first ? 401 : 200).end())
    }
    const call = connectedFetch(world.broker, 'ada', 'scripted', { origins: [api] })
    assert.equal((await call(api)).status, 200)
    assert.equal((await world.stored()).tokens.accessToken, got[1]?.token?.slice('Bearer '.length))
  })

  test('CL-09 refused again: the answer is handed back, and nothing goes round and round', async () => {
    await using world = connectedWorld()
    await world.connect(live)
    answer = (_token, response) => response.writeHead(401).end('no')
    const call = connectedFetch(world.broker, 'ada', 'scripted', { origins: [api] })
    assert.equal((await call(api)).status, 401)
    assert.deepEqual([got.length, world.provider.asked.refresh.length], [2, 1])
  })

  test('CL-09 a body that can be sent once: the refusal is handed back, and the next call has a new token', async () => {
    await using world = connectedWorld()
    await world.connect(live)
    const call = connectedFetch(world.broker, 'ada', 'scripted', { origins: [api] })
    const init: RequestInit & { duplex: 'half' } = {
      method: 'PUT',
      body: new Blob(['once']).stream(),
      duplex: 'half',
    }
    assert.equal((await call(api, init)).status, 401)
    assert.equal((await call(api, { method: 'PUT', body: new URLSearchParams({ a: '1' }) })).status, 200)
    assert.deepEqual(
      got.map(({ token, body }) => [token, body]),
      [
        ['Bearer access-token-1', 'once'],
        ['Bearer access-token-2', 'a=1'],
      ],
    )
  })

  test('CL-09 it cannot be renewed: whoever called learns that the person is needed', async () => {
    await using world = connectedWorld()
    await world.connect({ tokens: { expiresAt: null, refreshToken: null } })
    const call = connectedFetch(world.broker, 'ada', 'scripted', { origins: [api] })
    await assert.rejects(call(api), { code: 'connect_again' })
    assert.equal((await world.stored()).ended, 'refused')
  })

  test('CL-07 the token goes to no origin that is not named', async () => {
    await using world = connectedWorld()
    await world.connect(live)
    const call = connectedFetch(world.broker, 'ada', 'scripted', { origins: ['https://api.example', api] })
    const others = [
      api.replace('127.0.0.1', 'localhost'),
      'https://api.example:8443',
      'https://api.example.evil',
    ]
    for (const url of [...others, 'http://api.example', 'data:,', `${api.replace('http', 'ftp')}`])
      await assert.rejects(call(url), TypeError)
    assert.deepEqual(got, [])
  })

  test('CL-07 a redirect is handed back, wherever it leads', async () => {
    await using world = connectedWorld()
    await world.connect(live)
    answer = (_token, response) => response.writeHead(302, { location: 'https://evil.example/' }).end()
    const call = connectedFetch(world.broker, 'ada', 'scripted', { origins: [api] })
    const response = await call(api, { redirect: 'follow' })
    assert.deepEqual([response.status, response.headers.get('location')], [302, 'https://evil.example/'])
    assert.equal(got.length, 1)
  })

  test('CL-07 an origin that shows the token to the network is refused at once', async () => {
    await using world = connectedWorld()
    for (const origin of ['http://api.example', 'api.example', '', 'file:///tmp'])
      assert.throws(() => connectedFetch(world.broker, 'ada', 'scripted', { origins: [origin] }), {
        code: 'wrong_setting',
      })
  })

  test('which connection, and for how long, is as for `token`; whoever stops waiting stops', async () => {
    await using world = connectedWorld()
    await world.connect({ id: 'older', tokens: { expiresAt: null, scopes: ['gist'] } })
    await world.connect({ id: 'newer', createdAt: world.clock.now(), ...live })
    const options = { origins: [api], scopes: ['gist'] }
    const renewed = world.provider.tokens({ scopes: ['gist'] })
    world.provider.refreshes.push({ type: 'tokens', tokens: renewed })
    const call = connectedFetch(world.broker, 'ada', 'scripted', options)
    await call(api)
    assert.deepEqual(
      got.map(({ token }) => token),
      ['Bearer access-token-1', 'Bearer access-token-3'],
    )
    await assert.rejects(call(api, { signal: AbortSignal.abort(new Error('enough')) }), /enough/)
    assert.equal(got.length, 2)
  })
})
