// What an access token says, and at which instants and after which events it still counts.
// How it is encoded as a JWT is the server's and tested there.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  type AccessToken,
  counts,
  lineageOf,
  mint,
  mintOwn,
  revocationsOf,
  shapeFor,
  subjectOf,
} from './access-token.ts'
import { revoke, revokeAccessToken, revokedTokenId } from './grant.ts'
import type { Account, Grant, Write } from './records.ts'
import { account, client, grant, resource, t0 } from './testing/sample-records.ts'

const audience = 'https://api.example'

function minted(changes: { now?: number; lifetimeSeconds?: number; grant?: Grant } = {}): AccessToken {
  const event = {
    grant: grant(),
    scopes: ['openid'],
    audience,
    now: t0,
    jkt: null,
    lifetimeSeconds: 600,
    ...changes,
  }
  return mint(event, { jti: 'jti-1' })
}

function after(writes: readonly Write[]): Grant {
  const [write] = writes
  assert.ok(write?.op === 'update' && write.kind === 'grant')
  return write.record
}

test('AT-02 AT-04 AT-06 a token says whose it is, for whom, for what, since when and until when', () => {
  assert.deepEqual(minted(), {
    jti: 'jti-1',
    grantId: 'grant-1',
    clientId: 'acme-cli',
    accountId: 'usr_mia',
    scopes: ['openid'],
    audience,
    issuedAt: t0,
    expiresAt: t0 + 600,
    authTime: t0 - 100,
    amr: ['pwd'],
    jkt: null,
    act: null,
  })
})

test('AT-04 auth_time is that of the login, however late the token is minted', () => {
  assert.equal(minted({ now: t0 + 4000 }).authTime, t0 - 100)
})

test('TK-06 RT-07 an access token is short-lived and never outlives its grant', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4999 }),
      fc.integer({ min: 60, max: 3600 }),
      (age, lifetimeSeconds) => {
        const { issuedAt, expiresAt } = minted({ now: t0 + age, lifetimeSeconds })
        assert.ok(expiresAt > issuedAt && expiresAt <= t0 + 5000 && expiresAt - issuedAt <= lifetimeSeconds)
      },
    ),
  )
})

const live = grant()
const token = minted()
const table: [string, Grant | undefined, Account | undefined, number, boolean][] = [
  ['fresh', live, account(), t0, true],
  ['in its last second', live, account(), t0 + 599, true],
  ['at its end', live, account(), t0 + 600, false],
  ['long after', live, account(), t0 + 86_400, false],
  ['grant gone', undefined, account(), t0 + 1, false],
  ['grant over', { ...live, expiresAt: t0 + 50 }, account(), t0 + 50, false],
  ['grant revoked', after(revoke(live, 'person', t0 + 1)), account(), t0 + 1, false],
  ['grant without refresh', { ...live, refresh: null }, account(), t0 + 1, true],
  ['family idle, grant alive', live, account(), t0 + 599, true],
  ['account gone', live, undefined, t0 + 1, false],
  ['account disabled', live, account({ disabledAt: t0 + 1 }), t0 + 1, false],
  ['account of somebody else', live, account({ id: 'usr_eve' }), t0 + 1, false],
  ['grant of somebody else', { ...live, id: 'grant-2' }, account(), t0 + 1, false],
]

for (const [name, record, owner, now, expected] of table) {
  test(`IN-08 RV-10 ${name}: ${expected ? 'counts' : 'does not count'}`, () => {
    assert.equal(counts(token, record, owner, now), expected)
  })
}

/** Whether the token is found among those that were revoked, where somebody looks as the rule says. */
function isRevoked(one: AccessToken, writes: readonly Write[], now: number): boolean {
  const marked = writes.flatMap((write) =>
    write.op === 'insert' && write.kind === 'spent' ? [write.record.id] : [],
  )
  const record = writes.some(({ op }) => op === 'update')
    ? after(writes.filter(({ op }) => op === 'update'))
    : live
  return revocationsOf(one, record, now).some((id) => marked.includes(id))
}

test('RV-10 a token that was revoked is found so until its last second, and nobody looks where none was', () => {
  const writes = revokeAccessToken(live, token, t0 + 1)
  for (const now of [t0 + 1, t0 + 300, t0 + 599]) assert.ok(isRevoked(token, writes, now))
  assert.equal(counts(token, live, account(), t0 + 600), false)
  assert.deepEqual(revocationsOf(token, live, t0 + 1), [])
  // There is no grant to say so.
  assert.deepEqual(revocationsOf({ ...token, grantId: null }, undefined, t0 + 1), [revokedTokenId('jti-1')])
})

test('RV-08 TX-07 a token that was exchanged ends with the token that it came from, and not the other way round', () => {
  const child = { ...token, jti: `${token.jti}.a` }
  const grandchild = { ...token, jti: `${token.jti}.a.b` }
  const stranger = { ...token, jti: `${token.jti}2` }
  assert.deepEqual(lineageOf(grandchild), ['jti-1', 'jti-1.a', 'jti-1.a.b'])
  const seen = [token, child].map((revoked) =>
    [token, child, grandchild, stranger].map((one) =>
      isRevoked(one, revokeAccessToken(live, revoked, t0 + 1), t0 + 2),
    ),
  )
  assert.deepEqual(seen, [
    [true, true, true, false],
    [false, true, true, false],
  ])
})

test('CC-03 G-25 a client that gets a token for itself is its subject, without a sign-in behind it', () => {
  const event = { clientId: 'worker', scopes: ['a'], audience, now: t0, lifetimeSeconds: 300, jkt: 'key' }
  const own = mintOwn(event, { jti: 'jti-9' })
  assert.equal(subjectOf(own), 'worker')
  assert.deepEqual([own.grantId, own.accountId, own.authTime, own.jkt], [null, null, null, 'key'])
  assert.equal(own.expiresAt, t0 + 300)
})

test('RI-05 a registered resource has its own token format and lifetime, or the client has', () => {
  assert.equal(shapeFor(client, undefined), client)
  const { accessTokenFormat, accessTokenSeconds, accessTokenAlg } = shapeFor(
    { ...client, accessTokenAlg: 'EdDSA' },
    resource({ accessTokenFormat: 'opaque', accessTokenSeconds: 60 }),
  )
  assert.deepEqual([accessTokenFormat, accessTokenSeconds, accessTokenAlg], ['opaque', 60, 'EdDSA'])
  const plain = shapeFor(client, resource())
  assert.deepEqual([plain.accessTokenFormat, plain.accessTokenSeconds], ['jwt', 600])
})
