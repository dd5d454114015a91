// The two families of providers against servers that keep to no script: one that we did not write, and our own as a real process.
// From the first request to the last: connect, who it is, renew, a spent refresh token, revoke. Vendors by their recorded wires are
// packages/broker/src/providers/index.test.ts.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import type { Answer, Broker, Provider, ProviderContext } from '../../packages/broker/src/index.ts'
import { createBroker, memoryStore, providerOf } from '../../packages/broker/src/index.ts'
import { system } from '../../packages/client/src/system.ts'
import { addClient, addMia, openPerson, type Person } from '../support/person.ts'
import { type RunningServer, startServer } from '../support/process.ts'
import { type OidcVendor, redirectUri, scope, startOidcVendor } from './oidc-vendor.ts'

const context: ProviderContext = { system, signal: new AbortController().signal, note: () => {} }
const asked = { scopes: scope.split(' '), redirectUri, state: 'flow.state' }
type Tokened = Extract<Answer, { type: 'tokens' }>

async function begin(provider: Provider) {
  const begun = await provider.begin(context, asked)
  assert.ok(begun.type === 'begun', JSON.stringify(begun))
  return begun
}

/** The browser's way there and back. */
async function byBrowser(
  provider: Provider,
  visit: (url: string) => Promise<URLSearchParams>,
): Promise<Answer> {
  const { shown, remembered } = await begin(provider)
  assert.ok(shown.kind === 'redirect')
  const query = await visit(shown.authorizationUrl)
  assert.equal(query.get('state'), asked.state)
  const back = provider.returned?.(remembered, query)
  return back?.type === 'further'
    ? await provider.poll(context, back.remembered)
    : (back ?? { type: 'pending' })
}

/** Renews twice, sends a used refresh token, and ends it all. */
async function useUp(provider: Provider, { tokens }: Tokened, isSpentAtOnce: boolean): Promise<void> {
  const first = await provider.refresh(context, tokens)
  assert.ok(first.type === 'tokens', JSON.stringify(first))
  assert.notEqual(first.tokens.accessToken, tokens.accessToken)
  assert.deepEqual([...first.tokens.scopes].sort(), [...tokens.scopes].sort())
  assert.ok(first.tokens.expiresAt !== null && first.tokens.expiresAt > system.now())
  const second = await provider.refresh(context, first.tokens)
  assert.ok(second.type === 'tokens', JSON.stringify(second))
  assert.equal(await provider.revoke?.(context, second.tokens), true)
  assert.deepEqual(await provider.refresh(context, second.tokens), { type: 'ended' })
  if (isSpentAtOnce) assert.deepEqual(await provider.refresh(context, tokens), { type: 'ended' })
}

describe('against oidc-provider', () => {
  let vendor: OidcVendor
  let device: Provider
  let code: Provider
  before(async () => {
    vendor = await startOidcVendor()
    const { issuer } = vendor
    device = providerOf({ kind: 'device', id: 'there', issuer, ...vendor.client })
    code = providerOf({
      kind: 'code',
      id: 'there',
      issuer,
      ...vendor.client,
    })
  })
  after(() => vendor.close())

  test('DC-01 the device grant: pending, allowed, renewed, revoked', async () => {
    const { shown, remembered } = await begin(device)
    assert.ok(shown.kind === 'code' && shown.verificationUri.startsWith(vendor.issuer))
    assert.equal((await device.poll(context, remembered)).type, 'pending')
    await vendor.allow(remembered.device_code ?? '')
    const answer = await device.poll(context, remembered)
    assert.ok(answer.type === 'tokens', JSON.stringify(answer))
    assert.deepEqual(answer.account, { id: 'mia', name: 'mia-there' })
    assert.ok(await vendor.accepts(answer.tokens.accessToken))
    const again = await device.poll(context, remembered)
    assert.deepEqual(again, { type: 'problem', problem: 'answer_lost' }, 'a spent code')
    const other = await begin(device)
    await vendor.allow(other.remembered.device_code ?? '')
    const fresh = await device.poll(context, other.remembered)
    assert.ok(fresh.type === 'tokens')
    await useUp(device, fresh, true)
    assert.equal(await vendor.accepts(fresh.tokens.accessToken), false)
  })

  test('CL-01 CL-03 the code grant: there and back, exchanged, renewed, revoked; and denied', async () => {
    const answer = await byBrowser(code, (url) => vendor.visit(url))
    assert.ok(answer.type === 'tokens', JSON.stringify(answer))
    assert.deepEqual(answer.account, { id: 'mia', name: 'mia-there' })
    await useUp(code, answer, true)
    assert.deepEqual(await byBrowser(code, (url) => vendor.visit(url, 'deny')), { type: 'denied' })
  })

  test('a code that comes back in another flow is worth nothing', async () => {
    const mine = await begin(code)
    const theirs = await begin(code)
    assert.ok(theirs.shown.kind === 'redirect')
    const query = await vendor.visit(theirs.shown.authorizationUrl)
    const back = code.returned?.(mine.remembered, query)
    assert.ok(back?.type === 'further')
    const answer = await code.poll(context, back.remembered)
    assert.deepEqual(answer, { type: 'problem', problem: 'provider_refused' })
  })
})

