// What may be exchanged for what, case by case (RFC 8693, standards.md TX). That no sequence of exchanges ever widens anything is
// token-exchange.walks.test.ts; the request and its answer are the server's endpoints/token-exchange.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type AccessToken, subjectOf } from './access-token.ts'
import type { Client } from './records.ts'
import { service, tokenOf } from './testing/sample-exchange.ts'
import { resource, t0 } from './testing/sample-records.ts'
import { type ExchangeEvent, exchange, mostExchanges } from './token-exchange.ts'

const api = 'https://api.example'
const store = 'https://store.example'
const issuer = 'https://login.example'

/** An agent that may exchange its own tokens only. */
const agent = service('agent', { scopes: ['read', 'write', 'offline_access'] })
/** The API, which goes on with what its callers send. */
const middle = service('api', {
  scopes: ['read'],
  resources: [api],
  exchange: { audiences: [store], foreignTokens: true },
})
const ofAgent = tokenOf({ clientId: 'agent', scopes: ['read', 'write', 'offline_access'], audience: api })

const run = (changes: Partial<ExchangeEvent> = {}) =>
  exchange(
    {
      issuer,
      client: agent,
      subject: ofAgent,
      actor: undefined,
      targets: [],
      resource: undefined,
      scope: undefined,
      seconds: undefined,
      jkt: null,
      now: t0 + 100,
      ...changes,
    },
    { jti: 'new' },
  )

function given(changes: Partial<ExchangeEvent> = {}): AccessToken {
  const token = run(changes)
  assert.ok(!('reason' in token), JSON.stringify(token))
  return token
}

function refusal(changes: Partial<ExchangeEvent>): string {
  const token = run(changes)
  assert.ok('reason' in token, JSON.stringify(token))
  return 'why' in token ? `${token.reason} ${token.why}` : token.reason
}

test('TX-07 an agent hands a smaller token to its child: fewer scopes, a shorter life, the same person and sign-in', () => {
  const child = given({ scope: 'read', seconds: 30 })
  assert.deepEqual(child, {
    ...ofAgent,
    jti: `${ofAgent.jti}.new`,
    scopes: ['read'],
    issuedAt: t0 + 100,
    expiresAt: t0 + 130,
  })
})

test('TX-10 offline_access goes along to nobody', () => {
  assert.deepEqual(given().scopes, ['read', 'write'])
  assert.equal(refusal({ scope: 'read offline_access' }), 'scope_not_allowed')
})

test('TX-07 lifetime: the least of the old token, the client, the resource and what was asked for', () => {
  const until = (changes: Partial<ExchangeEvent>) => given(changes).expiresAt - t0
  assert.equal(until({}), 600)
  assert.equal(until({ client: { ...agent, accessTokenSeconds: 60 } }), 160)
  assert.equal(until({ resource: resource({ accessTokenSeconds: 70 }) }), 170)
  assert.equal(until({ seconds: 10 }), 110)
  assert.equal(until({ seconds: 100_000 }), 600)
})

test('TX-07 RI-06 scope: no more than the old token, the client and the resource know', () => {
  const meaning = { words: 'x', risk: null, optional: false }
  const readOnly = resource({
    scopes: [
      { scope: 'read', ...meaning },
      { scope: 'delete', ...meaning },
    ],
  })
  assert.deepEqual(given({ resource: readOnly }).scopes, ['read'])
  assert.deepEqual(given({ client: { ...agent, scopes: ['write'] } }).scopes, ['write'])
  assert.equal(refusal({ scope: 'delete' }), 'scope_not_allowed')
  assert.equal(refusal({ scope: 'delete', resource: readOnly }), 'scope_not_allowed')
  assert.equal(refusal({ scope: 'write', resource: readOnly }), 'scope_not_allowed')
  assert.equal(refusal({ scope: 'read "x"' }), 'scope_not_allowed')
  assert.equal(refusal({ client: { ...agent, scopes: ['other'] } }), 'scope_not_allowed')
})

test('TX-07 a token without scopes gives one without scopes', () => {
  assert.deepEqual(given({ subject: { ...ofAgent, scopes: [] } }).scopes, [])
})

test('TX-03 audience: the old one, or one that the client was allowed; one only', () => {
  assert.equal(given({ targets: [api] }).audience, api)
  assert.equal(given({ targets: [api, api] }).audience, api)
  assert.equal(refusal({ targets: [store] }), 'exchange_target_refused')
  assert.equal(refusal({ targets: [`${api}/`] }), 'exchange_target_refused')
  assert.equal(refusal({ targets: ['api'] }), 'exchange_target_refused')
  const allowed = { ...agent, exchange: { audiences: [store], foreignTokens: false } }
  assert.equal(given({ client: allowed, targets: [store] }).audience, store)
  assert.equal(refusal({ client: allowed, targets: [store, api] }), 'exchange_target_refused')
})

test('TX-06 a client without a policy, or that cannot authenticate, exchanges nothing', () => {
  const clients: Client[] = [
    { ...agent, exchange: null },
    { ...agent, authMethods: ['none'] },
    { ...agent, authMethods: ['client_secret_basic', 'none'] },
  ]
  for (const client of clients) assert.equal(refusal({ client }), 'grant_type_not_allowed')
})

