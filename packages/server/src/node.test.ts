// The Node host on a real socket: limits, faults of framing, forwarded addresses (standards.md G-04, G-16, G-27).

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect } from 'node:net'
import { after, before, test } from 'node:test'
import { trustedProxyList } from './config.ts'
import { json, type PlainRequest } from './http.ts'
import { createNodeServer } from './node.ts'
import { callerAddress } from './node-request.ts'

let respond: (request: PlainRequest) => Promise<ReturnType<typeof json>>
const seen: PlainRequest[] = []
const server = createNodeServer(() => respond, trustedProxyList([]))
let port = 0

before(async () => {
  respond = async (request) => {
    seen.push(request)
    return json(200, { method: request.method, path: request.path, query: request.query, body: request.body })
  }
  await server.listen({ host: '127.0.0.1', port: 0 })
  port = (server.server.address() as AddressInfo).port
})
after(() => server.close())

/** Sends these bytes and returns everything that comes back until the server closes. */
async function raw(bytes: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.write(bytes)
  await once(socket, 'close')
  return text
}

const post = (headers: string, body: string) =>
  raw(
    `POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )

const bodyOf = (answer: string) =>
  JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as Record<string, unknown>

test('a request arrives as it was sent: path not decoded, query apart, body as text', async () => {
  const answer = await raw('GET /a%2Fb%zz?c=d?e HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match(answer, /^HTTP\/1\.1 200 /)
  assert.deepEqual(bodyOf(answer), { method: 'GET', path: '/a%2Fb%zz', query: 'c=d?e', body: '' })
})

test('G-04 X-35 every media type reaches the handler, or is a 400 of OAuth, never a 415', async () => {
  for (const type of [
    'application/json',
    'text/plain',
    'a/b; c=d',
    'multipart/form-data',
    ';',
    'x',
    'a/b; =',
    ' ',
  ]) {
    const answer = await post(`Content-Type: ${type}\r\n`, '{"a":')
    assert.match(answer, /^HTTP\/1\.1 (200|400) /, type)
    if (answer.startsWith('HTTP/1.1 400')) assert.deepEqual(bodyOf(answer), { error: 'invalid_request' })
  }
})

test('G-04 a body that is not UTF-8 is marked as such', async () => {
  const head =
    'POST /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n'
  await raw(Buffer.concat([Buffer.from(head), Buffer.from([0xc3, 0x28])]))
  assert.equal(seen.at(-1)?.body, undefined)
})

test('G-27 a body over the limit is 413 and ends the connection', async () => {
  const declared = await raw('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n')
  assert.match(declared, /^HTTP\/1\.1 413 /)
  assert.deepEqual(bodyOf(declared), { error: 'request_too_large' })
  const chunk = 'a'.repeat(65_000)
  const chunked = await raw(
    `POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${`${chunk.length.toString(16)}\r\n${chunk}\r\n`.repeat(2)}`,
  )
  assert.match(chunked, /^HTTP\/1\.1 413 /)
})

test('G-27 a browser hears of it in HTML, from the handler, and the connection ends as well', async () => {
  respond = async ({ tooLarge }) => ({
    status: tooLarge ? 413 : 200,
    headers: { 'content-type': 'text/html' },
    body: '<p>',
  })
  const answer = await raw(
    'POST /x HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\nContent-Length: 10000000\r\n\r\n',
  )
  assert.match(answer, /^HTTP\/1\.1 413 /)
  assert.match(answer, /connection: close\r\n/i)
  assert.ok(answer.endsWith('<p>'))
})

test('G-27 headers and addresses over the limit are 431', async () => {
  assert.match(
    await raw(`GET /x HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  )
  assert.match(await raw(`GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`), /^HTTP\/1\.1 431 /)
})

test('what is no HTTP is 400 and the connection ends', async () => {
  const broken = [
    'garbage\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    '\x16\x03\x01\x02\x00\x01\x00',
    'GET /x HTTP/1.1\r\n\r\n',
    'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n',
  ]
  for (const bytes of broken) assert.match(await raw(bytes), /^HTTP\/1\.1 400 /, JSON.stringify(bytes))
})

test('G-27 a connection that was refused is given up, also when the other side keeps its half open', async () => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  socket.on('error', () => {})
  socket.write('garbage\r\n\r\n')
  socket.resume()
  await once(socket, 'end')
  const open = () =>
    new Promise<number>((resolve) => server.server.getConnections((_, count) => resolve(count)))
  let left = await open()
  for (let i = 0; i < 100 && left > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    left = await open()
  }
  socket.destroy()
  assert.equal(left, 0)
})

