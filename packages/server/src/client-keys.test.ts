// The keys of others: by value and by address, rotated, gone, and asked for no more often than they need to be (JK-06, JK-15).

import assert from 'node:assert/strict'
import { createSign, generateKeyPairSync } from 'node:crypto'
import { after, test } from 'node:test'
import { CompactSign, exportJWK, type GenerateKeyPairResult, generateKeyPair, type JWK } from 'jose'
import { createClientKeys } from './client-keys.ts'
import { createGuardedFetch, type Fetched } from './fetch-guard.ts'
import { type JsonServer, startJsonServer, withHeaders } from './testing/json-server.ts'

const open: JsonServer[] = []
after(() => Promise.all(open.map((server) => server.close())))

const algs = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'Ed25519']

interface Pair {
  readonly jwk: JWK
  readonly sign: (header?: Record<string, unknown>) => Promise<string>
}

async function pair(alg: string, kid?: string): Promise<Pair> {
  const keys: GenerateKeyPairResult = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(keys.publicKey)), ...(kid === undefined ? {} : { kid }) }
  const sign = (header = {}) =>
    new CompactSign(Buffer.from('{}'))
      .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }), ...header })
      .sign(keys.privateKey)
  return { jwk, sign }
}

const byValue = (...keys: JWK[]) => ({ jwks: { keys }, jwksUri: null, source: 'registration' as const })
const never = createClientKeys(async () => ({ ok: false, why: 'status' }), { clock: () => 0 })

async function remote() {
  const server = await startJsonServer()
  open.push(server)
  let now = 1000
  const keys = createClientKeys(createGuardedFetch({ development: true }), { clock: () => now })
  const source = { jwks: null, jwksUri: `${server.origin}/jwks`, source: 'registration' as const }
  return {
    server,
    put: (...all: JWK[]) => server.put('/jwks', { keys: all }),
    isSigned: async (text: string) => keys.isSignedBy(source, text, algs),
    wait: (seconds: number) => {
      now += seconds
    },
  }
}

test('JK-06 X-29 each algorithm with its own kind of key; both names of Ed25519', async () => {
  for (const alg of algs) {
    const one = await pair(alg)
    assert.ok(await never.isSignedBy(byValue(one.jwk), await one.sign(), algs), alg)
    assert.ok(!(await never.isSignedBy(byValue(one.jwk), await one.sign(), ['RS384'])), alg)
    const other = await pair(alg)
    assert.ok(!(await never.isSignedBy(byValue(other.jwk), await one.sign(), algs)), alg)
  }
})

test('JK-06 JK-08 none, HMAC with the public key, and keys that the text brings along are no signatures', async () => {
  const one = await pair('ES256')
  const stranger = await pair('ES256')
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const texts = [
    `${part({ alg: 'none' })}.${part({})}.`,
    `${part({ alg: 'none' })}.${part({})}.AAAA`,
    await new CompactSign(Buffer.from('{}'))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(Buffer.from(JSON.stringify(one.jwk))),
    await stranger.sign({ jwk: stranger.jwk }),
    await stranger.sign({ jku: 'https://evil.example/jwks' }),
  ]
  for (const text of texts)
    assert.ok(!(await never.isSignedBy(byValue(one.jwk), text, [...algs, 'none', 'HS256'])), text)
})

test('CA-10 keys without ids are tried, up to a bound; keys for something else are not', async () => {
  const signing = await pair('ES256')
  const others = await Promise.all(Array.from({ length: 8 }, () => pair('ES256')))
  const text = await signing.sign()
  assert.ok(
    await never.isSignedBy(byValue(...others.slice(0, 3).map(({ jwk }) => jwk), signing.jwk), text, algs),
  )
  assert.ok(!(await never.isSignedBy(byValue(...others.map(({ jwk }) => jwk), signing.jwk), text, algs)))
  assert.ok(!(await never.isSignedBy(byValue({ ...signing.jwk, use: 'enc' }), text, algs)))
  assert.ok(!(await never.isSignedBy({ jwks: null, jwksUri: null, source: 'admin' }, text, algs)))
})

test('JK-15 a key set is fetched once for all who ask at once, and again only when its time is over', async () => {
  const one = await pair('ES256', 'a')
  const { server, put, isSigned, wait } = await remote()
  put(one.jwk)
  const text = await one.sign()
  assert.deepEqual(await Promise.all(Array.from({ length: 20 }, () => isSigned(text))), Array(20).fill(true))
  wait(599)
  assert.ok(await isSigned(text))
  assert.equal(server.asked.length, 1)
  wait(1)
  assert.ok(await isSigned(text))
  assert.equal(server.asked.length, 2)
})

