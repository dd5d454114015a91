import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { base64url, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { type ProtectedResource, protect } from './protect.ts'
import { createClock, requestWith } from './testing/clock.ts'
import { audience, type SigningKey, startIssuer, startOfTests, type TestIssuer } from './testing/issuer.ts'

let issuer: TestIssuer
let key: SigningKey
let api: ProtectedResource

before(async () => {
  issuer = await startIssuer()
  key = await issuer.addKey()
  api = protect({ resource: audience, issuer: issuer.url, system: createClock().system })
})
after(() => issuer.close())

async function reasonFor(token: string, resource = api): Promise<string> {
  const verification = await resource.verify(requestWith(token))
  return verification.ok ? 'passed' : verification.refusal.reason
}

/** Header and claims exactly as written here, signed properly. */
async function signText(header: string, claims: string): Promise<string> {
  const input = `${base64url.encode(header)}.${base64url.encode(claims)}`
  const algorithm = { name: 'ECDSA', hash: 'SHA-256' }
  const signature = await crypto.subtle.sign(algorithm, key.privateKey, new TextEncoder().encode(input))
  return `${input}.${base64url.encode(new Uint8Array(signature))}`
}

const claimsText = (more = '') =>
  `{"iss":"${issuer.url}","aud":"${audience}","sub":"u","client_id":"c","exp":${startOfTests + 60}${more}}`

test('JK-09 only an access token is one: every other kind that the same key signs is refused', async () => {
  for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])
    assert.equal(await reasonFor(await issuer.sign({}, { typ })), 'passed', typ)
  for (const typ of [
    'JWT',
    'dpop+jwt',
    'token-introspection+jwt',
    'oauth-id-jag+jwt',
    'client-authentication+jwt',
    'logout+jwt',
    undefined,
    7,
  ])
    assert.equal(await reasonFor(await issuer.sign({}, { typ })), 'token_type_wrong', String(typ))
})

test('JK-06 RS-14 none, HMAC and algorithms outside the list are refused before any key is looked for', async () => {
  const publicKey = new TextEncoder().encode(JSON.stringify(key.publicJwk))
  const hmac = await new SignJWT({
    iss: issuer.url,
    aud: audience,
    sub: 'u',
    client_id: 'c',
    exp: startOfTests + 60,
  })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: key.kid })
    .sign(publicKey)
  assert.equal(await reasonFor(hmac), 'algorithm_refused')
  const part = (value: object) => base64url.encode(JSON.stringify(value))
  const header = part({ alg: 'none', typ: 'at+jwt' })
  assert.equal(await reasonFor(`${header}.${base64url.encode(claimsText())}.`), 'token_malformed')
  assert.equal(await reasonFor(`${header}.${base64url.encode(claimsText())}.AAAA`), 'algorithm_refused')
  const narrow = protect({
    resource: audience,
    issuer: issuer.url,
    algorithms: ['RS256'],
    system: createClock().system,
  })
  assert.equal(await reasonFor(await issuer.sign(), narrow), 'algorithm_refused')
})

test('AT-05 X-29 ES256, RS256, PS256, and Ed25519 under both of its names are understood', async () => {
  const others = await startIssuer()
  try {
    const signers: SigningKey[] = []
    for (const alg of ['ES256', 'RS256', 'PS256', 'EdDSA', 'Ed25519']) signers.push(await others.addKey(alg))
    // The same key published under the other of its names.
    const renamed = await others.addKey('Ed25519', false)
    others.publish({ ...renamed.publicJwk, alg: 'EdDSA' })
    const resource = protect({ resource: audience, issuer: others.url, system: createClock().system })
    for (const signer of [...signers, renamed])
      assert.equal(await reasonFor(await others.sign({}, {}, signer), resource), 'passed', signer.alg)
  } finally {
    await others.close()
  }
})

