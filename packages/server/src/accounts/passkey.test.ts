import assert from 'node:assert/strict'
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import type { Passkey } from '@countersign/protocol'
import { createTestServer, testAccount } from '../testing/services.ts'
import {
  beginRegistration,
  beginSignIn,
  finishRegistration,
  finishSignIn,
  passkeysPossible,
} from './passkey.ts'

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest()

// An authenticator in software. Like passkeys that are synchronised between devices, it never counts.
function createAuthenticator() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const coordinate = (value: string) => Buffer.from(value, 'base64url')
  // COSE_Key (RFC 9052 §7): EC2, ES256, P-256.
  const head = Buffer.from('a5010203262001215820', 'hex')
  const cose = Buffer.concat([head, coordinate(x), Buffer.from('225820', 'hex'), coordinate(y)])
  const record: Passkey = {
    id: Buffer.from('the only key').toString('base64url'),
    version: 0,
    accountId: testAccount.id,
    publicKey: cose.toString('base64url'),
    counter: 0,
    transports: [],
    name: 'Key',
    createdAt: 1,
    lastUsedAt: null,
  }
  const answer = (
    options: string,
    more: { origin?: string; rpId?: string; flags?: number; counter?: number } = {},
  ) => {
    const { challenge } = JSON.parse(options) as { challenge: string }
    const origin = more.origin ?? 'https://login.example'
    const clientData = Buffer.from(
      JSON.stringify({ type: 'webauthn.get', challenge, origin, crossOrigin: false }),
    )
    const tail = Buffer.alloc(5)
    tail[0] = more.flags ?? 0x05
    tail.writeUInt32BE(more.counter ?? 0, 1)
    const data = Buffer.concat([sha256(more.rpId ?? 'login.example'), tail])
    const signature = sign('sha256', Buffer.concat([data, sha256(clientData)]), privateKey)
    const response = {
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: signature.toString('base64url'),
    }
    return JSON.stringify({
      id: record.id,
      rawId: record.id,
      type: 'public-key',
      clientExtensionResults: {},
      response,
    })
  }
  return { record, answer }
}

async function prepared(counter = 0) {
  const server = await createTestServer()
  await server.addAccount()
  const authenticator = createAuthenticator()
  await server.services.store.apply([
    { op: 'insert', kind: 'passkey', record: { ...authenticator.record, counter } },
  ])
  const ceremony = await beginSignIn(server.services, 'this browser')
  const finish = (credential: string, browser = 'this browser', challenge = ceremony.challenge) =>
    finishSignIn(server.services, { credential, challenge, browser })
  return { server, authenticator, ceremony, finish }
}

test('a passkey signs its account in, and its use is noted', async () => {
  const { server, authenticator, ceremony, finish } = await prepared()
  const finished = await finish(authenticator.answer(ceremony.options))
  assert.equal(finished?.account.id, testAccount.id)
  assert.equal(await server.services.store.apply(finished?.writes ?? []), 'applied')
  const kept = await server.services.store.read('passkey', authenticator.record.id)
  assert.equal(kept?.lastUsedAt, server.services.system.now())
})

test('WebAuthn 13.4.3 an answer is good once, also from a passkey that never counts', async () => {
  const { server, authenticator, ceremony, finish } = await prepared()
  const answer = authenticator.answer(ceremony.options)
  const [first, second] = [await finish(answer), await finish(answer)]
  assert.equal(await server.services.store.apply(first?.writes ?? []), 'applied')
  assert.equal(await server.services.store.apply(second?.writes ?? []), 'conflict')
  assert.equal(await server.services.store.apply((await finish(answer))?.writes ?? []), 'conflict')
})

test('an answer for another browser, another host, another origin, or without the person is refused', async () => {
  const { authenticator, ceremony, finish } = await prepared()
  assert.equal(await finish(authenticator.answer(ceremony.options), 'another browser'), undefined)
  assert.equal(await finish(authenticator.answer(ceremony.options, { rpId: 'evil.example' })), undefined)
  assert.equal(
    await finish(authenticator.answer(ceremony.options, { origin: 'https://evil.example' })),
    undefined,
  )
  assert.equal(await finish(authenticator.answer(ceremony.options, { flags: 0x01 })), undefined)
  assert.equal(await finish(createAuthenticator().answer(ceremony.options)), undefined)
  assert.ok(await finish(authenticator.answer(ceremony.options)))
})

test('a challenge lasts ten minutes and is for one purpose', async () => {
  const { server, authenticator, ceremony, finish } = await prepared()
  const registering = await beginRegistration(server.services, 'this browser', testAccount, [])
  const crossed = authenticator.answer(registering.options)
  assert.equal(await finish(crossed, 'this browser', registering.challenge), undefined)
  const wrongWay = {
    credential: authenticator.answer(ceremony.options),
    challenge: ceremony.challenge,
    browser: 'this browser',
  }
  assert.equal(await finishRegistration(server.services, testAccount, wrongWay, 'Key'), undefined)
  server.advance(599)
  assert.ok(await finish(authenticator.answer(ceremony.options)))
  server.advance(1)
  assert.equal(await finish(authenticator.answer(ceremony.options)), undefined)
})

test('a counter that goes back tells a copy, and is refused', async () => {
  const { authenticator, ceremony, finish } = await prepared(7)
  assert.equal(await finish(authenticator.answer(ceremony.options, { counter: 7 })), undefined)
  assert.equal(await finish(authenticator.answer(ceremony.options, { counter: 3 })), undefined)
  assert.ok(await finish(authenticator.answer(ceremony.options, { counter: 8 })))
})

test('the passkey of a disabled account signs nobody in', async () => {
  const { server, authenticator, ceremony, finish } = await prepared()
  const account = await server.services.store.read('account', testAccount.id)
  assert.ok(account)
  await server.services.store.apply([
    { op: 'update', kind: 'account', record: { ...account, disabledAt: 1 } },
  ])
  assert.equal(await finish(authenticator.answer(ceremony.options)), undefined)
})

test('passkeys need a host with a name', async () => {
  const possible = async (issuer: string) =>
    passkeysPossible((await createTestServer({ settings: { issuer } })).services)
  assert.equal(await possible('https://login.example'), true)
  assert.equal(await possible('http://localhost:4000'), true)
  assert.equal(await possible('http://127.0.0.1:4000'), false)
  assert.equal(await possible('http://[::1]:4000'), false)
})
