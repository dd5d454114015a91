// What an administrator may say of a client, and a new secret beside the old one (standards.md CA-17, RU-05, X-22).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainClient } from '@countersign/protocol'
import { digest } from '../secrets.ts'
import { basic, errorOf } from '../testing/device-flow.ts'
import { createTestServer, startOfTime, testConfidentialClient } from '../testing/services.ts'
import { clientAdmin } from './admin-clients.ts'
import { AdminError } from './admin-error.ts'
import { changedClient, type NewClient, newClient, withNewSecret } from './new-client.ts'

const system = {
  clock: () => startOfTime,
  now: () => startOfTime,
  random: (length: number) => Buffer.alloc(length, 7),
}
const make = (more: Partial<NewClient> = {}) => newClient({ id: 'app', name: 'App', ...more }, system).record
const key = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }

function refused(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    assert.ok(error instanceof AdminError, String(error))
    assert.equal(error.code, 'invalid')
    return error.message.split(':')[0] ?? ''
  }
  return 'accepted'
}

test('RU-08 CA-01 what is not said has defaults that fit the kind of client', () => {
  const confidential = make()
  assert.deepEqual(
    [confidential.authMethods, confidential.applicationType, confidential.secrets.length],
    [['client_secret_basic', 'client_secret_post'], 'web', 1],
  )
  const open = make({ public: true })
  assert.deepEqual([open.authMethods, open.applicationType, open.secrets], [['none'], 'native', []])
  const signing = make({ jwks: { keys: [{ ...key, extra: 1 }] } })
  assert.deepEqual(
    [signing.authMethods, signing.secrets, signing.jwks],
    [['private_key_jwt'], [], { keys: [key] }],
  )
  assert.equal(make({ firstParty: true }).introspectsAll, true)
  assert.equal(make({ firstParty: true, introspectsAll: false }).introspectsAll, false)
  assert.equal(make({ firstParty: true, public: true }).introspectsAll, false)
})

test('G-23 all grants by their names, the URNs also by their short ones', () => {
  const urn = 'urn:ietf:params:oauth:grant-type:'
  const grants = [
    'device',
    'device_code',
    'refresh_token',
    'client_credentials',
    'token-exchange',
    'jwt-bearer',
    `${urn}jwt-bearer`,
  ]
  assert.deepEqual(make({ grants: grants as never }).grantTypes, [
    `${urn}device_code`,
    'refresh_token',
    'client_credentials',
    `${urn}token-exchange`,
    `${urn}jwt-bearer`,
  ])
})

test('RU-05 RU-06 X-22 redirect URIs are checked, and schemes of its own are for native programs', () => {
  const grants = ['authorization_code'] as const
  const uris = (redirectUris: string[], more: Partial<NewClient> = {}) =>
    refused(() => make({ grants: [...grants], redirectUris, ...more }))
  assert.equal(uris([]), 'redirectUris')
  assert.equal(uris(['https://a.example/cb', 'http://localhost:3000/cb']), 'accepted')
  for (const bad of [
    'http://a.example/',
    'https://a.example/#x',
    'https://u@a.example/',
    'javascript:x',
    'x',
    'https://*.a.example/',
  ])
    assert.equal(uris([bad], { applicationType: 'native' }), 'redirectUris', bad)
  assert.equal(uris(['com.example.app:/cb'], { public: true }), 'accepted')
  assert.equal(uris(['com.example.app:/cb']), 'redirectUris')
  assert.equal(
    refused(() => make({ postLogoutRedirectUris: ['http://a.example/'] })),
    'postLogoutRedirectUris',
  )
})

test('CC-01 CA-06 JK-01 what does not fit together is refused by its member', () => {
  const cases: [Partial<NewClient>, string][] = [
    [{ public: true, grants: ['client_credentials'] }, 'grants'],
    [{ public: true, introspectsAll: true }, 'introspectsAll'],
    [{ public: true, jwks: { keys: [key] } }, 'jwks'],
    [{ jwks: { keys: [key] }, jwksUri: 'https://a.example/' }, 'jwks'],
    [{ jwks: { keys: [key] }, secret: 's'.repeat(32) }, 'secret'],
    [{ jwks: { keys: [{ ...key, d: 'x' }] } }, 'jwks'],
    [{ jwks: 'x' }, 'jwks'],
    [{ jwksUri: 'http://a.example/' }, 'jwksUri'],
    [{ pages: { home: 'javascript:alert(1)' } }, 'pages.home'],
    [{ exchange: { audiences: ['https://api.example'] } }, 'exchange'],
    [{ refreshIdleSeconds: 7200, refreshAbsoluteSeconds: 3600 }, 'refreshIdleSeconds'],
    [{ idTokenAlg: 'none' as never }, 'idTokenAlg'],
    [{ accessTokenAlg: 'HS256' as never }, 'accessTokenAlg'],
    [{ accessTokenSeconds: 3601 }, 'accessTokenSeconds'],
    [{ nonsense: 1 } as never, 'nonsense'],
    [{ registration: {} } as never, 'registration'],
  ]
  for (const [more, member] of cases)
    assert.equal(
      refused(() => make(more)),
      member,
      JSON.stringify(more),
    )
})

