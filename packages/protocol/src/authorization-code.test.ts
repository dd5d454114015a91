// The authorization code against standards.md section 13 (AC): each thing that can be wrong, alone, in each state of the code.
// Whole lives of a code are in authorization-code.walks.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type IssueEvent, isCodeVerifier, issue, type RedeemEvent, redeem } from './authorization-code.ts'
import type { AuthorizationCode, AuthorizationParameters, Grant } from './records.ts'
import { account, client, context, grant, t0 } from './testing/sample-records.ts'

const parameters: AuthorizationParameters = {
  redirectUri: 'http://127.0.0.1:4711/back',
  responseMode: 'query',
  state: 'xyz',
  nonce: 'n-1',
  codeChallenge: 'the challenge',
  scopes: ['openid', 'repo:read', 'repo:write'],
  resources: ['https://api.example/'],
  prompt: [],
  maxAge: null,
  acrValues: [],
  loginHint: null,
  hintedAccountId: null,
  jkt: null,
}

const event: IssueEvent = {
  clientId: client.id,
  accountId: 'usr_mia',
  parameters,
  scopes: ['repo:read', 'openid', 'admin'],
  authTime: t0 - 100,
  amr: ['pwd'],
  context,
  now: t0,
  lifetimeSeconds: 60,
}

const issued = issue(event, { codeId: 'code-1', grantId: 'grant-1' })
const stored = (changes: Partial<AuthorizationCode> = {}): AuthorizationCode => ({
  ...issued.record,
  version: 1,
  ...changes,
})

const presented: RedeemEvent = {
  clientId: client.id,
  challenge: parameters.codeChallenge,
  redirectUri: parameters.redirectUri,
  jkt: null,
  account: account(),
  grant: undefined,
  now: t0 + 5,
  refresh: { idleSeconds: 1000 },
  absoluteSeconds: 5000,
  refreshJkt: null,
  plainName: 'Editor (Firefox, Linux)',
}

const redeemed = (record: AuthorizationCode | undefined, changes: Partial<RedeemEvent> = {}) =>
  redeem(record, { ...presented, ...changes }, { refreshHash: 'first' })

/** Why not; the writes of a refusal are looked at on the way: there are none unless they are asked for. */
function refusedFor(
  record: AuthorizationCode | undefined,
  changes: Partial<RedeemEvent> = {},
  writes = 0,
): string {
  const result = redeemed(record, changes)
  assert.equal(result.outcome, 'refused')
  assert.equal(result.writes.length, writes)
  return result.refusal.reason
}

test('AZ-15 a code is bound to all that was asked for, and only to scopes that were asked for and agreed to', () => {
  assert.deepEqual(issued.record, {
    id: 'code-1',
    version: 0,
    clientId: client.id,
    accountId: 'usr_mia',
    redirectUri: 'http://127.0.0.1:4711/back',
    codeChallenge: 'the challenge',
    nonce: 'n-1',
    scopes: ['openid', 'repo:read'],
    resources: ['https://api.example/'],
    jkt: null,
    authTime: t0 - 100,
    amr: ['pwd'],
    context,
    status: 'issued',
    grantId: 'grant-1',
    createdAt: t0,
    expiresAt: t0 + 60,
  })
  assert.deepEqual(issued.writes, [{ op: 'insert', kind: 'authorizationCode', record: issued.record }])
})

test('AC-05 AC-07 redeemed: the grant begins, and the code ends with it in one set of writes', () => {
  const result = redeemed(stored(), { refreshJkt: 'thumb' })
  assert.equal(result.outcome, 'granted')
  const expected: Grant = {
    id: 'grant-1',
    version: 0,
    accountId: 'usr_mia',
    clientId: client.id,
    scopes: ['openid', 'repo:read'],
    resources: ['https://api.example/'],
    via: 'authorization_code',
    deviceName: 'mia@aurora',
    context,
    authTime: t0 - 100,
    amr: ['pwd'],
    nonce: 'n-1',
    jkt: 'thumb',
    createdAt: t0 + 5,
    lastUsedAt: t0 + 5,
    expiresAt: t0 + 5 + 5000,
    refresh: { hash: 'first', generation: 1, idleExpiresAt: t0 + 5 + 1000, previous: null },
    tokensRevokedUntil: 0,
    revokedAt: null,
    revokedFor: null,
  }
  assert.deepEqual(result.grant, expected)
  assert.deepEqual(result.writes, [
    { op: 'update', kind: 'authorizationCode', record: stored({ status: 'redeemed' }) },
    { op: 'insert', kind: 'grant', record: expected },
  ])
  const withoutRefresh = redeemed(stored(), { refresh: null })
  assert.ok(withoutRefresh.outcome === 'granted' && withoutRefresh.grant.refresh === null)
})

