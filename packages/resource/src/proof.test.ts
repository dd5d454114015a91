import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { UnavailableError } from './errors.ts'
import { type ProtectedResource, protect, toResponse } from './protect.ts'
import { createReplayMemory } from './replays.ts'
import type { DpopOptions, ResourceOptions } from './settings.ts'
import { createClock, requestWith, type TestClock } from './testing/clock.ts'
import { audience, startIssuer, startOfTests, type TestIssuer } from './testing/issuer.ts'
import { createProver, type Prover } from './testing/prover.ts'

let issuer: TestIssuer
let prover: Prover
let clock: TestClock
let token: string

before(async () => {
  issuer = await startIssuer()
  prover = await createProver()
  token = await issuer.sign({ cnf: { jkt: prover.jkt } })
})
beforeEach(() => {
  clock = createClock()
})
after(() => issuer.close())

function create(dpop: DpopOptions = {}, more: Partial<ResourceOptions> = {}): ProtectedResource {
  return protect({ resource: audience, issuer: issuer.url, dpop, system: clock.system, ...more })
}

const proven = (proof: string | undefined, bound = token, url?: string): Request =>
  requestWith(
    undefined,
    { authorization: `DPoP ${bound}`, ...(proof === undefined ? {} : { dpop: proof }) },
    url,
  )

async function reasonFor(resource: ProtectedResource, request: Request): Promise<string> {
  const verification = await resource.verify(request)
  if (verification.ok) return 'passed'
  const { refusal } = verification
  return refusal.reason === 'proof_invalid' ? refusal.why : refusal.reason
}

test('DP-10 a token with the proof of its key passes, for each algorithm that is offered', async () => {
  const verification = await create().verify(proven(await prover.prove(token)))
  assert.equal(verification.ok && verification.identity.keyThumbprint, prover.jkt)
  for (const alg of ['RS256', 'PS256', 'EdDSA', 'Ed25519']) {
    const other = await createProver(alg)
    const bound = await issuer.sign({ cnf: { jkt: other.jkt } })
    assert.equal(await reasonFor(create(), proven(await other.prove(bound), bound)), 'passed', alg)
  }
})

test('DP-01 DP-10 no proof, two proofs, or something else instead is refused', async () => {
  const resource = create()
  assert.equal(await reasonFor(resource, proven(undefined)), 'missing')
  const two = proven(await prover.prove(token))
  two.headers.append('dpop', await prover.prove(token))
  assert.equal(await reasonFor(resource, two), 'malformed')
  assert.equal(await reasonFor(resource, proven('nonsense')), 'malformed')
})

test('DP-02 JK-09 a proof is of its kind, signed by a public asymmetric key that is in it', async () => {
  const resource = create()
  const other = await createProver()
  const cases: [Record<string, unknown>, string][] = [
    [{ typ: 'JWT' }, 'type'],
    [{ typ: 'at+jwt' }, 'type'],
    [{ typ: undefined }, 'type'],
    [{ jwk: undefined }, 'key'],
    [{ jwk: prover.privateJwk }, 'key'],
    [{ jwk: { kty: 'oct', k: 'AAAA' } }, 'key'],
    [{ jwk: { ...prover.jwk, alg: 'ES384' } }, 'key'],
    [{ jwk: other.jwk }, 'signature'],
  ]
  for (const [header, why] of cases)
    assert.equal(
      await reasonFor(resource, proven(await prover.prove(token, {}, header))),
      why,
      JSON.stringify(header),
    )
  const narrow = create({ algorithms: ['EdDSA'] })
  assert.equal(await reasonFor(narrow, proven(await prover.prove(token))), 'algorithm')
})

test('DP-03 the proof is for this method and this address, as the client sees it', async () => {
  const resource = create()
  const cases: [Record<string, unknown>, string][] = [
    [{ htm: 'POST' }, 'method'],
    [{ htm: 'get' }, 'method'],
    [{ htu: 'https://api.example.com/notes/2' }, 'url'],
    [{ htu: 'https://other.example.com/notes/1' }, 'url'],
    [{ htu: 'http://api.example.com/notes/1' }, 'url'],
    [{ htu: 'https://mia@api.example.com/notes/1' }, 'url'],
    [{ htu: '/notes/1' }, 'url'],
    [{ htu: undefined }, 'claims'],
    [{ htm: undefined }, 'claims'],
    [{ jti: undefined }, 'claims'],
    [{ jti: '' }, 'claims'],
    [{ jti: 'x'.repeat(513) }, 'claims'],
    [{ iat: undefined }, 'claims'],
    [{ iat: `${startOfTests}` }, 'claims'],
    [{ htu: 'https://API.example.com:443/x/../notes/%31?order=old#part' }, 'passed'],
  ]
  for (const [claims, why] of cases)
    assert.equal(
      await reasonFor(resource, proven(await prover.prove(token, claims))),
      why,
      JSON.stringify(claims),
    )
})