test('REG-18 UI-11 a change keeps what it does not mention, and is held to the same rules', () => {
  const client = make({ publisher: 'P', scopes: ['openid'], pages: { home: 'https://a.example/' } })
  assert.deepEqual(changedClient(client, {}), client)
  assert.deepEqual(changedClient(client, { publisher: null, pages: { terms: 'https://a.example/t' } }), {
    ...client,
    publisher: null,
    pages: { home: 'https://a.example/', terms: 'https://a.example/t', privacy: null },
  })
  assert.equal(
    refused(() => changedClient(client, { grants: ['authorization_code'] })),
    'redirectUris',
  )
  assert.equal(
    refused(() => changedClient(client, { jwksUri: 'https://a.example/' })),
    'jwks',
  )
  assert.equal(
    refused(() => changedClient(client, { id: 'other' } as never)),
    'id',
  )
  const signing = make({ jwks: { keys: [key] } })
  const moved = changedClient(signing, { jwksUri: 'https://a.example/' })
  assert.deepEqual([moved.jwks, moved.jwksUri], [null, 'https://a.example/'])
  const registered = plainClient({ ...client, source: 'registration', expiresAt: 5 })
  assert.equal(changedClient(registered, { publisher: 'P' }).expiresAt, null)
  const document = plainClient({ ...client, id: 'https://a.example/c', source: 'metadata_document' })
  assert.notEqual(
    refused(() => changedClient(document, { name: 'X' })),
    'accepted',
  )
})

test('CA-17 never more than two secrets, the newest without an end', () => {
  const secret = (letter: string) => letter.repeat(32)
  const rotate = (client: Parameters<typeof withNewSecret>[0], letter: string, now: number, overlap = 100) =>
    withNewSecret(client, { secret: secret(letter), overlap, now })
  const first = make({ secret: secret('a') })
  const second = rotate(first, 'b', 1000)
  assert.deepEqual(second.secrets, [
    { hash: digest(secret('b')), endsAt: null },
    { hash: digest(secret('a')), endsAt: 1100 },
  ])
  const third = rotate(second, 'c', 1050)
  assert.deepEqual(third.secrets, [
    { hash: digest(secret('c')), endsAt: null },
    { hash: digest(secret('b')), endsAt: 1150 },
  ])
  assert.deepEqual(rotate(third, 'd', 1060, 0).secrets, [{ hash: digest(secret('d')), endsAt: null }])
  assert.deepEqual(rotate(first, 'a', 1000).secrets, [{ hash: digest(secret('a')), endsAt: null }])
  for (const client of [make({ public: true }), make({ jwks: { keys: [key] } })])
    assert.notEqual(
      refused(() => rotate(client, 'b', 1000)),
      'accepted',
    )
  assert.equal(
    refused(() => rotate(first, 'b', 1000, 31 * 86_400)),
    'overlapSeconds',
  )
  assert.equal(
    refused(() => withNewSecret(first, { secret: 'short', overlap: 0, now: 1 })),
    'secret',
  )
})

test('CA-17 both secrets are good during the overlap, and the old one not a second longer', async () => {
  const server = await createTestServer()
  await server.addClient(testConfidentialClient)
  const admin = clientAdmin({ ...server.services, by: { actor: { kind: 'admin', id: null }, address: null } })
  const works = async (secret?: string) => {
    const asked = await server.call('POST', '/oauth/introspect', {
      form: { token: 'x' },
      headers: basic('api', secret),
    })
    return asked.status === 200 ? true : errorOf(asked)
  }
  const { secret } = await admin.rotateClientSecret('api', { overlapSeconds: 60 })
  server.advance(2)
  assert.deepEqual([await works(), await works(secret)], [true, true])
  server.advance(57)
  assert.equal(await works(), true)
  server.advance(1)
  assert.deepEqual([await works(), await works(secret)], ['401 invalid_client', true])
  const [entry] = await server.services.store.list('auditEntry')
  assert.deepEqual(
    [entry?.event, entry?.clientId, entry?.detail],
    ['client.secret_rotated', 'api', { overlap: 60 }],
  )
  assert.ok(!JSON.stringify(entry).includes(secret ?? ''))
})

test('TX-06 tokens of connected accounts are allowed provider by provider, and by nothing else', () => {
  const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
  const tool = make({ public: true, connections: ['github', 'google'] })
  assert.deepEqual(tool.scopes.slice(-2), ['countersign:connection:github', 'countersign:connection:google'])
  assert.ok(tool.grantTypes.includes(exchange))
  const less = changedClient(tool, { connections: ['google'] })
  assert.deepEqual(
    less.scopes.filter((scope) => scope.startsWith('countersign:')),
    ['countersign:connection:google'],
  )
  assert.equal(changedClient(tool, { name: 'Other' }).scopes, tool.scopes)
  assert.deepEqual(changedClient(tool, { connections: [] }).scopes, make({ public: true }).scopes)
  const both = changedClient(tool, { scopes: ['openid'], connections: ['github'] })
  assert.deepEqual(both.scopes, ['openid', 'countersign:connection:github'])
  assert.equal(
    refused(() => make({ connections: ['Git Hub'] })),
    'connections.0',
  )
  const itself = plainClient({ ...tool, source: 'registration' })
  assert.equal(
    refused(() => changedClient(itself, { connections: ['github'] })),
    'connections',
  )
  assert.deepEqual(changedClient(itself, { connections: [] }).scopes, make({ public: true }).scopes)
})