test('DV-20 a program that says no name of its machine has a sign-in with a plain one', () => {
  const reported = { deviceName: null, clientVersion: null, agent: null }
  const result = redeemed(stored({ context: { ...context, reported } }))
  assert.ok(result.outcome === 'granted')
  assert.equal(result.grant.deviceName, 'Editor (Firefox, Linux)')
  assert.ok(!('plainName' in result.grant))
})

const alive = grant({ id: 'grant-1', via: 'authorization_code' })
/** What is wrong with a caller, and what the rule calls it. */
const mismatches: readonly (readonly [Partial<RedeemEvent>, Partial<AuthorizationCode>, string])[] = [
  [{ clientId: 'other' }, {}, 'code_foreign'],
  [{ challenge: 'another one!!' }, {}, 'code_mismatch'],
  [{ challenge: 'the challenge ' }, {}, 'code_mismatch'],
  [{ challenge: '' }, {}, 'code_mismatch'],
  [{ redirectUri: 'http://127.0.0.1:4712/back' }, {}, 'code_mismatch'],
  [{ redirectUri: 'http://127.0.0.1:4711/back/' }, {}, 'code_mismatch'],
  [{ jkt: null }, { jkt: 'thumb' }, 'dpop_key_mismatch'],
  [{ jkt: 'another' }, { jkt: 'thumb' }, 'dpop_key_mismatch'],
  // AC-03: such a code cannot exist here; if it did, a verifier would not open it.
  [{ challenge: '' }, { codeChallenge: '' }, 'malformed_request'],
]

test('AC-01 AC-02 AC-03 AC-04 AC-08 who lacks what belongs to the code cannot use it, and does not spend it', () => {
  for (const [changes, record, reason] of mismatches)
    assert.equal(refusedFor(stored(record), changes), reason, JSON.stringify(changes))
})

test('AC-06 who lacks it cannot end what the code became either, and learns nothing of its state', () => {
  for (const status of ['issued', 'redeemed'] as const) {
    for (const now of [t0 + 5, t0 + 60, t0 + 3000]) {
      for (const [changes, record, reason] of mismatches) {
        const state = stored({ ...record, status })
        assert.equal(refusedFor(state, { ...changes, grant: alive, now }), reason)
      }
    }
  }
})

test('AC-05 a second use by who has it all is refused, and ends the grant', () => {
  for (const now of [t0 + 5, t0 + 59, t0 + 60, t0 + 3000]) {
    const result = redeemed(stored({ status: 'redeemed' }), { grant: alive, now })
    assert.equal(result.outcome, 'refused')
    assert.deepEqual(result.refusal, { reason: 'code_reused', grantId: 'grant-1' })
    const ended = { ...alive, refresh: null, revokedAt: now, revokedFor: 'reuse' }
    assert.deepEqual(result.writes, [{ op: 'update', kind: 'grant', record: ended }])
  }
})

test('AC-05 a third use changes nothing more, and neither does one whose grant is gone or another', () => {
  const used = stored({ status: 'redeemed' })
  assert.equal(refusedFor(used, { grant: { ...alive, revokedAt: t0, revokedFor: 'person' } }), 'code_reused')
  assert.equal(refusedFor(used, { grant: undefined }), 'code_reused')
  assert.equal(refusedFor(used, { grant: grant({ id: 'grant-2' }) }), 'code_reused')
})

test('AC-04 X-01 redirect_uri may be left out', () => {
  assert.equal(redeemed(stored(), { redirectUri: undefined }).outcome, 'granted')
  assert.equal(redeemed(stored(), {}).outcome, 'granted')
})

test('AC-08 the key that was named is the key that redeems, and an unnamed one may come later', () => {
  assert.equal(redeemed(stored({ jkt: 'thumb' }), { jkt: 'thumb' }).outcome, 'granted')
  assert.equal(redeemed(stored(), { jkt: 'thumb' }).outcome, 'granted')
})

test('AZ-15 unknown and expired codes, to the second', () => {
  assert.equal(refusedFor(undefined), 'code_unknown')
  assert.equal(redeemed(stored(), { now: t0 + 59 }).outcome, 'granted')
  assert.equal(refusedFor(stored(), { now: t0 + 60 }), 'code_expired')
})

test('AC-01 the account must be there and open, and be the one that agreed', () => {
  assert.equal(refusedFor(stored(), { account: undefined }), 'code_unknown')
  assert.equal(refusedFor(stored(), { account: account({ disabledAt: t0 }) }), 'code_unknown')
  assert.equal(refusedFor(stored(), { account: account({ id: 'usr_eve' }) }), 'code_unknown')
})

test('AC-02 the grammar of a verifier', () => {
  for (const good of ['a'.repeat(43), 'a'.repeat(128), `${'-._~'.repeat(11)}Z9`])
    assert.ok(isCodeVerifier(good), good)
  for (const bad of [
    'a'.repeat(42),
    'a'.repeat(129),
    `${'a'.repeat(43)}=`,
    `${'a'.repeat(43)} `,
    'ä'.repeat(50),
  ])
    assert.ok(!isCodeVerifier(bad), bad)
})
