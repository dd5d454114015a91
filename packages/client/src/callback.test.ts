// The listener on loopback against whoever may talk to a port on this machine: other programs, pages of other sites,
// browsers that try things. What a good answer leads to: loopback-login.test.ts.
import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, test } from 'node:test'
import { type Callback, openCallback } from './callback.ts'
import type { PageKind } from './callback-page.ts'
import { system } from './system.ts'

const state = 'the-state-of-this-request'
let callback: Callback
let judged: string[]
beforeEach(async () => {
  const opened = await openCallback(system)
  assert.ok(opened)
  callback = opened
  judged = []
  expect('allowed')
})
afterEach(() => callback.close())

function expect(kind: PageKind): void {
  callback.expect({
    state,
    judge: (answer) => {
      judged.push(answer.search)
      return kind
    },
  })
}

type Ask = { target?: string; method?: string; headers?: Record<string, string>; body?: string }
type Answer = { status: number; headers: Record<string, unknown>; body: string }

const answer = `/callback?code=c&state=${state}`

function ask({ target = answer, method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> {
  const { hostname, port, host } = new URL(callback.redirectUri)
  return new Promise((resolve, reject) => {
    const options = { host: hostname, port, path: target, method, headers: { host, ...headers } }
    const sent = request(options, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += chunk
      })
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      )
    })
    sent.on('error', reject)
    sent.end(body)
  })
}

test('RU-10 it listens on the loopback literal alone, on a port of the system’s choice', async () => {
  assert.match(callback.redirectUri, /^http:\/\/127\.0\.0\.1:\d+\/callback$/)
  const other = await openCallback(system)
  assert.notEqual(other?.redirectUri, callback.redirectUri)
  await other?.close()
})

test('RU-10 where IPv4 has no loopback the answer comes by IPv6; where neither has a port there is none', async () => {
  const six = await openCallback(system, ['nowhere.invalid', '::1'])
  if (six) assert.match(six.redirectUri, /^http:\/\/\[::1\]:\d+\/callback$/)
  await six?.close()
  assert.equal(await openCallback(system, ['nowhere.invalid']), undefined)
})

const strays: [string, Ask][] = [
  ['an icon', { target: '/favicon.ico' }],
  ['the root', { target: '/' }],
  ['another path', { target: `/callback/x?code=c&state=${state}` }],
  ['no state', { target: '/callback?code=c' }],
  ['a wrong state', { target: '/callback?code=c&state=wrong' }],
  ['a state that begins well', { target: `${answer}x` }],
  ['two states', { target: `${answer}&state=wrong` }],
  ['a POST from a page', { method: 'POST', body: 'code=c' }],
  ['a look (HEAD)', { method: 'HEAD' }],
  ['a question (OPTIONS)', { method: 'OPTIONS' }],
  ['another name for this machine (DNS rebinding)', { headers: { host: 'evil.example' } }],
  ['localhost by name', { headers: { host: 'localhost' } }],
  ['an address that is too long', { target: `${answer}&x=${'x'.repeat(9000)}` }],
  ['an absolute address', { target: `http://evil.example${answer}` }],
]
for (const [name, what] of strays)
  test(`RU-11 ${name} is sent away, and the answer still counts`, async () => {
    const { status, body } = await ask(what)
    assert.equal(status, 404)
    assert.ok(!body.includes('code=c'))
    assert.deepEqual(judged, [])
    assert.equal((await ask()).status, 200)
    assert.equal(judged.length, 1)
  })

test('RU-11 CL-17 the page holds nothing of the address, loads nothing, and drops the code from the address bar', async () => {
  const { body, headers } = await ask()
  assert.match(body, /You can close this tab and go back to your terminal\./)
  assert.doesNotMatch(body, /the-state|code=|https?:/)
  assert.match(body, /history\.replaceState\(null,'','\/'\)/)
  const policy = String(headers['content-security-policy'])
  assert.match(policy, /^default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; /)
  assert.match(policy, /frame-ancestors 'none'/)
  assert.equal(headers['cache-control'], 'no-store')
  assert.equal(headers['referrer-policy'], 'no-referrer')
  assert.equal(headers.connection, 'close')
})

const pages: [PageKind, RegExp][] = [
  ['denied', /Nothing was signed in\./],
  ['failed', /Your terminal says what happened\./],
]
for (const [kind, text] of pages)
  test(`RU-11 the page of an answer that was ${kind} says so`, async () => {
    expect(kind)
    assert.match((await ask()).body, text)
  })

test('RU-10 one answer, and the port is gone', async () => {
  assert.equal((await ask()).status, 200)
  await callback.close()
  await assert.rejects(ask(), { code: 'ECONNREFUSED' })
  assert.equal(judged.length, 1)
})

test('before anything is expected, nothing is an answer', async () => {
  const early = await openCallback(system)
  assert.ok(early)
  const { port } = new URL(early.redirectUri)
  assert.equal((await fetch(`http://127.0.0.1:${port}${answer}`)).status, 404)
  await early.close()
})

function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(callback.redirectUri).port), '127.0.0.1', () => resolve(socket))
    socket.on('error', reject)
  })
}

test('connections that are held open keep nobody out, and end with it', async () => {
  const held = await Promise.all(Array.from({ length: 200 }, open))
  const closed = held.map((socket) => {
    socket.on('error', () => {})
    socket.resume()
    return new Promise((resolve) => socket.once('close', resolve))
  })
  held[199]?.write('GET /callback?code=')
  assert.equal((await ask()).status, 200)
  await callback.close()
  await Promise.all(closed)
})

test('what is no HTTP at all ends alone', async () => {
  const socket = await open()
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(Buffer.alloc(100_000, 0xff))
  await closed
  assert.equal((await ask()).status, 200)
})

test('the self-test knows whether an address reached it', async () => {
  assert.equal(await callback.isReachedBy(async (address) => void (await fetch(address))), true)
  assert.equal(await callback.isReachedBy(async () => {}), false)
  const elsewhere = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
  assert.equal(
    await callback.isReachedBy(async () => {
      throw new Error('no curl here')
    }),
    false,
  )
  elsewhere.close()
  // The answer still counts afterwards.
  assert.equal((await ask()).status, 200)
})