test('TX-06 a token of somebody else only where policy says so, and only one that was meant for the presenter', () => {
  const own = { ...middle, exchange: { audiences: [store], foreignTokens: false } }
  assert.equal(refusal({ client: own }), 'subject_token_invalid subject_foreign')
  const elsewhere = { ...ofAgent, audience: store }
  assert.equal(refusal({ client: middle, subject: elsewhere }), 'subject_token_invalid subject_foreign')
  assert.equal(given({ client: middle, targets: [store] }).clientId, 'api')
  const ofHouse = { ...middle, resources: [], introspectsAll: true }
  assert.equal(given({ client: ofHouse, subject: elsewhere }).audience, store)
})

test('TX-08 a service that goes on with a token of somebody else is written down as the actor', () => {
  const token = given({ client: middle, targets: [store] })
  assert.deepEqual([subjectOf(token), token.clientId, token.act], ['usr_mia', 'api', { sub: 'api' }])
  // Narrowing it further is the same actor still.
  const again = given({ client: middle, subject: token })
  assert.deepEqual(again.act, { sub: 'api' })
})

test('TX-08 delegation writes act, and what was there before goes inside', () => {
  const child = tokenOf({ clientId: 'child', accountId: null, audience: issuer })
  const first = given({ actor: child, client: { ...agent } })
  assert.deepEqual(first.act, { sub: 'child' })
  assert.equal(subjectOf(first), 'usr_mia')
  const next = tokenOf({ clientId: 'next', accountId: null, audience: issuer })
  assert.deepEqual(given({ subject: first, actor: next }).act, { sub: 'next', act: { sub: 'child' } })
  const seen = given({ client: { ...middle, scopes: ['read'] }, subject: first, targets: [store] })
  assert.deepEqual(seen.act, { sub: 'api', act: { sub: 'child' } })
})

test('TX-08 an actor token is made to be shown here, or to the presenter, and acts for nobody else', () => {
  const child = tokenOf({ clientId: 'child', accountId: null, audience: store })
  assert.equal(refusal({ actor: child }), 'subject_token_invalid actor_foreign')
  const delegated = { ...child, audience: issuer, act: { sub: 'other' } }
  assert.equal(refusal({ actor: delegated }), 'subject_token_invalid actor_delegated')
})

test('TX-08 may_act is enforced when present: every claim of it, and claims that cannot be checked', () => {
  const bound = (mayAct: Record<string, unknown>) => ({ subject: { ...ofAgent, mayAct } })
  const child = tokenOf({ clientId: 'child', accountId: null, audience: issuer })
  assert.deepEqual(given({ ...bound({ sub: 'child' }), actor: child }).act, { sub: 'child' })
  assert.deepEqual(given(bound({ sub: 'agent', iss: issuer, client_id: 'agent' })).mayAct, {
    sub: 'agent',
    iss: issuer,
    client_id: 'agent',
  })
  for (const mayAct of [
    { sub: 'child' },
    {},
    { iss: issuer },
    { sub: 'agent', iss: 'https://other.example' },
    { sub: 'agent', email: 'a@example.com' },
    { sub: ['agent'] },
  ])
    assert.equal(refusal(bound(mayAct)), 'subject_token_invalid may_act', JSON.stringify(mayAct))
  assert.equal(refusal({ ...bound({ sub: 'agent' }), actor: child }), 'subject_token_invalid may_act')
})

test('TX-07 a key binding is kept by its key, replaced by a proof, and never dropped', () => {
  const bound = { ...ofAgent, jkt: 'key-of-agent' }
  assert.equal(refusal({ subject: bound }), 'dpop_proof_missing')
  assert.equal(refusal({ subject: bound, jkt: 'key-of-thief' }), 'subject_token_invalid subject_key')
  assert.equal(given({ subject: bound, jkt: 'key-of-agent' }).jkt, 'key-of-agent')
  assert.equal(given({ jkt: 'key-of-agent' }).jkt, 'key-of-agent')
  // The service was handed a token whose key it cannot have; its own takes the place.
  assert.equal(refusal({ client: middle, subject: bound }), 'dpop_proof_missing')
  assert.equal(given({ client: middle, subject: bound, jkt: 'key-of-api' }).jkt, 'key-of-api')
  // The child has proven its key when it got the token that speaks for it.
  const child = tokenOf({ clientId: 'child', accountId: null, audience: issuer, jkt: 'key-of-child' })
  assert.equal(given({ subject: bound, jkt: 'key-of-agent', actor: child }).jkt, 'key-of-child')
})

test('TX-08 the chain has an end', () => {
  let subject = ofAgent
  for (let step = 0; step < mostExchanges; step++) subject = given({ subject })
  assert.equal(refusal({ subject }), 'subject_token_invalid exchanged_too_often')
})

test('TX-07 CC-03 a client token keeps its subject in the hands of another, and is its own again nowhere', () => {
  const own = tokenOf({ clientId: 'agent', accountId: null, audience: api, scopes: ['read'] })
  assert.equal(given({ subject: own }).subjectClientId, undefined)
  const taken = given({ client: middle, subject: own, targets: [store] })
  assert.deepEqual(
    [subjectOf(taken), taken.clientId, taken.grantId, taken.act],
    ['agent', 'api', null, { sub: 'api' }],
  )
  assert.equal(subjectOf(given({ client: middle, subject: taken })), 'agent')
})
