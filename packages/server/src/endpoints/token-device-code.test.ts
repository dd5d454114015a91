// Polling with a device code against standards.md section 8 (DT). Held polls are in token-device-code.hold.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemoryStore } from '../store/memory.ts'
import { StoreUnavailable } from '../store/store.ts'
import {
  approveDevice,
  basic,
  bodyOf,
  claimsOf,
  denyDevice,
  errorOf,
  introspect,
  pollDevice,
  startDevice,
  type TokenAnswer,
} from '../testing/device-flow.ts'
import { createProver } from '../testing/dpop.ts'
import {
  createTestServerWith,
  type TestOptions,
  testAccount,
  testClient,
  testConfidentialClient,
} from '../testing/services.ts'
import { deviceCodeId } from '../tokens.ts'
import { deviceGrantType } from './device-authorize.ts'

async function withClient(options: TestOptions = {}) {
  const resources = ['https://a.example', 'https://b.example']
  const server = await createTestServerWith([{ resources }, testConfidentialClient], options)
  const stored = (code: string) => server.services.store.read('deviceAuthorization', deviceCodeId(code))
  return { server, stored }
}

test('DT-01 a poll without a device code is malformed', async () => {
  const { server } = await withClient()
  const form = { client_id: testClient.id, grant_type: deviceGrantType }
  for (const more of [{}, { device_code: '' }])
    assert.equal(
      errorOf(await server.call('POST', '/oauth/token', { form: { ...form, ...more } })),
      '400 invalid_request',
    )
})

test('DT-02 a client with credentials shows them on every poll', async () => {
  const { server } = await withClient()
  const { device_code: code } = await startDevice(server, '', { headers: basic('api') })
  assert.equal(errorOf(await pollDevice(server, code, { client_id: 'api' })), '401 invalid_client')
  assert.equal(
    errorOf(await pollDevice(server, code, {}, { headers: basic('api') })),
    '400 authorization_pending',
  )
})

test('DT-03 F-02 an unknown code and the code of another client are invalid_grant, and the owner is not slowed', async () => {
  const { server, stored } = await withClient()
  await server.addClient({ ...testClient, id: 'other' })
  const { device_code: code } = await startDevice(server)
  assert.equal(errorOf(await pollDevice(server, 'csd_unknown')), '400 invalid_grant')
  for (let i = 0; i < 3; i++)
    assert.equal(errorOf(await pollDevice(server, code, { client_id: 'other' })), '400 invalid_grant')
  assert.equal(errorOf(await pollDevice(server, code)), '400 authorization_pending')
  assert.equal((await stored(code))?.interval, 5)
})

test('DT-04 DT-05 DT-11 DT-12 pending, and slow_down when early; the stored interval grows by five and stays', async () => {
  const { server, stored } = await withClient()
  const { device_code: code } = await startDevice(server)
  const poll = async () => errorOf(await pollDevice(server, code))
  assert.equal(await poll(), '400 authorization_pending')
  server.advance(4.9)
  assert.equal(await poll(), '400 slow_down')
  assert.equal((await stored(code))?.interval, 10)
  server.advance(9.9)
  assert.equal(await poll(), '400 slow_down')
  assert.equal((await stored(code))?.interval, 15)
  server.advance(15)
  assert.equal(await poll(), '400 authorization_pending')
  assert.equal((await stored(code))?.interval, 15)
})

test('DT-05 a pending poll writes nothing', async () => {
  const store = openMemoryStore()
  const { server, stored } = await withClient({ store })
  const { device_code: code } = await startDevice(server)
  const before = await stored(code)
  for (let i = 0; i < 5; i++) {
    assert.equal(errorOf(await pollDevice(server, code)), '400 authorization_pending')
    server.advance(5)
  }
  assert.deepEqual(await stored(code), before)
})

test('DT-06 denied is access_denied, and stays so', async () => {
  const { server } = await withClient()
  const { device_code: code } = await startDevice(server)
  await denyDevice(server, code)
  for (let i = 0; i < 2; i++) {
    const response = await pollDevice(server, code)
    assert.equal(errorOf(response), '400 access_denied')
    assert.equal(bodyOf(response).error_description, 'The request was denied.')
  }
})

test('DT-06 a denial by somebody who did not start it says so', async () => {
  const { server } = await withClient()
  const { device_code: code } = await startDevice(server)
  await denyDevice(server, code, { reported: true })
  const response = await pollDevice(server, code)
  assert.equal(errorOf(response), '400 access_denied')
  assert.equal(bodyOf(response).error_description, 'The request was denied and reported.')
})