test('JK-07 a critical extension is not overlooked', async () => {
  const header = { typ: 'at+jwt', alg: 'ES256', kid: key.kid }
  const critical = JSON.stringify({ ...header, crit: ['b64'], b64: true })
  assert.equal(await reasonFor(await signText(critical, claimsText())), 'token_malformed')
  assert.equal(await reasonFor(await signText(JSON.stringify(header), claimsText())), 'passed')
})

test('JK-08 a key or an address of keys inside a token is ignored', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(publicKey)
  const own = { kid: 'key-1', alg: 'ES256', privateKey, publicJwk: jwk }
  const header = { jwk, jku: `${issuer.url}/other`, x5u: `${issuer.url}/chain`, x5c: ['MII'] }
  assert.equal(await reasonFor(await issuer.sign({}, header, own)), 'signature_invalid')
  assert.deepEqual(issuer.at('/other').concat(issuer.at('/chain')), [])
  assert.equal(await reasonFor(await issuer.sign({}, header)), 'passed')
})

test('JK-10 a date that is no JSON number is refused', async () => {
  const header = JSON.stringify({ typ: 'at+jwt', alg: 'ES256', kid: key.kid })
  for (const more of [',"nbf":"1"', ',"nbf":-1', ',"iat":"now"', ',"iat":1e999', ',"nbf":null'])
    assert.equal(await reasonFor(await signText(header, claimsText(more))), 'claims_invalid', more)
  const noNumber = claimsText().replace(/"exp":\d+/, `"exp":"${startOfTests + 60}"`)
  assert.equal(await reasonFor(await signText(header, noNumber)), 'claims_invalid')
})

test('JK-11 a member that is there twice is refused, in header and claims, at any depth', async () => {
  const header = JSON.stringify({ typ: 'at+jwt', alg: 'ES256', kid: key.kid })
  const doubled = [',"sub":"admin"', ',"x":{"a":1,"a":2}', ',"x":[{"a":1,"a":2}]', ',"s\\u0075b":"admin"']
  for (const more of doubled)
    assert.equal(await reasonFor(await signText(header, claimsText(more))), 'token_malformed', more)
  const twice = header.replace('{', '{"alg":"ES256",')
  assert.equal(await reasonFor(await signText(twice, claimsText())), 'token_malformed')
  const harmless = ',"x":{"sub":":","sub\\":":[":"]},"y":{"sub":1}'
  assert.equal(await reasonFor(await signText(header, claimsText(harmless))), 'passed')
})

test('JK-14 one spelling: strict base64url, three parts, JSON objects in UTF-8', async () => {
  const token = await issuer.sign()
  const [header = '', claims = '', signature = ''] = token.split('.')
  const bytes = base64url.decode(signature)
  const last = signature.slice(-1)
  const sameBytes = signature.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)
  assert.deepEqual(base64url.decode(sameBytes), bytes)
  for (const other of [
    `${header}.${claims}.${sameBytes}`,
    `${header}.${claims}.${signature}.`,
    `${header}.${claims}`,
    `${header}.${claims}.${signature}.a.b`,
    `${header}..${signature}`,
    `${base64url.encode('[]')}.${claims}.${signature}`,
    `${base64url.encode('null')}.${claims}.${signature}`,
    `${base64url.encode(new Uint8Array([0x7b, 0xff, 0x7d]))}.${claims}.${signature}`,
    `${base64url.encode('[['.repeat(5000))}.${claims}.${signature}`,
  ])
    assert.equal(await reasonFor(other), 'token_malformed', other.slice(-12))
  for (const padded of [`${token}=`, `${token}==`]) assert.equal(await reasonFor(padded), 'token_malformed')
})

test('RS-06 whatever bytes come as a token, the answer is a refusal and never an exception', async () => {
  const token = await issuer.sign()
  for (let at = 0; at < token.length; at += 7) {
    const changed = `${token.slice(0, at)}${token[at] === 'A' ? 'B' : 'A'}${token.slice(at + 1)}`
    assert.notEqual(await reasonFor(changed), 'passed', `position ${at}`)
  }
})
