// What is a DPoP proof, and what is none (standards.md section 14, DP-01 to DP-04): each shown to the token endpoint. Proofs are made
// with `jose`, which is not what checks them. Replay, nonces and bound tokens are dpop.test.ts.

import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { connect } from 'node:net'
import { test } from 'node:test'
import { trustedProxyList } from './config.ts'
import { createNodeServer } from './node.ts'
import { clientAlgs } from './offered.ts'
import { bodyOf, errorOf, refresh, signIn } from './testing/device-flow.ts'
import { createProver, type Prover, type Said } from './testing/dpop.ts'
import { createTestServerWith, type TestServer, testClient } from './testing/services.ts'

const path = '/oauth/token'

async function withToken() {
  const server = await createTestServerWith([testClient], { settings: { dpopNonces: false } })
  const { refresh_token: token } = await signIn(server)
  return { server, token }
}

/** What becomes of a refresh with the proof: the kind of token that it gives, or the error. */
async function outcome(server: TestServer, token: string, dpop: string): Promise<string> {
  const response = await refresh(server, token, {}, { headers: { dpop } })
  return response.status === 200 ? String(bodyOf(response).token_type) : errorOf(response)
}

async function outcomes(prover: Prover, table: readonly (Omit<Said, 'path'> & { path?: string })[]) {
  const { server, token } = await withToken()
  const all: string[] = []
  for (const said of table)
    all.push(await outcome(server, token, await prover.prove(server, { path, ...said })))
  return all
}

const bad = '400 invalid_dpop_proof'

test('DP-01 two DPoP headers are refused, as they arrive from a socket', async () => {
  const { server, token } = await withToken()
  const prover = await createProver()
  const node = createNodeServer(() => server.handler, trustedProxyList([]))
  const address = await node.listen({ host: '127.0.0.1', port: 0 })
  const answer = async (proofs: readonly string[]) => {
    const body = new URLSearchParams({
      grant_type: 'refresh_token',
      refresh_token: token,
      client_id: testClient.id,
    }).toString()
    const socket = connect(Number(new URL(address).port), '127.0.0.1')
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${proofs.map((proof) => `DPoP: ${proof}\r\n`).join('')}` +
        `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    let text = ''
    for await (const chunk of socket.setEncoding('utf8')) text += chunk
    return text
  }
  try {
    const [a, b] = [await prover.prove(server, { path }), await prover.prove(server, { path })]
    for (const two of [
      [a, b],
      [a, a],
      [a, ''],
    ])
      assert.match(await answer(two), /^HTTP\/1\.1 400 [\s\S]*"invalid_dpop_proof"/)
    assert.match(await answer([a]), /^HTTP\/1\.1 200 [\s\S]*"token_type":"DPoP"/)
  } finally {
    await node.close()
  }
})

test('DP-01 what is no JWT is no proof', async () => {
  const { server, token } = await withToken()
  const prover = await createProver()
  const good = await prover.prove(server, { path })
  const [head = '', body = '', signature = ''] = good.split('.')
  const wrong = [
    '',
    ' ',
    'x',
    '..',
    `${head}.${body}`,
    `${head}.${body}.`,
    `${good}.x`,
    `${good}=`,
    `${good},`,
  ]
  const other = Buffer.from(body, 'base64url').toString().replace('{', '{ ')
  wrong.push(`${head}.${Buffer.from(other).toString('base64url')}.${signature}`, 'e'.repeat(20_000))
  for (const dpop of wrong) assert.equal(await outcome(server, token, dpop), bad, dpop.slice(0, 40))
  assert.equal(await outcome(server, token, good), 'DPoP')
})

test('DP-02 JK-09 the kind of JWT is named, with or without the prefix and in any case', async () => {
  const prover = await createProver()
  const types = ['dpop+jwt', 'DPoP+JWT', 'application/dpop+jwt', 'JWT', 'at+jwt', '', undefined, 7]
  assert.deepEqual(
    await outcomes(
      prover,
      types.map((typ) => ({ header: { typ } })),
    ),
    ['DPoP', 'DPoP', 'DPoP', ...Array(5).fill(bad)],
  )
})

test('DP-02 DP-16 every algorithm that is announced works, and is announced', async () => {
  for (const alg of clientAlgs) {
    const prover = await createProver(alg)
    assert.deepEqual(await outcomes(prover, [{}]), ['DPoP'], alg)
  }
  const { server } = await withToken()
  const document = bodyOf(await server.call('GET', '/.well-known/oauth-authorization-server'))
  assert.deepEqual(document.dpop_signing_alg_values_supported, clientAlgs)
  assert.ok(!clientAlgs.some((alg) => /^none$|^HS/i.test(alg)))
})

test('DP-02 JK-06 JK-07 other algorithms, keys that do not fit, and extensions that nobody knows are refused', async () => {
  const prover = await createProver()
  const jwk = (key: object) => ({ header: { jwk: key } })
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const other = publicKey.export({ format: 'jwk' })
  const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
  const table = [
    jwk(other),
    jwk(privateKey.export({ format: 'jwk' })),
    jwk({ ...prover.jwk, d: 'AA' }),
    jwk({ ...prover.jwk, k: 'AA' }),
    jwk({ ...prover.jwk, y: prover.jwk.x }),
    jwk({ ...prover.jwk, crv: 'P-384' }),
    jwk({ kty: 'oct', k: 'AAAA' }),
    jwk(x25519),
    jwk({}),
    jwk([]),
    { header: { jwk: undefined, jku: 'https://keys.example/jwks' } },
    { header: { jwk: undefined, kid: 'known' } },
    { header: { jwk: 'key' } },
    { header: { jwk: null } },
  ]
  assert.deepEqual(await outcomes(prover, table), Array(table.length).fill(bad))
})