describe('through the broker, against oidc-provider', () => {
  let vendor: OidcVendor
  let broker: Broker
  const ada = { person: 'ada', session: 'her session' }
  before(async () => {
    vendor = await startOidcVendor()
    const { issuer } = vendor
    const settings = { issuer, ...vendor.client, scopes: scope.split(' ') }
    broker = createBroker({
      providers: [providerOf({ kind: 'code', id: 'browser', ...settings })],
      store: memoryStore(),
      key: randomBytes(32),
      redirectUri,
    })
  })
  after(async () => {
    await broker.close()
    await vendor.close()
  })

  test('CL-20 a person connects in the browser, the application gets tokens that are taken, and it ends', async () => {
    const { id, shown } = await broker.start(ada, { provider: 'browser', returnTo: '/done' })
    assert.ok(shown.kind === 'redirect')
    const query = await vendor.visit(shown.authorizationUrl)
    await assert.rejects(broker.returned({ person: 'eve', session: 'hers' }, 'browser', query))
    await broker.returned(ada, 'browser', query)
    const { state } = await broker.changed(ada, id, 'pending', { seconds: 20 })
    assert.equal(state, 'success')
    const first = await broker.token('ada', 'browser')
    assert.ok(await vendor.accepts(first.accessToken))
    assert.deepEqual(first.connection.account, { id: 'mia', name: 'mia-there' })
    const second = await broker.token('ada', 'browser', { rejected: first.accessToken })
    assert.notEqual(second.accessToken, first.accessToken)
    assert.ok(await vendor.accepts(second.accessToken))
    assert.deepEqual(await broker.disconnect('ada', second.connection.id), { revoked: true })
    assert.equal(await vendor.accepts(second.accessToken), false)
  })

  test('a person who says no, in the browser', async () => {
    const { id, shown } = await broker.start(ada, { provider: 'browser' })
    assert.ok(shown.kind === 'redirect')
    await broker.returned(ada, 'browser', await vendor.visit(shown.authorizationUrl, 'deny'))
    assert.equal((await broker.changed(ada, id, 'pending', { seconds: 20 })).state, 'denied')
  })
})

describe('against a server of our own', () => {
  let server: RunningServer
  let person: Person
  let device: Provider
  let code: Provider
  const clientSecret = 'broker-secret-broker-secret-broker-secret'
  before(async () => {
    server = await startServer({ env: { COUNTERSIGN_POLL_INTERVAL_SECONDS: '1' } })
    await addMia('--data', server.data)
    const grants = ['device_code', 'authorization_code', 'refresh_token'].flatMap((name) => ['--grant', name])
    const more = ['--redirect-uri', redirectUri, ...grants, '--data', server.data]
    await addClient('broker', clientSecret, ...more)
    person = openPerson(() => server.issuer)
    await person.signIn()
    const settings = { id: 'ours', issuer: server.issuer, clientId: 'broker', clientSecret }
    device = providerOf({ kind: 'device', ...settings })
    code = providerOf({ kind: 'code', ...settings })
  })
  after(() => server.stop())

  test('DC-01 the device grant: allowed, renewed, revoked', async () => {
    const { shown, remembered } = await begin(device)
    assert.ok(shown.kind === 'code')
    assert.equal((await device.poll(context, remembered)).type, 'pending')
    await person.decide(shown.userCode, 'allow')
    await system.sleep(1)
    const answer = await device.poll(context, remembered)
    assert.ok(answer.type === 'tokens', JSON.stringify(answer))
    assert.match(answer.account?.id ?? '', /^usr_/)
    await useUp(device, answer, false)
  })

  test('DC-10 denied; and a code that nobody waits for is of no use to anybody (S3-9)', async () => {
    const { shown, remembered } = await begin(device)
    assert.ok(shown.kind === 'code')
    await person.decide(shown.userCode, 'deny')
    assert.deepEqual(await device.poll(context, remembered), { type: 'denied' })
    const left = await begin(device)
    assert.ok(left.shown.kind === 'code')
    await device.abandon?.(context, left.remembered)
    await assert.rejects(person.decide(left.shown.userCode, 'allow'))
    const after = await device.poll(context, left.remembered)
    assert.match(after.type, /^(denied|expired|problem)$/)
  })

  test('CL-01 CL-03 the code grant: there and back, exchanged, renewed, revoked; and denied', async () => {
    const visit = async (url: string, choice?: 'allow' | 'deny') =>
      (await person.authorize(new URL(url), choice)).searchParams
    assert.deepEqual(await byBrowser(code, (url) => visit(url, 'deny')), { type: 'denied' })
    const answer = await byBrowser(code, visit)
    assert.ok(answer.type === 'tokens', JSON.stringify(answer))
    assert.match(answer.account?.id ?? '', /^usr_/)
    await useUp(code, answer, false)
  })
})
