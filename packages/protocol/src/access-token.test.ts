// What an access token says, and at which instants and after which events it still counts.
// How it is encoded as a JWT is the server's and tested there.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AccessToken, counts, mint } from './access-token.ts'
import { revoke, revokeAccessToken } from './grant.ts'
import type { Account, Grant, Write } from './records.ts'
import { account, grant, t0 } from './testing/sample-records.ts'

const audience = 'https://api.example'

function minted(changes: { now?: number; lifetimeSeconds?: number; grant?: Grant } = {}): AccessToken {
  const event = { grant: grant(), scopes: ['openid'], audience, now: t0, lifetimeSeconds: 600, ...changes }
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
const other = { ...live, revokedTokens: [{ jti: 'jti-2', expiresAt: t0 + 600 }] }
const table: [string, Grant | undefined, Account | undefined, number, boolean][] = [
  ['fresh', live, account(), t0, true],
  ['in its last second', live, account(), t0 + 599, true],
  ['at its end', live, account(), t0 + 600, false],
  ['long after', live, account(), t0 + 86_400, false],
  ['grant gone', undefined, account(), t0 + 1, false],
  ['grant over', { ...live, expiresAt: t0 + 50 }, account(), t0 + 50, false],
  ['grant revoked', after(revoke(live, 'person', t0 + 1)), account(), t0 + 1, false],
  ['token revoked', after(revokeAccessToken(live, token, t0 + 1)), account(), t0 + 1, false],
  ['another token revoked', other, account(), t0 + 1, true],
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

test('RV-10 a token that stopped counting never counts again', () => {
  const revoked = after(revokeAccessToken(live, token, t0 + 1))
  for (let now = t0 + 1; now <= t0 + 700; now += 7) {
    // Revoking others makes the list forget what is over; by then this one is over too.
    const later = revokeAccessToken(revoked, { jti: `other-${now}`, expiresAt: now + 60 }, now)
    assert.equal(counts(token, after(later), account(), now), false)
  }
})