test('G-27 requests in a row get their answers in a row, but not thousands of them unread', {
  timeout: 10_000,
}, async () => {
  respond = async ({ path }) => json(200, { path })
  const one = (path: string, last = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${last}\r\n`
  const few = await raw(one('/1') + one('/2') + one('/3', 'Connection: close\r\n'))
  assert.deepEqual(few.match(/"\/\d"/g), ['"/1"', '"/2"', '"/3"'])
  let answered = 0
  respond = async () => {
    answered++
    return json(200, { text: 'a'.repeat(9000) })
  }
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.write(one('/x').repeat(2000))
  socket.resume()
  await new Promise((resolve) => socket.once('close', resolve))
  assert.ok(answered < 100, `${answered}`)
})

test('G-27 a stop waits for the answer that is due, and not for the connection on which it went', async () => {
  const [asked, due] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const slow = async () => {
    asked.resolve()
    await due.promise
    return json(200, {})
  }
  const stopping = createNodeServer(() => slow, trustedProxyList([]))
  await stopping.listen({ host: '127.0.0.1', port: 0 })
  const socket = connect((stopping.server.address() as AddressInfo).port, '127.0.0.1')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  await asked.promise
  const closed = once(socket, 'close')
  const stopped = stopping.close()
  while (stopping.server.listening) await new Promise((resolve) => setImmediate(resolve))
  due.resolve()
  await Promise.all([stopped, closed])
  assert.match(text, /^HTTP\/1\.1 200 [\s\S]*\r\nConnection: close\r\n/i)
})

test('G-24 answers to HEAD and 204 carry no body and no length of one', async () => {
  respond = async () => json(200, { a: 1 })
  const head = await raw('HEAD /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match(head, /^HTTP\/1\.1 200 /)
  assert.doesNotMatch(head, /content-length/i)
  assert.ok(head.endsWith('\r\n\r\n'))
  respond = async () => ({ status: 204, headers: {}, body: '' })
  assert.doesNotMatch(
    await raw('OPTIONS /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'),
    /content-length|transfer-encoding/i,
  )
})

test('G-09 the media type is sent without a charset', async () => {
  respond = async () => json(200, {})
  assert.match(await post('', 'a'), /content-type: application\/json\r\n/i)
})

test('G-21 a fault in the handler is a 500 without its text', async () => {
  respond = () => Promise.reject(new Error('a secret of the inside'))
  const answer = await post('', 'a')
  assert.match(answer, /^HTTP\/1\.1 500 /)
  assert.deepEqual(bodyOf(answer), { error: 'server_error' })
})

test('G-21 an answer that cannot be written is a 500, and the process goes on', async () => {
  respond = async () => json(200, {}, { 'x-broken': 'a\r\nb' })
  assert.match(await post('', 'a'), /^HTTP\/1\.1 500 /)
  assert.match(await post('', 'a'), /^HTTP\/1\.1 500 /)
})

test('a method that nobody has reaches the handler with its body, as every other', async () => {
  respond = async ({ method, body }) => json(200, { method, body })
  for (const method of ['PROPFIND', 'TRACE', 'OPTIONS', 'DELETE']) {
    const answer = await raw(
      `${method} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab`,
    )
    assert.deepEqual(bodyOf(answer), { method, body: 'ab' })
  }
})

test('LP-10 who leaves is noticed, once for every listener, and nothing piles up on the connection', async () => {
  const told: string[] = []
  const left = Promise.withResolvers<void>()
  respond = async (request) => {
    for (let i = 0; i < 30; i++) request.onGone(() => void told.push(`${i}`))
    request.onGone(left.resolve)
    await left.promise
    assert.equal(request.gone(), true)
    request.onGone(() => void told.push('late'))
    return json(200, {})
  }
  const socket = connect(port, '127.0.0.1')
  socket.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(socket, 'connect')
  setTimeout(() => socket.destroy(), 50)
  await left.promise
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(told.length, 31)
  assert.equal(told.at(-1), 'late')
})

test('G-16 X-Forwarded-For counts only behind trusted proxies, and only from the right', () => {
  const trusted = trustedProxyList(['10.0.0.0/8', '::1', '2001:db8::/32'])
  const from = (connected: string, header?: string) => callerAddress(connected, header, trusted).address
  assert.equal(from('203.0.113.9', '198.51.100.1'), '203.0.113.9')
  assert.equal(from('10.0.0.1', '198.51.100.1'), '198.51.100.1')
  assert.equal(from('::ffff:10.0.0.1', '198.51.100.1'), '198.51.100.1')
  assert.equal(from('10.0.0.1', '6.6.6.6, 198.51.100.1, 10.2.3.4'), '198.51.100.1')
  assert.equal(from('2001:db8::5', '2001:470::1'), '2001:470::1')
  assert.equal(from('10.0.0.1'), '10.0.0.1')
  for (const nonsense of ['', 'unknown', '_hidden', '999.1.1.1', '198.51.100.1:80', ','])
    assert.equal(from('10.0.0.1', nonsense), '10.0.0.1')
  assert.equal(from('', '198.51.100.1'), '')
})

test('DV-13 G-16 what somebody passed on whom nobody trusts, or without saying for whom, is known to be so', () => {
  const trusted = trustedProxyList(['10.0.0.0/8'])
  const from = (connected: string, header?: string) => callerAddress(connected, header, trusted).addressFrom
  assert.equal(from('203.0.113.9'), 'clear')
  assert.equal(from('10.0.0.1'), 'clear')
  assert.equal(from('10.0.0.1', '198.51.100.1'), 'proxy')
  assert.equal(from('10.0.0.1', '10.0.0.2'), 'proxy')
  assert.equal(from('203.0.113.9', '198.51.100.1'), 'nobody')
  for (const nonsense of [
    '',
    'unknown',
    '_hidden',
    '198.51.100.1:80',
    '[2001:db8::1]:443',
    '6.6.6.6, unknown',
  ])
    assert.equal(from('10.0.0.1', nonsense), 'nobody')
})
