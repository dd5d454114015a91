// What a provider that is slow, endless or elsewhere can do to a sign-in: nothing but fail it. What comes of a failure is
// pages/upstream.hostile.test.ts, the guard itself ../../fetch-guard.test.ts.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Answer, type JsonServer, startJsonServer } from '../../testing/json-server.ts'
import { createUpstreamFetch } from './upstream-fetch.ts'

let provider: JsonServer
before(async () => {
  provider = await startJsonServer()
})
after(() => provider.close())

const unavailable = { name: 'Error', why: 'unavailable' }

test('CL-16 a provider that never begins, or never ends, is given up', async () => {
  const fetch = createUpstreamFetch({ issuer: provider.origin, privateNetwork: false }, { milliseconds: 150 })
  const drips: Answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const timer = setInterval(() => response.write(' '), 10)
    response.on('close', () => clearInterval(timer))
  }
  const slow: Record<string, Answer> = {
    '/silent': () => {},
    '/drips': drips,
    '/half': (_request, response) => void response.writeHead(200).write('{"issuer":'),
    '/headers': ({ socket }) => void socket.write('HTTP/1.1 200 OK\r\nx: '),
  }
  for (const [path, answer] of Object.entries(slow)) {
    provider.put(path, answer)
    await assert.rejects(fetch(provider.origin + path), unavailable, path)
  }
  provider.put('/good', { fine: true })
  assert.deepEqual(await (await fetch(`${provider.origin}/good`)).json(), { fine: true })
})

test('CL-15 CL-16 no redirect is followed, nothing is unpacked, and half a megabyte is enough', async () => {
  const fetch = createUpstreamFetch({ issuer: provider.origin, privateNetwork: false })
  provider.put('/elsewhere', (_request, response) =>
    response.writeHead(307, { location: `${provider.origin}/good` }).end(),
  )
  provider.put('/large', (_request, response) => response.writeHead(200).end(Buffer.alloc(600 * 1024)))
  for (const path of ['/elsewhere', '/large'])
    await assert.rejects(fetch(provider.origin + path), unavailable)
  provider.put('/packed', (_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('not unpacked'),
  )
  assert.equal(await (await fetch(`${provider.origin}/packed`)).text(), 'not unpacked')
})

test('a provider of the public internet leads to no address of the own network, by name or by number', async () => {
  const inside = ['10.0.0.1', '169.254.169.254', '127.0.0.1', '::1', 'fd00::1', '::ffff:10.0.0.1']
  for (const address of inside) {
    const resolve = async () => [{ address, family: address.includes(':') ? 6 : 4 }]
    const fetch = createUpstreamFetch(
      { issuer: 'https://login.corp.example', privateNetwork: false },
      { resolve },
    )
    await assert.rejects(fetch('https://login.corp.example/token'), unavailable, address)
    const literal = address.includes(':') ? `[${address}]` : address
    await assert.rejects(fetch(`https://${literal}/token`), unavailable, literal)
    await assert.rejects(fetch(`http://${literal}/token`), unavailable, literal)
  }
})
