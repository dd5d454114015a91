// What an operation of the hot paths costs in the store, and whose terms a token has: the client's or the resource's (standards.md RI-05).
// What is in the answers is tested with each grant.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { termsFor } from './issue-tokens.ts'
import { openMemoryStore } from './store/memory.ts'
import {
  approveDevice,
  bodyOf,
  claimsOf,
  introspect,
  pollDevice,
  refresh,
  signIn,
  startDevice,
  type TokenAnswer,
} from './testing/device-flow.ts'
import {
  createTestServerWith,
  startOfTime,
  testAccount,
  testClient,
  testConfidentialClient,
} from './testing/services.ts'

test('a poll, a redemption, a refresh and an introspection of a bearer token read the store once each', async () => {
  const store = openMemoryStore()
  const server = await createTestServerWith(
    [testClient, { ...testConfidentialClient, introspectsAll: true }],
    { store },
  )
  const { device_code: code } = await startDevice(server)
  await pollDevice(server, 'csd_warm', {})
  await introspect(server, 'warm', 'api')
  const calls: string[] = []
  for (const name of ['read', 'readWithAccount', 'find', 'list', 'apply'] as const) {
    const original = store[name].bind(store) as (...args: unknown[]) => unknown
    Object.assign(store, {
      [name]: (...args: unknown[]) => {
        calls.push(name)
        return original(...args)
      },
    })
  }
  const costOf = async <T>(step: () => Promise<T>): Promise<T> => {
    calls.length = 0
    return step()
  }
  await costOf(() => pollDevice(server, code))
  assert.deepEqual(calls, ['readWithAccount'])
  await approveDevice(server, code)
  const first = bodyOf<TokenAnswer>(await costOf(() => pollDevice(server, code)))
  assert.deepEqual(calls, ['readWithAccount', 'apply'])
  const next = bodyOf<TokenAnswer>(await costOf(() => refresh(server, first.refresh_token)))
  assert.deepEqual(calls, ['readWithAccount', 'apply'])
  assert.equal((await costOf(() => introspect(server, next.access_token, 'api'))).active, true)
  assert.deepEqual(calls, ['readWithAccount'])
})

test('RI-05 AT-03 a resource has terms of its own where it says so, and the client’s where it does not', async () => {
  const client = { ...testClient, scopes: ['openid', 'notes:read'] }
  const server = await createTestServerWith([client])
  const resource = {
    version: 0,
    name: 'Notes',
    scopes: [{ scope: 'notes:read', words: 'read your notes', risk: null, optional: false }],
    openToAll: false,
    createdAt: startOfTime,
  }
  const records = [
    { ...resource, id: 'https://own.example', accessTokenFormat: 'opaque' as const, accessTokenSeconds: 60 },
    {
      ...resource,
      id: 'https://plain.example',
      accessTokenFormat: null,
      accessTokenSeconds: null,
      scopes: [],
    },
  ]
  await server.services.store.apply(records.map((record) => ({ op: 'insert', kind: 'resource', record })))
  const terms = async (audience: string) => {
    const found = await termsFor(server.services, { client, audience, scopes: client.scopes })
    return [found.accessTokenFormat, found.accessTokenSeconds, found.scopes.join(' ')]
  }
  assert.deepEqual(await terms('https://own.example'), ['opaque', 60, 'notes:read'])
  for (const audience of ['https://plain.example', 'https://unregistered.example', 'https://login.example'])
    assert.deepEqual(await terms(audience), ['jwt', 600, 'openid notes:read'], audience)
  const here = termsFor(server.services, { client, audience: 'https://login.example', scopes: [] })
  assert.ok(!(here instanceof Promise), 'nothing is looked up for the server itself')
})

test('ID-07 who signed in is said by UserInfo, and by the ID token where the access token is for another API', async () => {
  const notes = 'https://notes.example'
  const server = await createTestServerWith([
    { ...testClient, scopes: ['openid', 'email', 'profile'], resources: [notes] },
  ])
  const claimsAfter = async (form: Record<string, string>) => {
    const { id_token: idToken = '' } = await signIn(server, { scope: 'openid email', ...form })
    const { email, email_verified: verified, name } = claimsOf(idToken).claims
    return { email, verified, name }
  }
  const none = { email: undefined, verified: undefined, name: undefined }
  assert.deepEqual(await claimsAfter({}), none)
  // As far as the scopes reach: nobody asked for the profile.
  const own = { email: testAccount.email, verified: false, name: undefined }
  assert.deepEqual(await claimsAfter({ resource: notes }), own)
})