test('DP-02 JK-06 a header that claims another algorithm than made the signature is refused', async () => {
  const { server, token } = await withToken()
  const prover = await createProver()
  const [, body = '', signature = ''] = (await prover.prove(server, { path })).split('.')
  for (const header of [
    { alg: 'none' },
    { alg: 'HS256' },
    { alg: 'RS256' },
    { alg: 'ES384' },
    { alg: 'EdDSA' },
    { alg: ['ES256'] },
    { alg: 'ES256', crit: ['exp'], exp: 1 },
  ]) {
    const head = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', jwk: prover.jwk, ...header })).toString(
      'base64url',
    )
    for (const end of [signature, ''])
      assert.equal(await outcome(server, token, `${head}.${body}.${end}`), bad)
  }
})

test('JK-03 short RSA keys are refused, and so are those that would cost us much', async () => {
  const { server, token } = await withToken()
  for (const [modulusLength, expected] of [
    [1024, bad],
    [2048, 'DPoP'],
  ] as const) {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength })
    const header = { typ: 'dpop+jwt', alg: 'RS256', jwk: publicKey.export({ format: 'jwk' }) }
    const claims = {
      jti: String(modulusLength),
      htm: 'POST',
      htu: `https://login.example${path}`,
      iat: server.services.system.now(),
    }
    const input = [header, claims]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.')
    const signature = sign('sha256', Buffer.from(input), privateKey).toString('base64url')
    assert.equal(await outcome(server, token, `${input}.${signature}`), expected, String(modulusLength))
  }
})

test('DP-03 jti, htm, htu and iat are there, and of the right kind', async () => {
  const prover = await createProver()
  const now = 1_800_000_000
  const table: Record<string, unknown>[] = [
    ...['jti', 'htm', 'htu', 'iat'].map((name) => ({ [name]: undefined })),
    ...['', 7, null, 'j'.repeat(257)].map((jti) => ({ jti })),
    ...['GET', 'post', '', ['POST']].map((htm) => ({ htm })),
    ...[String(now), null, -1, {}, true].map((iat) => ({ iat })),
    ...[7, null].map((nonce) => ({ nonce })),
  ]
  assert.deepEqual(
    await outcomes(
      prover,
      table.map((claims) => ({ claims })),
    ),
    Array(table.length).fill(bad),
  )
})

test('DP-03 G-15 htu is the configured address after normalisation, without query and fragment, and nothing else', async () => {
  const prover = await createProver()
  const same = [
    'https://login.example/oauth/token',
    'https://login.example:443/oauth/token',
    'HTTPS://LOGIN.example/oauth/token',
    'https://login.example/oauth/%74oken',
    'https://login.example/x/../oauth/./token',
    'https://login.example/oauth/token?a=b',
    'https://login.example/oauth/token#f',
  ]
  const others = [
    'http://login.example/oauth/token',
    'https://login.example:8443/oauth/token',
    'https://other.example/oauth/token',
    'https://login.example/oauth/token/',
    'https://login.example/oauth/Token',
    'https://login.example/oauth%2Ftoken',
    'https://login.example/oauth/introspect',
    'https://a@login.example/oauth/token',
    'https://login.example\\oauth/token',
    ' https://login.example/oauth/token',
    'https://login.example/oauth/to\nken',
    '/oauth/token',
    'login.example/oauth/token',
    '',
  ]
  const table = [...same, ...others].map((htu) => ({ claims: { htu } }))
  const expected = [...same.map(() => 'DPoP'), ...others.map(() => bad)]
  assert.deepEqual(await outcomes(prover, table), expected)
})

test('DP-03 G-15 under an issuer with a path the path is part of htu, and forwarded hosts change nothing', async () => {
  const issuer = 'https://login.example/tenant/'
  const server = await createTestServerWith([testClient], { settings: { issuer, dpopNonces: false } })
  const prover = await createProver()
  const form = { grant_type: 'refresh_token', refresh_token: 'x', client_id: testClient.id }
  const send = async (htu: string) => {
    const dpop = await prover.prove(server, { path, claims: { htu } })
    const headers = { dpop, host: 'evil.example', 'x-forwarded-host': 'evil.example' }
    return errorOf(await server.call('POST', `/tenant${path}`, { form, headers }))
  }
  assert.equal(await send('https://login.example/tenant/oauth/token'), '400 invalid_grant')
  for (const htu of ['https://login.example/oauth/token', 'https://evil.example/tenant/oauth/token'])
    assert.equal(await send(htu), bad)
})

test('DP-04 a proof is of now: a minute back, ten seconds ahead, to the second', async () => {
  const prover = await createProver()
  const now = 1_800_000_000
  const ages = [-60, 0, 10, -61, 11, -3600, 3600].map((shift) => ({ claims: { iat: now + shift } }))
  assert.deepEqual(await outcomes(prover, ages), ['DPoP', 'DPoP', 'DPoP', bad, bad, bad, bad])
})

test('DP-03 under an issuer that is written as no URI only that very text is its address', async () => {
  const settings = { dpopNonces: false, issuer: 'https://login.example/a|b' }
  const server = await createTestServerWith([testClient], { settings })
  const prover = await createProver()
  const form = { grant_type: 'refresh_token', refresh_token: 'none', client_id: testClient.id }
  const send = async (htu: string) => {
    const dpop = await prover.prove(server, { path, claims: { htu } })
    return errorOf(await server.call('POST', `/a|b${path}`, { form, headers: { dpop } }))
  }
  assert.equal(await send(`${settings.issuer}${path}`), '400 invalid_grant')
  for (const htu of ['', 'a|b', 'https://evil.example/a|b/oauth/token']) assert.equal(await send(htu), bad)
})