test('JK-15 the headers of the answer count within bounds', async () => {
  const one = await pair('ES256', 'a')
  for (const [header, least, most] of [
    ['no-store', 60, 60],
    ['max-age=120', 120, 120],
    ['max-age=999999', 3600, 3600],
  ] as const) {
    const { server, isSigned, wait } = await remote()
    server.put('/jwks', withHeaders({ keys: [one.jwk] }, { 'cache-control': header }))
    const text = await one.sign()
    await isSigned(text)
    wait(least - 1)
    await isSigned(text)
    assert.equal(server.asked.length, 1, header)
    wait(most - least + 1)
    await isSigned(text)
    assert.equal(server.asked.length, 2, header)
  }
})

test('JK-15 JK-05 an unknown key makes us look again, at most once per half minute', async () => {
  const [before, next] = [await pair('ES256', 'a'), await pair('ES256', 'b')]
  const { server, put, isSigned, wait } = await remote()
  put(before.jwk)
  assert.ok(await isSigned(await before.sign()))
  wait(29)
  put(before.jwk, next.jwk)
  for (const kid of ['x', 'y', 'z']) assert.ok(!(await isSigned(await next.sign({ kid }))))
  assert.ok(!(await isSigned(await next.sign())))
  assert.equal(server.asked.length, 1)
  wait(1)
  assert.ok(await isSigned(await next.sign()))
  assert.ok(await isSigned(await before.sign()))
  assert.equal(server.asked.length, 2)
  for (const kid of ['x', 'y', 'z']) assert.ok(!(await isSigned(await next.sign({ kid }))))
  assert.equal(server.asked.length, 2)
})

test('JK-15 a wrong signature with a known key id asks nobody', async () => {
  const [one, other] = [await pair('ES256', 'a'), await pair('ES256', 'a')]
  const { server, put, isSigned, wait } = await remote()
  put(one.jwk)
  assert.ok(await isSigned(await one.sign()))
  wait(100)
  assert.ok(!(await isSigned(await other.sign())))
  assert.equal(server.asked.length, 1)
})

test('JK-15 while a set cannot be had the one before counts for an hour, and nobody is asked in a loop', async () => {
  const one = await pair('ES256', 'a')
  const { server, put, isSigned, wait } = await remote()
  put(one.jwk)
  const text = await one.sign()
  assert.ok(await isSigned(text))
  server.put('/jwks', withHeaders({}, {}, 500))
  wait(600)
  for (let i = 0; i < 5; i++) assert.ok(await isSigned(text))
  assert.equal(server.asked.length, 2)
  wait(2999)
  assert.ok(await isSigned(text))
  wait(1)
  assert.ok(!(await isSigned(text)))
  wait(10)
  put(one.jwk)
  assert.ok(await isSigned(text))
})

test('JK-15 what is no key set is none, and spoils nothing', async () => {
  const one = await pair('ES256', 'a')
  const { server, isSigned, wait } = await remote()
  const text = await one.sign()
  for (const body of [{}, { keys: 'x' }, { keys: [] }, { keys: [7, {}] }]) {
    server.put('/jwks', body)
    assert.ok(!(await isSigned(text)))
    wait(10)
  }
  server.put('/jwks', { keys: [7, { kty: 'oct', k: 'AAAA' }, one.jwk] })
  assert.ok(await isSigned(text))
  server.put('/big', {})
})

test('JK-15 G-27 long sets of strangers push each other out of the memory; short ones do not', async () => {
  const one = await pair('ES256', 'one')
  const text = await one.sign()
  const server = await startJsonServer()
  open.push(server)
  const keys = createClientKeys(createGuardedFetch({ development: true }), { clock: () => 1000 })
  const ask = (path: string) =>
    keys.isSignedBy({ jwks: null, jwksUri: `${server.origin}${path}`, source: 'registration' }, text, algs)
  const timesAsked = (path: string) => server.asked.filter((asked) => asked === path).length
  server.put('/first', { keys: [one.jwk] })
  for (let i = 0; i < 80; i++) server.put(`/short/${i}`, { keys: [one.jwk] })
  const long = { ...one.jwk, x: 'x'.repeat(60_000) }
  for (let i = 0; i < 80; i++) server.put(`/long/${i}`, { keys: [long] })
  assert.ok(await ask('/first'))
  for (let i = 0; i < 80; i++) await ask(`/short/${i}`)
  assert.ok(await ask('/first'))
  assert.equal(timesAsked('/first'), 1)
  for (let i = 0; i < 80; i++) await ask(`/long/${i}`)
  assert.ok(await ask('/first'))
  assert.equal(timesAsked('/first'), 2)
})

test('JK-06 G-27 RSA keys that are short, or so long that checking with them costs us, are no keys', async () => {
  const one = await pair('RS256', 'a')
  const text = await one.sign()
  assert.ok(await never.isSignedBy(byValue(one.jwk), text, algs))
  const long = generateKeyPairSync('rsa', { modulusLength: 4104 })
  const short = generateKeyPairSync('rsa', { modulusLength: 1024 })
  for (const { publicKey, privateKey } of [long, short]) {
    const head = Buffer.from('{"alg":"RS256"}').toString('base64url')
    const signature = createSign('sha256').update(`${head}.e30`).sign(privateKey).toString('base64url')
    const jwk = publicKey.export({ format: 'jwk' }) as JWK
    assert.ok(!(await never.isSignedBy(byValue(jwk), `${head}.e30.${signature}`, algs)))
  }
})

