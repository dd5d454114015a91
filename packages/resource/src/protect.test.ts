import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type Handler, protect } from './protect.ts'
import type { ResourceOptions } from './settings.ts'
import { createClock, requestWith, type TestClock } from './testing/clock.ts'
import { audience, startIssuer, type TestIssuer } from './testing/issuer.ts'
import { createProver } from './testing/prover.ts'

let issuer: TestIssuer
let clock: TestClock

before(async () => {
  issuer = await startIssuer()
})
beforeEach(() => {
  clock = createClock()
})
after(() => issuer.close())

const create = (options: Partial<ResourceOptions> = {}) =>
  protect({ resource: audience, issuer: issuer.url, system: clock.system, ...options })

test('RS-05 RS-06 RS-07 MS-03 the handler sees only who may pass, and is told who it is', async () => {
  const seen: string[] = []
  const handler: Handler = create().guard(
    (_request, identity) => {
      seen.push(identity.subject)
      return Response.json({ hello: identity.subject })
    },
    { scopes: ['notes:write'] },
  )
  assert.equal((await handler(requestWith(undefined))).status, 401)
  assert.equal((await handler(requestWith('nonsense'))).status, 401)
  assert.equal((await handler(requestWith(await issuer.sign({ scope: 'notes:read' })))).status, 403)
  assert.equal((await handler(requestWith(undefined, { authorization: 'Bearer a b' }))).status, 400)
  assert.deepEqual(seen, [])
  const response = await handler(requestWith(await issuer.sign()))
  assert.deepEqual([response.status, await response.json(), seen], [200, { hello: 'usr_mia' }, ['usr_mia']])
})

test('the answer to a request that passed is private, unless the application says otherwise', async () => {
  const token = await issuer.sign()
  const plain = await create().guard(() => new Response('x'))(requestWith(token))
  assert.equal(plain.headers.get('cache-control'), 'private')
  const headers = { 'cache-control': 'no-cache, no-transform', 'x-own': 'kept' }
  const own = await create().guard(() => new Response('x', { status: 206, headers }))(requestWith(token))
  assert.deepEqual(
    [own.status, own.headers.get('cache-control'), own.headers.get('x-own')],
    [206, 'no-cache, no-transform', 'kept'],
  )
})

test('PRM-07 the guard answers for the metadata that its challenges point to', async () => {
  const handler = create().guard(() => new Response('secret'))
  const refused = await handler(requestWith(undefined))
  const [, url = ''] = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '') ?? []
  const document = (await (await handler(new Request(url))).json()) as Record<string, unknown>
  assert.equal(document.resource, audience)
  assert.deepEqual(document.authorization_servers, [issuer.url])
})

test('DP-09 DP-14 with nonces: refused with one, let in with it, and given the next before it ends', async () => {
  const prover = await createProver()
  const token = await issuer.sign({ cnf: { jkt: prover.jkt } })
  const handler = create({ dpop: { nonces: true } }).guard(
    () => new Response('x', { headers: { 'cache-control': 'public' } }),
  )
  const send = async (claims: object) => {
    const dpop = await prover.prove(token, { iat: clock.system.now(), ...claims })
    return handler(requestWith(undefined, { authorization: `DPoP ${token}`, dpop }))
  }
  const refused = await send({})
  assert.equal(refused.status, 401)
  const nonce = refused.headers.get('dpop-nonce')
  const passed = await send({ nonce })
  assert.deepEqual([passed.status, passed.headers.get('dpop-nonce')], [200, null])
  clock.advance(120)
  const later = await send({ nonce })
  assert.equal(later.status, 200)
  assert.notEqual(later.headers.get('dpop-nonce'), nonce)
  assert.equal(later.headers.get('cache-control'), 'no-store')
  assert.match(later.headers.get('access-control-expose-headers') ?? '', /DPoP-Nonce/)
})

test('RS-13 an authorization server that is away closes the door for a while, and says so', async () => {
  const away = await startIssuer()
  const token = await away.sign()
  const handler = create({ issuer: away.url }).guard(() => new Response('secret'))
  await away.close()
  const response = await handler(requestWith(token))
  assert.equal(response.status, 503)
  assert.equal(response.headers.get('retry-after'), '5')
  assert.equal(response.headers.get('www-authenticate'), null)
})

test('RS-15 the identity that a handler gets does not hold the token, so that it cannot be passed on by chance', async () => {
  const token = await issuer.sign()
  let seen: unknown
  await create().guard((_request, identity) => {
    seen = identity
    return new Response()
  })(requestWith(token))
  assert.ok(!JSON.stringify(seen).includes(token))
})
