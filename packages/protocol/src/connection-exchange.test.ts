// Who gets the token of a connected account for a sign-in, and who does not: every member of the decision by itself.
// The request and the answer are the server's (token-connection.test.ts).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AccessToken } from './access-token.ts'
import {
  type ConnectionEvent,
  connectionOwner,
  providerOfScope,
  providerOfTokenType,
  withConnections,
} from './connection-exchange.ts'
import { plainClient } from './plain-client.ts'

const issuer = 'https://login.example'
const scope = 'countersign:connection:github'

const client = plainClient({
  id: 'tool',
  name: 'Tool',
  grantTypes: ['urn:ietf:params:oauth:grant-type:token-exchange'],
  scopes: ['openid', scope],
  createdAt: 0,
})

const subject: AccessToken = {
  jti: 'jti',
  grantId: 'grant',
  clientId: 'tool',
  accountId: 'usr_1',
  scopes: ['openid', scope],
  audience: issuer,
  issuedAt: 0,
  expiresAt: 600,
  authTime: 0,
  amr: [],
  jkt: null,
  act: null,
}

const event: ConnectionEvent = { issuer, client, subject, provider: 'github', jkt: null }
const of = (changes: Partial<ConnectionEvent>, token: Partial<AccessToken> = {}) =>
  connectionOwner({ ...event, ...changes, subject: { ...subject, ...token } })

test('TX-06 the sign-in of an allowed client brings the connection of the same person', () => {
  assert.deepEqual(of({}), { accountId: 'usr_1' })
})

test('TX-06 a client gets nothing that an administrator has not given it', () => {
  const refused = { reason: 'connection_refused', clientId: 'tool', why: 'client' }
  assert.deepEqual(of({ client: { ...client, scopes: ['openid'] } }), refused)
  assert.deepEqual(of({ provider: 'google' }), refused)
  for (const source of ['registration', 'metadata_document'] as const)
    assert.deepEqual(of({ client: { ...client, source } }), refused)
})

test('the person must have agreed to it at the sign-in', () => {
  const refused = { reason: 'connection_refused', clientId: 'tool', why: 'scope' }
  assert.deepEqual(of({}, { scopes: ['openid'] }), refused)
  assert.deepEqual(of({}, { scopes: [`${scope}-enterprise`] }), refused)
})

const unfit: readonly (readonly [string, Partial<AccessToken>])[] = [
  ['subject_foreign', { clientId: 'other' }],
  ['subject_without_person', { accountId: null, grantId: null }],
  ['subject_without_person', { grantId: null }],
  ['subject_exchanged', { act: { sub: 'other' } }],
  ['subject_exchanged', { jti: 'jti.child' }],
  ['subject_audience', { audience: 'https://api.example' }],
]
for (const [why, token] of unfit) {
  test(`TX-02 a token will not do: ${why} ${JSON.stringify(token)}`, () => {
    assert.deepEqual(of({}, token), { reason: 'subject_token_invalid', why })
  })
}

test('TX-07 a bound token needs a proof of its own key', () => {
  assert.deepEqual(of({}, { jkt: 'key' }), { reason: 'dpop_proof_missing' })
  assert.deepEqual(of({ jkt: 'other' }, { jkt: 'key' }), {
    reason: 'subject_token_invalid',
    why: 'subject_key',
  })
  assert.deepEqual(of({ jkt: 'key' }, { jkt: 'key' }), { accountId: 'usr_1' })
})

test('token types and scopes name a provider, and nothing else passes for one', () => {
  const type = 'urn:countersign:params:oauth:token-type:connection:'
  assert.equal(providerOfTokenType(`${type}github`), 'github')
  assert.equal(providerOfScope('countersign:connection:git-lab2'), 'git-lab2')
  for (const id of ['', 'GitHub', '-a', 'a-', 'a b', 'a/b', `${'a'.repeat(33)}`, 'a\n'])
    assert.equal(providerOfTokenType(`${type}${id}`), undefined, id)
  assert.equal(providerOfTokenType(undefined), undefined)
  assert.equal(providerOfTokenType('urn:ietf:params:oauth:token-type:access_token'), undefined)
  assert.equal(providerOfScope('connection:github'), undefined)
})

test('the scopes of a client name just the providers that it may have', () => {
  assert.deepEqual(withConnections(['openid', scope, 'email'], ['google', 'google']), [
    'openid',
    'email',
    'countersign:connection:google',
  ])
  assert.deepEqual(withConnections(['openid', scope], []), ['openid'])
})