/** A key set fetcher whose answers come when the test lets them. */
function slowly(answer: () => Fetched) {
  const asked: string[] = []
  const waiting: (() => void)[] = []
  const fetchJson = (url: string): Promise<Fetched> => {
    asked.push(url)
    return new Promise((resolve) => void waiting.push(() => resolve(answer())))
  }
  let now = 1000
  const keys = createClientKeys(fetchJson, { clock: () => now })
  return {
    asked,
    keys,
    release: () => {
      for (const answered of waiting.splice(0)) answered()
    },
    wait: (seconds: number) => {
      now += seconds
    },
  }
}

test('JK-15 G-27 so many sets are fetched at once per host, and altogether; who finds no place is refused, not kept waiting', async () => {
  const one = await pair('ES256', 'a')
  const text = await one.sign()
  const good: Fetched = { ok: true, json: { keys: [one.jwk] }, freshSeconds: undefined }
  const { asked, keys, release, wait } = slowly(() => good)
  const ask = (jwksUri: string, source: 'registration' | 'admin' = 'registration') =>
    keys.isSignedBy({ jwks: null, jwksUri, source }, text, algs)
  const first = Array.from({ length: 20 }, (_, i) => ask(`https://a.example/${i}`))
  await new Promise(setImmediate)
  assert.equal(asked.length, 8)
  assert.equal(await ask('https://a.example/19'), false)
  // Nor are there more of them for who makes up names and ports on one domain.
  assert.equal(await ask('https://a.example:8443/'), false)
  assert.equal(await ask('https://b.a.example/'), false)
  const others = Array.from({ length: 40 }, (_, i) => ask(`https://host-${i}.example/`))
  await new Promise(setImmediate)
  assert.equal(asked.length, 25)
  // An address that an administrator named finds a place all the same.
  const trusted = ask('https://a.example/issuer', 'admin')
  await new Promise(setImmediate)
  assert.equal(asked.length, 26)
  release()
  assert.equal(await trusted, true)
  const answers = (await Promise.all([...first, ...others])).filter((answer) => answer)
  assert.equal(answers.length, 25)
  // Being refused for want of a place is remembered of nobody.
  const again = ask('https://a.example/19')
  await new Promise(setImmediate)
  release()
  assert.equal(await again, true)
  // Whose set was good here before finds a place among as many strangers.
  wait(601)
  const crowd = Array.from({ length: 30 }, (_, i) => ask(`https://new-${i}.example/`))
  const known = ask('https://a.example/19')
  await new Promise(setImmediate)
  release()
  assert.equal(await known, true)
  await Promise.all(crowd)
})

test('JK-15 G-27 a host that cannot be reached is left alone, whatever address on it is named', async () => {
  const one = await pair('ES256', 'a')
  const text = await one.sign()
  let fetched: Fetched = { ok: false, why: 'connection' }
  const { asked, keys, release, wait } = slowly(() => fetched)
  const ask = async (jwksUri: string) => {
    const answer = keys.isSignedBy({ jwks: null, jwksUri, source: 'registration' }, text, algs)
    await new Promise(setImmediate)
    release()
    return answer
  }
  for (let i = 0; i < 20; i++) assert.equal(await ask(`https://dead.example/${i}`), false)
  assert.equal(asked.length, 1)
  fetched = { ok: true, json: { keys: [one.jwk] }, freshSeconds: undefined }
  assert.equal(await ask('https://dead.example:8443/'), true)
  assert.equal(await ask('https://dead.example/1'), false)
  wait(10)
  assert.equal(await ask('https://dead.example/1'), true)
  // One address that is wrong says nothing of the others.
  fetched = { ok: false, why: 'status' }
  assert.equal(await ask('https://other.example/1'), false)
  assert.equal(await ask('https://other.example/2'), false)
  assert.equal(asked.length, 5)
})

test('JK-15 G-27 addresses that lead nowhere push no set out of the memory', async () => {
  const one = await pair('ES256', 'a')
  const text = await one.sign()
  let count = 0
  const fetchJson = async (url: string): Promise<Fetched> => {
    count++
    if (url !== 'https://good.example/') return { ok: false, why: 'status' }
    return { ok: true, json: { keys: [one.jwk] }, freshSeconds: undefined }
  }
  const keys = createClientKeys(fetchJson, { clock: () => 1000 })
  const ask = (jwksUri: string) =>
    keys.isSignedBy({ jwks: null, jwksUri, source: 'registration' }, text, algs)
  assert.ok(await ask('https://good.example/'))
  for (let i = 0; i < 3000; i++) assert.ok(!(await ask(`https://${i}.example/`)))
  assert.ok(await ask('https://good.example/'))
  assert.equal(count, 3001)
})
