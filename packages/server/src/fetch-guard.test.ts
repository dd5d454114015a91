// The guarded fetch against real servers on loopback, and against names that lead where nobody should be sent (CIM-08, JK-15).

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createGuardedFetch, isPublic } from './fetch-guard.ts'
import { makeCertificate } from './testing/certificate.ts'
import { type JsonServer, startJsonServer, withHeaders } from './testing/json-server.ts'

const open: JsonServer[] = []
after(() => Promise.all(open.map((server) => server.close())))
async function serve(...how: Parameters<typeof startJsonServer>): Promise<JsonServer> {
  const server = await startJsonServer(...how)
  open.push(server)
  return server
}

const strict = createGuardedFetch({ development: false })
const local = createGuardedFetch({ development: true })
const refusal = async (fetched: ReturnType<typeof strict>) => {
  const result = await fetched
  return result.ok ? 'fetched' : result.why
}

test('CIM-08 a name is resolved once, and an address of special use among its addresses ends it before a connection', async () => {
  const server = await serve()
  const addresses = [
    '127.0.0.1',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '192.0.0.8',
    '198.18.0.1',
    '203.0.113.7',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'fc00::1',
    'fd00:ec2::254',
    '::ffff:127.0.0.1',
    '::ffff:10.0.0.1',
    '::ffff:8.8.8.8',
    '::127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '2002:7f00:1::1',
    '2001::1',
    '2001:db8::1',
    '100::1',
    'ff02::1',
    '4000::1',
  ]
  for (const address of addresses) {
    assert.equal(isPublic(address), false, address)
    const family = address.includes(':') ? 6 : 4
    // One good address beside it does not help: the name is in the hands of who set the trap.
    for (const found of [
      [{ address, family }],
      [
        { address: '9.9.9.9', family: 4 },
        { address, family },
      ],
    ]) {
      let resolutions = 0
      const guarded = createGuardedFetch({
        development: false,
        resolve: async () => {
          resolutions++
          return found
        },
      })
      assert.equal(
        await refusal(guarded(`https://client.example:${server.port}/x`)),
        'address_forbidden',
        address,
      )
      assert.equal(resolutions, 1)
    }
  }
  assert.deepEqual(server.asked, [])
  for (const address of ['9.9.9.9', '2606:4700::1111', '2a00:1450::8a']) assert.ok(isPublic(address), address)
})

test('CIM-08 an address written into the URL is no way around, however it is written', async () => {
  const server = await serve()
  const hosts = [
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '0.0.0.0',
    '169.254.169.254',
  ]
  for (const host of hosts) {
    assert.equal(await refusal(strict(`https://${host}:${server.port}/x`)), 'address_forbidden', host)
  }
  assert.equal(await refusal(strict(`https://user@9.9.9.9/x`)), 'address_malformed')
  assert.equal(await refusal(strict('nonsense')), 'address_malformed')
  assert.deepEqual(server.asked, [])
})

test('G-01 CIM-08 only https, but on a loopback host in development', async () => {
  const server = await serve()
  server.put('/x', { a: 1 })
  assert.equal(await refusal(strict(`${server.origin}/x`)), 'scheme')
  assert.deepEqual(await local(`${server.origin}/x`), { ok: true, json: { a: 1 }, freshSeconds: undefined })
  assert.deepEqual(await refusal(local(`http://localhost:${server.port}/x`)), 'fetched')
  const six = await serve(undefined, '::1')
  six.put('/x', { a: 1 })
  assert.deepEqual(await refusal(local(`http://localhost:${six.port}/x`)), 'fetched')
  for (const url of [
    'http://client.example/x',
    'http://10.0.0.1/x',
    'http://127.0.0.1.client.example/x',
    'file:///etc/passwd',
    'ftp://127.0.0.1/x',
    'data:application/json,{}',
  ])
    assert.equal(await refusal(local(url)), 'scheme', url)
  // In development loopback is allowed, and nothing else that is not public.
  const elsewhere = createGuardedFetch({
    development: true,
    resolve: async () => [{ address: '10.0.0.1', family: 4 }],
  })
  assert.equal(await refusal(elsewhere('https://client.example/x')), 'address_forbidden')
  assert.equal(await refusal(elsewhere('http://localhost/x')), 'address_forbidden')
})