test('DT-07 DT-13 X-24 expired is expired_token, also when it was approved and not fetched', async () => {
  const { server } = await withClient()
  const pending = await startDevice(server)
  const approved = await startDevice(server)
  await approveDevice(server, approved.device_code)
  server.advance(600)
  assert.equal(errorOf(await pollDevice(server, pending.device_code)), '400 expired_token')
  assert.equal(errorOf(await pollDevice(server, approved.device_code)), '400 expired_token')
  server.advance(3000)
  await server.services.store.sweep(server.services.system.now())
  assert.equal(errorOf(await pollDevice(server, pending.device_code)), '400 expired_token')
})

test('DT-08 F-05 fifty parallel polls of an approved code: one 200, one grant', async () => {
  const { server } = await withClient()
  const { device_code: code } = await startDevice(server)
  await approveDevice(server, code)
  const polls = await Promise.all(Array.from({ length: 50 }, () => pollDevice(server, code)))
  const granted = polls.filter(({ status }) => status === 200)
  assert.equal(granted.length, 1)
  for (const poll of polls) {
    if (poll !== granted[0]) assert.match(errorOf(poll), /^400 (invalid_grant|slow_down)$/)
  }
  assert.equal((await server.services.store.counts()).grant, 1)
})

test('DT-09 a code that was used is invalid_grant and an event, and the session it made goes on', async () => {
  const warnings: [string, unknown][] = []
  const log = {
    info: () => {},
    error: () => {},
    warn: (event: string, facts?: unknown) => void warnings.push([event, facts]),
  }
  const { server } = await withClient({ log })
  await server.addClient({ ...testConfidentialClient, id: 'rs', introspectsAll: true })
  const { device_code: code } = await startDevice(server)
  await approveDevice(server, code)
  const tokens = bodyOf<TokenAnswer>(await pollDevice(server, code))
  assert.equal(errorOf(await pollDevice(server, code)), '400 invalid_grant')
  const [event, facts] = warnings.at(-1) ?? []
  assert.equal(event, 'refused')
  assert.equal((facts as { reason: string }).reason, 'device_code_used')
  assert.equal((await introspect(server, tokens.access_token, 'rs')).active, true)
})

test('DT-10 F-04 polling too fast hides no final state', async () => {
  const { server } = await withClient()
  const states = {
    '400 access_denied': (code: string) => denyDevice(server, code),
    '200': (code: string) => approveDevice(server, code),
  }
  for (const [expected, decide] of Object.entries(states)) {
    const { device_code: code } = await startDevice(server)
    assert.equal(errorOf(await pollDevice(server, code)), '400 authorization_pending')
    await decide(code)
    const response = await pollDevice(server, code)
    assert.equal(response.status === 200 ? '200' : errorOf(response), expected)
    const again = errorOf(await pollDevice(server, code))
    assert.equal(again, expected === '200' ? '400 invalid_grant' : expected)
  }
  const expiring = await startDevice(server)
  await pollDevice(server, expiring.device_code)
  server.advance(599)
  await pollDevice(server, expiring.device_code)
  server.advance(1)
  assert.equal(errorOf(await pollDevice(server, expiring.device_code)), '400 expired_token')
})

test('DT-10 X-14 the form comes before the client, the client before the grant, the grant before the code', async () => {
  const { server } = await withClient()
  await server.addClient({ ...testClient, id: 'narrow', grantTypes: ['refresh_token'] })
  const { device_code: code } = await startDevice(server)
  assert.equal(errorOf(await pollDevice(server, code, 'x=1&x=2')), '400 invalid_request')
  assert.equal(
    errorOf(await pollDevice(server, code, { client_id: 'nobody', grant_type: 'magic' })),
    '401 invalid_client',
  )
  assert.equal(errorOf(await pollDevice(server, code, { client_id: 'narrow' })), '400 unauthorized_client')
})

test('DT-14 an account that was disabled after it approved gets nothing, not even later', async () => {
  const { server } = await withClient()
  const { store } = server.services
  const { device_code: code } = await startDevice(server)
  await approveDevice(server, code)
  const setDisabled = async (disabledAt: number | null) => {
    const account = await store.read('account', testAccount.id)
    assert.ok(account)
    await store.apply([{ op: 'update', kind: 'account', record: { ...account, disabledAt } }])
  }
  await setDisabled(1)
  assert.equal(errorOf(await pollDevice(server, code)), '400 access_denied')
  await setDisabled(null)
  assert.equal(errorOf(await pollDevice(server, code)), '400 access_denied')
  assert.equal((await store.counts()).grant, 0)
})