test('DP-03 RS-14 the address is that of the configuration, whatever host the request names', async () => {
  const url = 'http://10.0.0.7:8080/1'
  const faked = await prover.prove(token, { htu: url })
  assert.equal(await reasonFor(create(), proven(faked, token, url)), 'url')
  const behind = create({}, { publicUrl: 'https://api.example.com/notes/' })
  assert.equal(await reasonFor(behind, proven(await prover.prove(token), token, url)), 'passed')
})

test('DP-04 X-30 a proof counts for 60 seconds and from 10 seconds ahead; at MCP servers five minutes each way', async () => {
  const at = async (iat: number, dpop: DpopOptions) =>
    reasonFor(create(dpop), proven(await prover.prove(token, { iat: startOfTests + iat })))
  const mcp = { ageSeconds: 300, aheadSeconds: 300 }
  for (const [iat, dpop, why] of [
    [-60, {}, 'passed'],
    [-61, {}, 'time'],
    [10, {}, 'passed'],
    [11, {}, 'time'],
    [-300, mcp, 'passed'],
    [-301, mcp, 'time'],
    [300, mcp, 'passed'],
    [301, mcp, 'time'],
  ] as const)
    assert.equal(await at(iat, dpop), why, `${iat}`)
})

test('DP-05 JK-18 a proof is used once, for as long as it could be used again, and also at the same moment', async () => {
  const resource = create()
  const proof = await prover.prove(token)
  const both = await Promise.all([reasonFor(resource, proven(proof)), reasonFor(resource, proven(proof))])
  assert.deepEqual(both.sort(), ['passed', 'replayed'])
  clock.advance(60)
  assert.equal(await reasonFor(resource, proven(proof)), 'replayed')
  clock.advance(1)
  assert.equal(await reasonFor(resource, proven(proof)), 'time')
  const sameName = await createProver()
  const bound = await issuer.sign({ cnf: { jkt: sameName.jkt } })
  const theirs = await sameName.prove(bound, { jti: 'proof-x', iat: startOfTests + 61 })
  const ours = await prover.prove(token, { jti: 'proof-x', iat: startOfTests + 61 })
  assert.equal(await reasonFor(resource, proven(theirs, bound)), 'passed')
  assert.equal(await reasonFor(resource, proven(ours)), 'passed')
})

test('JK-18 the memory may be shared by several nodes; when it fails, access is closed', async () => {
  const replays = createReplayMemory(70, clock.system)
  const [one, two] = [create({ replays }), create({ replays })]
  const proof = await prover.prove(token)
  assert.equal(await reasonFor(one, proven(proof)), 'passed')
  assert.equal(await reasonFor(two, proven(proof)), 'replayed')
  const failing = create({ replays: { firstTime: () => Promise.reject(new Error('the store is away')) } })
  assert.equal(await reasonFor(failing, proven(await prover.prove(token))), 'unavailable')
})

test('DP-05 the memory of one process forgets in time, and when it is full it closes instead of forgetting', () => {
  const memory = createReplayMemory(70, clock.system, { all: 3, perKey: 3 })
  const until = startOfTests + 70
  const first = (name: string) => memory.firstTime(name, until, `key of ${name}`)
  assert.deepEqual(['a', 'b', 'c'].map(first), [true, true, true])
  assert.throws(() => first('d'), UnavailableError)
  clock.advance(70)
  assert.equal(first('a'), false)
  assert.equal(first('d'), true)
  clock.advance(70)
  assert.equal(first('a'), true)
  clock.advance(500)
  assert.equal(first('d'), true)
})

test('DP-05 G-27 one key that proves too often is told to come back, and the others go on', async () => {
  const replays = createReplayMemory(70, clock.system, { all: 10, perKey: 2 })
  const resource = create({ replays })
  const other = await createProver()
  const bound = await issuer.sign({ cnf: { jkt: other.jkt } })
  const proofs = await Promise.all(['1', '2', '3'].map((jti) => prover.prove(token, { jti })))
  const outcomes = []
  for (const proof of proofs) outcomes.push(await reasonFor(resource, proven(proof)))
  assert.deepEqual(outcomes, ['passed', 'passed', 'proofs_too_many'])
  assert.equal(await reasonFor(resource, proven(await other.prove(bound), bound)), 'passed')
  // What was seen is no less seen.
  assert.equal(await reasonFor(resource, proven(proofs[0])), 'replayed')
  const answer = await resource.verify(proven(proofs[2]))
  assert.ok(!answer.ok)
  const said = toResponse(resource.challenge(answer))
  assert.deepEqual(
    [said.status, said.headers.get('retry-after'), said.headers.get('www-authenticate')],
    [429, '5', null],
  )
  assert.equal(((await said.json()) as { error: string }).error, 'too_many_requests')
  clock.advance(70)
  const later = await prover.prove(token, { jti: '4', iat: startOfTests + 70 })
  assert.equal(await reasonFor(resource, proven(later)), 'passed')
})