test('CIM-08 G-02 the connection goes to the address that was checked, and TLS to the name that was asked for', async () => {
  const certificate = makeCertificate('client.example')
  const server = await serve(certificate)
  server.put('/x', { a: 1 })
  let resolutions = 0
  const trusting = createGuardedFetch({
    development: true,
    ca: certificate.cert,
    // A name that leads elsewhere when it is asked for a second time (DNS rebinding).
    resolve: async () => [{ address: resolutions++ === 0 ? '127.0.0.1' : '10.0.0.1', family: 4 }],
  })
  assert.equal(await refusal(trusting(`https://client.example:${server.port}/x`)), 'fetched')
  assert.equal(resolutions, 1)
  const always = { development: true, resolve: async () => [{ address: '127.0.0.1', family: 4 }] }
  const wrongName = createGuardedFetch({ ...always, ca: certificate.cert })
  assert.equal(await refusal(wrongName(`https://other.example:${server.port}/x`)), 'connection')
  // G-02: a certificate that nobody vouches for.
  assert.equal(
    await refusal(createGuardedFetch(always)(`https://client.example:${server.port}/x`)),
    'connection',
  )
  assert.deepEqual(server.asked, ['/x'])
})

test('CIM-04 only status 200 counts, and no redirect is followed', async () => {
  const server = await serve()
  server.put('/target', { a: 1 })
  for (const status of [301, 302, 303, 307, 308])
    server.put(`/${status}`, withHeaders({}, { location: `${server.origin}/target` }, status))
  for (const status of [201, 204, 206, 400, 404, 500])
    server.put(`/${status}`, withHeaders({ a: 1 }, {}, status))
  for (const status of [301, 302, 303, 307, 308])
    assert.equal(await refusal(local(`${server.origin}/${status}`)), 'redirect')
  for (const status of [201, 204, 206, 400, 404, 500])
    assert.equal(await refusal(local(`${server.origin}/${status}`)), 'status', String(status))
  assert.ok(!server.asked.includes('/target'))
})

test('CIM-05 JSON by its media type, well formed, in plain UTF-8', async () => {
  const server = await serve()
  const types = [
    'application/json',
    'Application/JSON; charset=utf-8',
    'application/cimd+json',
    'application/jwk-set+json',
  ]
  for (const [index, type] of types.entries()) {
    server.put(`/${index}`, withHeaders({}, { 'content-type': type }))
    assert.equal(await refusal(local(`${server.origin}/${index}`)), 'fetched', type)
  }
  for (const [index, type] of ['text/html', 'text/json', 'application/jsonp', ''].entries()) {
    server.put(`/no${index}`, withHeaders({}, { 'content-type': type }))
    assert.equal(await refusal(local(`${server.origin}/no${index}`)), 'media_type', type)
  }
  server.put('/gzip', withHeaders({}, { 'content-encoding': 'gzip' }))
  assert.equal(await refusal(local(`${server.origin}/gzip`)), 'media_type')
  for (const [index, body] of ['', '{', '{"a":1}x', '\xff'].entries()) {
    server.put(`/bad${index}`, (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(Buffer.from(body, 'latin1'))
    })
    assert.equal(await refusal(local(`${server.origin}/bad${index}`)), 'malformed', body)
  }
})