test('DT-15 F-06 when minting fails the approval stays, and the next poll succeeds', async () => {
  const { server, stored } = await withClient()
  const { keys } = server.services
  const { sign } = keys
  const { device_code: code } = await startDevice(server)
  await approveDevice(server, code)
  Object.assign(keys, {
    sign: () => {
      throw new Error('no entropy today')
    },
  })
  const failed = await pollDevice(server, code)
  assert.equal(failed.status, 500)
  assert.ok(!failed.body.includes('entropy'))
  assert.equal((await stored(code))?.status, 'approved')
  Object.assign(keys, { sign })
  assert.equal((await pollDevice(server, code)).status, 200)
})

test('DT-15 DT-20 G-21 F-11 when the store cannot write it is 503 with a time, and nothing is half done', async () => {
  const store = openMemoryStore()
  const { apply } = store
  const { server, stored } = await withClient({ store })
  const { device_code: code } = await startDevice(server)
  await approveDevice(server, code)
  Object.assign(store, { apply: () => Promise.reject(new StoreUnavailable(new Error('disk full'))) })
  const failed = await pollDevice(server, code)
  assert.equal(failed.status, 503)
  assert.ok(Number(failed.headers['retry-after']) > 0)
  Object.assign(store, { apply })
  assert.equal((await stored(code))?.status, 'approved')
  assert.equal((await store.counts()).grant, 0)
  assert.equal((await pollDevice(server, code)).status, 200)
})

test('DT-16 scope, refresh token and an ID token without nonce', async () => {
  const { server } = await withClient()
  const { device_code: code } = await startDevice(server, { scope: 'openid profile' })
  await approveDevice(server, code)
  const body = bodyOf<TokenAnswer>(await pollDevice(server, code))
  assert.equal(body.scope, 'openid profile')
  assert.match(body.refresh_token, /^csr_/)
  const { claims } = claimsOf(body.id_token ?? '')
  assert.ok(!('nonce' in claims))
  assert.equal(claims.aud, testClient.id)
})

test('DT-16 RT-11 ID-01 no refresh token without its grant, no ID token without openid', async () => {
  const { server } = await withClient()
  await server.addClient({ ...testClient, id: 'short', grantTypes: [deviceGrantType] })
  const { device_code: code } = await startDevice(server, { client_id: 'short', scope: 'email' })
  await approveDevice(server, code)
  const body = bodyOf(await pollDevice(server, code, { client_id: 'short' }))
  assert.ok(!('refresh_token' in body))
  assert.ok(!('id_token' in body))
})

test('DT-17 RI-03 RI-04 AT-06 resource on the poll lies within the bound set and becomes the one audience', async () => {
  const { server } = await withClient()
  const a = 'resource=https%3A%2F%2Fa.example'
  const b = 'resource=https%3A%2F%2Fb.example'
  const both = await startDevice(server, `client_id=countersign-cli&${a}&${b}`)
  await approveDevice(server, both.device_code)
  for (const outside of ['resource=https%3A%2F%2Fc.example', 'resource=nonsense', '', `${a}&${b}`])
    assert.equal(errorOf(await pollDevice(server, both.device_code, outside)), '400 invalid_target', outside)
  const tokens = bodyOf<TokenAnswer>(await pollDevice(server, both.device_code, b))
  assert.equal(claimsOf(tokens.access_token).claims.aud, 'https://b.example')
  const one = await startDevice(server, `client_id=countersign-cli&${a}`)
  await approveDevice(server, one.device_code)
  const only = bodyOf<TokenAnswer>(await pollDevice(server, one.device_code))
  assert.equal(claimsOf(only.access_token).claims.aud, 'https://a.example')
})

test('DT-19 many wrong codes from one network are answered 429, good ones from there are not', async () => {
  const { server } = await withClient({ settings: { rateInvalidPerAddress: 3 } })
  const { device_code: code } = await startDevice(server)
  await approveDevice(server, code)
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) statuses.push((await pollDevice(server, `csd_${i}`)).status)
  assert.deepEqual(statuses, [400, 400, 400, 429, 429])
  assert.equal((await pollDevice(server, code)).status, 200)
})