test('DP-02 G-27 an RSA key of a proof has 2048 to 4096 bits and a short exponent', async () => {
  const resource = create()
  const good = await createProver('RS256')
  assert.equal(good.jwk.e, 'AQAB')
  const bound = await issuer.sign({ cnf: { jkt: good.jkt } })
  assert.equal(await reasonFor(resource, proven(await good.prove(bound), bound)), 'passed')
  for (const change of [
    { n: `A${'w'.repeat(700)}` },
    { n: 'w'.repeat(300) },
    { e: 'w'.repeat(300) },
    { e: undefined },
  ]) {
    const jwk = JSON.parse(JSON.stringify({ ...good.jwk, ...change }))
    assert.equal(await reasonFor(resource, proven(await good.prove(bound, {}, { jwk }), bound)), 'key')
  }
})

test('DP-10 a proof for another token, or by another key, is refused', async () => {
  const resource = create()
  const other = await createProver()
  assert.equal(await reasonFor(resource, proven(await other.prove(token))), 'other_key')
  const second = await issuer.sign({ cnf: { jkt: prover.jkt }, jti: 'token-2' })
  assert.equal(await reasonFor(resource, proven(await prover.prove(second))), 'token')
  assert.equal(await reasonFor(resource, proven(await prover.prove(token, { ath: undefined }))), 'token')
})

test('DP-11 RS-18 a bound token without proof, and a plain token with one, are invalid', async () => {
  const resource = create()
  assert.equal(await reasonFor(resource, requestWith(token)), 'token_bound')
  assert.equal(
    await reasonFor(resource, requestWith(token, { dpop: await prover.prove(token) })),
    'token_bound',
  )
  const plain = await issuer.sign()
  assert.equal(await reasonFor(resource, proven(await prover.prove(plain), plain)), 'token_unbound')
  assert.equal(await reasonFor(create({ use: 'required' }), requestWith(plain)), 'token_unbound')
  assert.equal(
    await reasonFor(create({ use: 'off' }), proven(await prover.prove(token))),
    'credentials_missing',
  )
})

test('DP-09 DP-14 with nonces a proof without a fresh one is asked for it, and the next one is handed out in time', async () => {
  const resource = create({ nonces: true })
  const first = await resource.verify(proven(await prover.prove(token)))
  assert.ok(!first.ok && first.refusal.reason === 'nonce_needed' && first.nonce !== undefined)
  const { nonce } = first
  const guessed = await prover.prove(token, { nonce: 'guessed' })
  assert.equal(await reasonFor(resource, proven(guessed)), 'nonce_needed')
  const withNonce = async () => {
    const iat = clock.system.now()
    return resource.verify(proven(await prover.prove(token, { nonce, iat })))
  }
  const second = await withNonce()
  assert.ok(second.ok && second.nonce === undefined)
  clock.advance(120)
  const third = await withNonce()
  assert.ok(third.ok && third.nonce !== undefined && third.nonce !== nonce)
  clock.advance(120)
  const fourth = await withNonce()
  assert.ok(!fourth.ok && fourth.refusal.reason === 'nonce_needed')
})

test('DP-09 nonces cannot be foretold, and are the same on nodes that share their secret', async () => {
  const nonceOf = async (dpop: DpopOptions) => {
    const verification = await create(dpop).verify(proven(await prover.prove(token)))
    return verification.ok ? undefined : verification.nonce
  }
  const secret = new Uint8Array(32).fill(7)
  assert.equal(await nonceOf({ nonces: secret }), await nonceOf({ nonces: secret }))
  assert.notEqual(await nonceOf({ nonces: true }), await nonceOf({ nonces: true }))
  assert.notEqual(await nonceOf({ nonces: secret }), await nonceOf({ nonces: new Uint8Array(32).fill(8) }))
})

test('a proof is judged after the token, so that nobody without a token can fill the memory', async () => {
  let asked = 0
  const firstTime = () => {
    asked += 1
    return true
  }
  const resource = create({ replays: { firstTime } })
  const foreign = await issuer.sign({ cnf: { jkt: prover.jkt }, aud: 'https://other.example.com' })
  assert.equal(await reasonFor(resource, proven(await prover.prove(foreign), foreign)), 'audience_wrong')
  assert.equal(await reasonFor(resource, proven(await prover.prove(token, { htm: 'PUT' }))), 'method')
  assert.equal(asked, 0)
})