test('CIM-05 reading stops at the limit, whether the size was announced or not', async () => {
  const server = await serve()
  const exactly = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`
  const send = (text: string, announced: boolean) => (path: string) =>
    server.put(path, (_request, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        ...(announced ? { 'content-length': String(text.length) } : {}),
      })
      response.end(text)
    })
  for (const announced of [true, false]) {
    send(exactly(5120), announced)(`/fits-${announced}`)
    send(exactly(5121), announced)(`/over-${announced}`)
    assert.equal(await refusal(local(`${server.origin}/fits-${announced}`)), 'fetched')
    assert.equal(await refusal(local(`${server.origin}/over-${announced}`)), 'too_large')
  }
  assert.equal(await refusal(local(`${server.origin}/over-true`, { bytes: 6000 })), 'fetched')

  let ended = () => {}
  const gone = new Promise<void>((resolve) => {
    ended = resolve
  })
  server.put('/endless', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const more = () => {
      while (!response.destroyed && response.write(Buffer.alloc(1024, 0x20)));
    }
    response.on('drain', more).on('close', ended)
    more()
  })
  assert.equal(await refusal(local(`${server.origin}/endless`)), 'too_large')
  await gone
})

test('CIM-05 slow names, slow headers and slow bodies end with the time', async () => {
  const server = await serve()
  server.put('/silent', () => {})
  server.put('/dripping', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' })
    const drip = setInterval(() => response.write(' '), 10)
    response.on('close', () => clearInterval(drip))
  })
  // Without a length or chunks the end of the connection is the end of the body (RFC 9112 §6.3), also when it is we who end it.
  server.put('/unending', ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{"whole":true}')
  })
  const soon = { milliseconds: 100 }
  assert.equal(await refusal(local(`${server.origin}/unending`, soon)), 'timeout')
  assert.equal(await refusal(local(`${server.origin}/silent`, soon)), 'timeout')
  assert.equal(await refusal(local(`${server.origin}/dripping`, soon)), 'timeout')
  const lost = createGuardedFetch({ development: false, resolve: () => new Promise(() => {}) })
  assert.equal(await refusal(lost('https://client.example/x', soon)), 'timeout')
})

test('CIM-04 what cannot be reached or is no HTTP is a failure like any other', async () => {
  const server = await serve()
  server.put('/cut', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
    response.write('{', () => response.destroy())
  })
  server.put('/garbage', (request) => request.socket.end('not http at all\r\n\r\n'))
  server.put('/switching', ({ socket }) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n')
  })
  assert.equal(await refusal(local(`${server.origin}/switching`)), 'connection')
  assert.equal(await refusal(local(`${server.origin}/cut`)), 'connection')
  assert.equal(await refusal(local(`${server.origin}/garbage`)), 'connection')
  const closed = await startJsonServer()
  await closed.close()
  assert.equal(await refusal(local(`${closed.origin}/x`)), 'connection')
  const nowhere = createGuardedFetch({ development: false, resolve: async () => [] })
  assert.equal(await refusal(nowhere('https://client.example/x')), 'unresolvable')
})

test('CIM-10 how long an answer calls itself fresh', async () => {
  const server = await serve()
  const date = 'Sat, 21 Nov 2026 10:00:00 GMT'
  const cases: [Record<string, string>, number | undefined][] = [
    [{}, undefined],
    [{ 'cache-control': 'public, max-age=3600' }, 3600],
    [{ 'cache-control': 'max-age=3600', age: '600' }, 3000],
    [{ 'cache-control': 'max-age=60', age: '600' }, 0],
    [{ 'cache-control': 'no-store, max-age=60' }, 0],
    [{ 'cache-control': 'no-cache' }, 0],
    [{ expires: 'Sat, 21 Nov 2026 11:00:00 GMT', date }, 3600],
    [{ expires: '0', date }, 0],
    [{ 'cache-control': 'max-age=10', expires: 'Sat, 21 Nov 2026 11:00:00 GMT', date }, 10],
  ]
  for (const [index, [headers, seconds]] of cases.entries()) {
    server.put(`/${index}`, withHeaders({}, headers))
    const fetched = await local(`${server.origin}/${index}`)
    assert.equal(fetched.ok && fetched.freshSeconds, seconds, JSON.stringify(headers))
  }
})