test('DC-16 a code that is taken back is final: pending, approved, and the grant that was on its way', async () => {
  const { server } = await withClient()
  await server.addClient({ ...testConfidentialClient, id: 'rs', introspectsAll: true })
  const revoke = (token: string) =>
    server.call('POST', '/oauth/revoke', { form: { client_id: testClient.id, token } })
  const pending = await startDevice(server)
  assert.equal((await revoke(pending.device_code)).status, 200)
  assert.equal(errorOf(await pollDevice(server, pending.device_code)), '400 access_denied')
  const approved = await startDevice(server)
  await approveDevice(server, approved.device_code)
  assert.equal((await revoke(approved.device_code)).status, 200)
  assert.equal(errorOf(await pollDevice(server, approved.device_code)), '400 access_denied')
  const redeemed = await startDevice(server)
  await approveDevice(server, redeemed.device_code)
  const tokens = bodyOf<TokenAnswer>(await pollDevice(server, redeemed.device_code))
  assert.equal((await revoke(redeemed.device_code)).status, 200)
  assert.deepEqual(await introspect(server, tokens.access_token, 'rs'), { active: false })
})

const tokenPath = '/oauth/token'

test('DA-19 DT-18 what a key asked for is told and given to that key alone, and its owner is not slowed by a thief', async () => {
  const { server, stored } = await withClient({ settings: { dpopNonces: false } })
  const [prover, thief] = [await createProver(), await createProver()]
  const asked = await prover.post(server, '/oauth/device/authorize', { client_id: testClient.id })
  const { device_code: code } = bodyOf<{ device_code: string }>(asked)
  const form = { grant_type: deviceGrantType, device_code: code, client_id: testClient.id }
  const wrong = async () => [
    errorOf(await pollDevice(server, code)),
    errorOf(await thief.post(server, tokenPath, form)),
  ]
  const refused = ['400 invalid_grant', '400 invalid_grant']
  assert.equal(errorOf(await prover.post(server, tokenPath, form)), '400 authorization_pending')
  server.advance(5)
  assert.deepEqual(await wrong(), refused)
  assert.equal(errorOf(await prover.post(server, tokenPath, form)), '400 authorization_pending')
  assert.equal((await stored(code))?.interval, 5)
  await approveDevice(server, code)
  assert.deepEqual(await wrong(), refused)
  const answer = await prover.post(server, tokenPath, form)
  assert.equal(bodyOf(answer).token_type, 'DPoP')
  const [grant] = await server.services.store.list('grant')
  assert.equal(grant?.jkt, prover.jkt)
  assert.deepEqual(await wrong(), refused)
})

test('DT-18 a poll that lacks a nonce does not count for the interval', async () => {
  const { server } = await withClient()
  const prover = await createProver()
  const { device_code: code } = await startDevice(server)
  const poll = async () => {
    const dpop = await prover.prove(server, { path: tokenPath })
    return errorOf(await pollDevice(server, code, {}, { headers: { dpop } }))
  }
  for (let i = 0; i < 4; i++) assert.equal(await poll(), '400 use_dpop_nonce')
  const form = { grant_type: deviceGrantType, device_code: code, client_id: testClient.id }
  assert.equal(errorOf(await prover.post(server, tokenPath, form)), '400 authorization_pending')
})

test('DT-18 DP-05 each poll has a proof of its own, and pending ones are answered as ever', async () => {
  const { server } = await withClient({ settings: { dpopNonces: false } })
  const prover = await createProver()
  const { device_code: code } = await startDevice(server)
  const dpop = await prover.prove(server, { path: tokenPath })
  const poll = async (proof: string) =>
    errorOf(await pollDevice(server, code, {}, { headers: { dpop: proof } }))
  assert.equal(await poll(dpop), '400 authorization_pending')
  server.advance(5)
  assert.equal(await poll(dpop), '400 invalid_dpop_proof')
  assert.equal(await poll(await prover.prove(server, { path: tokenPath })), '400 authorization_pending')
  assert.equal(await poll(await prover.prove(server, { path: tokenPath })), '400 slow_down')
})

test('DP-06 RT-09 a key that is first proved at the redemption binds the tokens of a public client, not of a confidential one', async () => {
  const { server } = await withClient({ settings: { dpopNonces: false } })
  const prover = await createProver()
  for (const [headers, jkt] of [
    [{}, prover.jkt],
    [basic('api'), null],
  ] as const) {
    const isPublic = jkt !== null
    const { device_code: code } = await startDevice(server, isPublic ? {} : '', isPublic ? {} : { headers })
    await approveDevice(server, code)
    const form = {
      grant_type: deviceGrantType,
      device_code: code,
      ...(isPublic ? { client_id: testClient.id } : {}),
    }
    const answer = bodyOf<TokenAnswer>(
      await prover.post(server, tokenPath, form, { headers: { ...headers } }),
    )
    assert.equal(answer.token_type, 'DPoP')
    const { grant_id: id } = claimsOf(answer.access_token).claims
    assert.equal((await server.services.store.read('grant', String(id)))?.jkt, jkt)
  }
})
