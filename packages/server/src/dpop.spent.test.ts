// What is remembered of DPoP proofs, and where (RFC 9449 §11.1, standards.md DP-05, G-27): in the store with what a proof brought,
// in this node's memory whatever became of it. What a proof is, and its nonce, is dpop.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { authorizeForm, obtainCode, redeemCode, webClient } from './testing/code-flow.ts'
import {
  approveDevice,
  basic,
  errorOf,
  pollDevice,
  refresh,
  signIn,
  startDevice,
} from './testing/device-flow.ts'
import { createProver } from './testing/dpop.ts'
import {
  createTestServer,
  createTestServerWith,
  type TestServer,
  testConfidentialClient,
} from './testing/services.ts'

const path = '/oauth/token'
const bad = '400 invalid_dpop_proof'

const open = (store?: TestServer['services']['store']) =>
  store === undefined
    ? createTestServerWith(undefined, { settings: { dpopNonces: false } })
    : createTestServer({ store, settings: { dpopNonces: false } })

const spent = async ({ services }: TestServer) =>
  (await services.store.list('spent')).filter(({ id }) => id.startsWith('dpop')).length

test('G-27 DP-05 proofs that lead to nothing write nothing, and are refused all the same when they come again', async () => {
  const server = await open()
  const prover = await createProver()
  const grantTypes = [
    'refresh_token' as const,
    'authorization_code' as const,
    'urn:ietf:params:oauth:grant-type:device_code' as const,
  ]
  await server.addClient({ id: 'all', grantTypes })
  const attempts: Record<string, string>[] = [
    { grant_type: 'refresh_token', refresh_token: 'x' },
    { grant_type: 'authorization_code', code: 'x', code_verifier: 'v'.repeat(43) },
    { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: 'x' },
  ]
  for (const more of attempts) {
    const dpop = await prover.prove(server, { path })
    const form = { client_id: 'all', ...more }
    const send = () => server.call('POST', path, { form, headers: { dpop } })
    assert.equal(errorOf(await send()), '400 invalid_grant')
    assert.equal(errorOf(await send()), bad)
  }
  assert.equal(await spent(server), 0)
})

test('G-27 DP-05 polls that still wait write nothing; the one that gets the token does, for all nodes', async () => {
  const server = await open()
  const node = await open(server.services.store)
  const prover = await createProver()
  const { device_code: code } = await startDevice(server)
  const first = await prover.prove(server, { path })
  assert.equal(
    errorOf(await pollDevice(server, code, {}, { headers: { dpop: first } })),
    '400 authorization_pending',
  )
  assert.equal(errorOf(await pollDevice(server, code, {}, { headers: { dpop: first } })), bad)
  assert.equal(await spent(server), 0)
  await approveDevice(server, code)
  server.advance(5)
  const last = await prover.prove(server, { path })
  assert.equal((await pollDevice(server, code, {}, { headers: { dpop: last } })).status, 200)
  assert.equal(await spent(server), 1)
  node.advance(5)
  assert.equal(errorOf(await pollDevice(node, code, {}, { headers: { dpop: last } })), bad)
})

test('DP-05 JK-18 one proof for two nodes at once brings one answer, and the other hears why', async () => {
  const server = await open()
  const { refresh_token: token } = await signIn(server)
  const node = await open(server.services.store)
  const dpop = await (await createProver()).prove(server, { path })
  const answers = await Promise.all(
    [server, node].map((one) => refresh(one, token, {}, { headers: { dpop } })),
  )
  assert.deepEqual(answers.map((answer) => (answer.status === 200 ? '200' : errorOf(answer))).toSorted(), [
    '200',
    bad,
  ])
})

test('DP-05 a refresh that only repeats its answer uses up its proof, too', async () => {
  const server = await open()
  const { refresh_token: token } = await signIn(server)
  const prover = await createProver()
  const send = async () =>
    refresh(server, token, {}, { headers: { dpop: await prover.prove(server, { path }) } })
  assert.equal((await send()).status, 200)
  assert.equal((await send()).status, 200)
  assert.equal(await spent(server), 2)
})

test('DP-05 the proof beside a code, a client’s own token, a pushed request and a device code is used up with it', async () => {
  const server = await open()
  const prover = await createProver()
  const clientCredentials = {
    ...testConfidentialClient,
    id: 'worker',
    grantTypes: ['client_credentials' as const],
  }
  await server.addClient(clientCredentials)
  const code = await server.addClient(webClient)
  const node = await open(server.services.store)
  const given = await obtainCode(server, code)
  const calls: [string, (one: TestServer, dpop: string) => ReturnType<TestServer['call']>][] = [
    [path, (one, dpop) => redeemCode(one, given, {}, { headers: { ...basic('web'), dpop } })],
    [
      path,
      (one, dpop) =>
        one.call('POST', path, {
          form: { grant_type: 'client_credentials' },
          headers: { ...basic('worker'), dpop },
        }),
    ],
    [
      '/oauth/device/authorize',
      (one, dpop) =>
        one.call('POST', '/oauth/device/authorize', {
          form: { client_id: 'countersign-cli' },
          headers: { dpop },
        }),
    ],
    [
      '/oauth/par',
      (one, dpop) =>
        one.call('POST', '/oauth/par', {
          form: authorizeForm(webClient),
          headers: { ...basic('web'), dpop },
        }),
    ],
  ]
  for (const [index, [url, send]] of calls.entries()) {
    const dpop = await prover.prove(server, { path: url })
    const first = await send(server, dpop)
    assert.ok(first.status === 200 || first.status === 201, first.body)
    assert.equal(await spent(server), index + 1)
    for (const one of [server, node]) {
      const { status, body } = await send(one, dpop)
      assert.deepEqual([status, JSON.parse(body).error], [400, 'invalid_dpop_proof'], url)
    }
  }
})

test('G-27 requests for codes beyond the rate write nothing, proof or not', async () => {
  const server = await createTestServerWith(undefined, {
    settings: { dpopNonces: false, rateCreatePerAddress: 2 },
  })
  const prover = await createProver()
  const url = '/oauth/device/authorize'
  const statuses = []
  for (let i = 0; i < 4; i++) {
    const dpop = await prover.prove(server, { path: url })
    const form = { client_id: 'countersign-cli' }
    statuses.push((await server.call('POST', url, { form, headers: { dpop } })).status)
  }
  assert.deepEqual(statuses, [200, 200, 429, 429])
  assert.equal(await spent(server), 2)
})
