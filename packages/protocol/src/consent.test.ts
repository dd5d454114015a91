// Consent: which one a request is about, what is asked, what giving and withdrawing change.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  clientKeys,
  type GiveEvent,
  give,
  identity,
  mayRemember,
  missingScopes,
  question,
  reachOf,
  redirectTarget,
  withdraw,
} from './consent.ts'
import { plainClient } from './plain-client.ts'
import type { AuthorizationCode, Consent } from './records.ts'
import { context, grant, request, t0 } from './testing/sample-records.ts'

const about = {
  accountId: 'usr_mia',
  clientId: 'editor',
  redirectTarget: 'https://editor.example/back',
  resources: ['https://api.example'],
}

const consent = (changes: Partial<Consent> = {}): Consent => ({
  id: 'consent-1',
  version: 3,
  ...about,
  scopes: ['openid', 'notes:read'],
  clientKeys: 'keys-1',
  createdAt: t0,
  updatedAt: t0,
  ...changes,
})

const assured = plainClient({
  id: 'editor',
  name: 'Editor',
  createdAt: t0,
  authMethods: ['client_secret_basic'],
})
const https = 'https://editor.example/back'
const loopback = 'http://127.0.0.1:51234/back'

const wanted = (changes: Partial<Parameters<typeof question>[1]> = {}) => ({
  client: assured,
  keysHash: 'keys-1',
  redirectUri: https,
  scopes: ['openid', 'notes:read'],
  askAgain: false,
  ...changes,
})

test('UI-17 a consent is for one account, client, redirect target and set of resources, in whatever order they come', () => {
  const same = { ...about, resources: ['b:1', 'a:1', 'b:1'] }
  assert.equal(identity(same), identity({ ...about, resources: ['a:1', 'b:1'] }))
  const others = [
    { ...about, accountId: 'usr_sol' },
    { ...about, clientId: 'editor2' },
    { ...about, redirectTarget: 'https://editor.example/other' },
    { ...about, resources: [] },
    { ...about, resources: ['https://api.example', 'https://other.example'] },
  ]
  assert.equal(new Set([about, ...others].map(identity)).size, others.length + 1)
})

test('UI-17 no two subjects share an identity, however their parts are cut', () => {
  const part = fc.string({ maxLength: 12 })
  const subject = fc.record({
    accountId: part,
    clientId: part,
    redirectTarget: part,
    resources: fc.uniqueArray(part, { maxLength: 3 }),
  })
  fc.assert(
    fc.property(subject, subject, (one, other) => {
      const normal = (it: typeof one) => ({ ...it, resources: it.resources.toSorted() })
      const isSame = JSON.stringify(normal(one)) === JSON.stringify(normal(other))
      assert.equal(identity(one) === identity(other), isSame)
    }),
  )
})

test('RU-02 the port of a loopback address is no part of what was agreed to, and nothing else is left out', () => {
  for (const [uri, target] of [
    ['http://127.0.0.1:51234/back', 'http://127.0.0.1/back'],
    ['http://127.0.0.1/back', 'http://127.0.0.1/back'],
    ['http://[::1]:80/back?a=1', 'http://[::1]/back?a=1'],
    ['http://localhost:3000', 'http://localhost'],
    ['https://editor.example:8443/back', 'https://editor.example:8443/back'],
    ['http://127.0.0.1.evil.example:80/back', 'http://127.0.0.1.evil.example:80/back'],
    ['http://localhost.evil.example:80/', 'http://localhost.evil.example:80/'],
    ['http://127.0.0.1:80@evil.example/', 'http://127.0.0.1:80@evil.example/'],
    ['com.example.app:/back', 'com.example.app:/back'],
  ] as const)
    assert.equal(redirectTarget(uri), target)
})

test('RU-09 where an answer goes is a host, this computer, or a scheme', () => {
  assert.deepEqual(reachOf('https://Editor.example:8443/back'), { kind: 'host', host: 'editor.example:8443' })
  assert.deepEqual(reachOf(loopback), { kind: 'loopback', host: '127.0.0.1:51234' })
  assert.deepEqual(reachOf('http://[::1]:9/x'), { kind: 'loopback', host: '[::1]:9' })
  assert.deepEqual(reachOf('com.example.app:/back'), { kind: 'scheme', scheme: 'com.example.app' })
  assert.deepEqual(reachOf('https://good.example@evil.example/x'), { kind: 'host', host: 'evil.example' })
  assert.deepEqual(reachOf('https://good.example\\@evil.example/x'), { kind: 'host', host: 'good.example' })
})

test('AZ-18 X-33 only a client whose identity is assured is remembered or goes unasked', () => {
  const secret = { authMethods: ['client_secret_basic'] as const, publisher: null }
  const none = { authMethods: ['none'] as const, publisher: null }
  const rows = [
    [{ source: 'admin', ...secret }, loopback, true],
    [{ source: 'admin', ...none }, https, true],
    [{ source: 'admin', ...none }, loopback, false],
    [{ source: 'admin', ...none }, 'com.example.app:/back', false],
    [{ source: 'admin', ...none }, 'https://localhost/back', false],
    [{ source: 'admin', ...secret, authMethods: ['client_secret_basic', 'none'] }, loopback, false],
    [{ source: 'admin', ...none, authMethods: [] }, loopback, false],
    [{ source: 'metadata_document', ...none }, https, false],
    [{ source: 'metadata_document', ...secret, authMethods: ['private_key_jwt'] }, https, true],
    [{ source: 'registration', ...secret }, https, false],
    [{ source: 'registration', ...none }, https, false],
    [{ source: 'registration', ...secret, publisher: 'Acme' }, https, true],
    [{ source: 'registration', ...none, publisher: 'Acme' }, loopback, false],
  ] as const
  for (const [client, redirectUri, expected] of rows) {
    assert.equal(mayRemember(client, redirectUri), expected, JSON.stringify([client, redirectUri]))
    const full = { ...assured, ...client, skipsConsent: true }
    const asks = question(consent(), wanted({ client: full, redirectUri }))
    assert.equal(asks === undefined, expected)
    // All of it, as if nothing had been agreed to.
    if (asks) assert.deepEqual(asks, { scopes: ['openid', 'notes:read'], agreed: [] })
  }
})

test('AZ-20 what is remembered is not asked again, what is new is; prompt=consent asks for everything', () => {
  assert.equal(question(consent(), wanted()), undefined)
  assert.equal(question(consent(), wanted({ scopes: ['openid'] })), undefined)
  assert.deepEqual(question(consent(), wanted({ scopes: ['openid', 'notes:write'] })), {
    scopes: ['notes:write'],
    agreed: ['openid'],
  })
  assert.deepEqual(question(undefined, wanted({ scopes: [] })), { scopes: [], agreed: [] })
  assert.equal(question(consent({ scopes: [] }), wanted({ scopes: [] })), undefined)
  assert.deepEqual(question(consent(), wanted({ askAgain: true })), {
    scopes: ['openid', 'notes:read'],
    agreed: [],
  })
  const house = { ...assured, skipsConsent: true }
  assert.equal(question(undefined, wanted({ client: house })), undefined)
  assert.ok(question(undefined, wanted({ client: house, askAgain: true })))
})

test('a client with other keys is asked about again', () => {
  const now = wanted({ keysHash: 'keys-2' })
  assert.deepEqual(question(consent(), now), { scopes: ['openid', 'notes:read'], agreed: [] })
  assert.deepEqual(question(consent({ scopes: [] }), { ...now, scopes: [] }), { scopes: [], agreed: [] })
  const [a, b] = [
    { kty: 'EC', x: '1' },
    { kty: 'EC', x: '2' },
  ]
  const keys = (...list: object[]) => clientKeys({ jwks: { keys: list as never }, jwksUri: null })
  assert.equal(keys(a, b), keys(b, a))
  assert.equal(new Set([keys(a), keys(b), keys(a, b), keys(), clientKeys(assured)]).size, 5)
  assert.notEqual(clientKeys(assured), clientKeys({ jwks: null, jwksUri: 'https://editor.example/keys' }))
})

const event = (changes: Partial<GiveEvent>): GiveEvent => ({
  about,
  keysHash: 'keys-1',
  wanted: ['openid'],
  given: ['openid'],
  now: t0 + 60,
  ...changes,
})

function given(before: Consent | undefined, changes: Partial<GiveEvent>): Consent {
  const [write] = give(before, event(changes), { consentId: 'new-id' })
  assert.ok(write && write.op !== 'notify' && write.kind === 'consent')
  assert.equal(write.op, before === undefined ? 'insert' : 'update')
  return write.record
}

test('UI-11 giving keeps what was agreed to elsewhere, and takes out what is left out now', () => {
  assert.deepEqual(given(undefined, { wanted: ['openid', 'notes:read'], given: ['openid'] }), {
    id: 'new-id',
    version: 0,
    ...about,
    scopes: ['openid'],
    clientKeys: 'keys-1',
    createdAt: t0 + 60,
    updatedAt: t0 + 60,
  })
  const more = given(consent(), { wanted: ['openid', 'notes:write'], given: ['openid', 'notes:write'] })
  assert.deepEqual(more.scopes, ['notes:read', 'openid', 'notes:write'])
  assert.deepEqual([more.id, more.version, more.createdAt, more.updatedAt], ['consent-1', 3, t0, t0 + 60])
  assert.deepEqual(given(consent(), { wanted: ['openid', 'notes:read'], given: ['openid'] }).scopes, [
    'openid',
  ])
  assert.deepEqual(given(consent(), { keysHash: 'keys-2' }).scopes, ['openid'])
  assert.deepEqual(given(undefined, { given: ['openid', 'admin'] }).scopes, ['openid'])
})

test('UI-17 whatever is given in whatever order, nothing is agreed to that was not, and what was just given is not asked', () => {
  const scope = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  const step = fc.record({
    wanted: fc.uniqueArray(scope),
    ticked: fc.uniqueArray(scope),
    keysHash: fc.constantFrom('k1', 'k2'),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      let record: Consent | undefined
      let model = { keysHash: '', scopes: new Set<string>() }
      for (const { wanted: asked, ticked, keysHash } of steps) {
        const chosen = asked.filter((one) => ticked.includes(one))
        record = given(record, { wanted: asked, given: ticked, keysHash })
        if (model.keysHash !== keysHash) model = { keysHash, scopes: new Set() }
        for (const one of asked) model.scopes.delete(one)
        for (const one of chosen) model.scopes.add(one)
        assert.deepEqual(new Set(record.scopes), model.scopes)
        assert.equal(record.scopes.length, model.scopes.size)
        assert.deepEqual(
          missingScopes(record, asked, keysHash),
          asked.filter((one) => !chosen.includes(one)),
        )
        assert.deepEqual(missingScopes(record, asked, 'other'), asked)
      }
    }),
  )
})

test('UI-12 withdrawing removes the consents, ends the grants, and takes back codes and approved devices that wait', () => {
  const code: AuthorizationCode = {
    id: 'code-1',
    version: 1,
    clientId: 'editor',
    accountId: 'usr_mia',
    redirectUri: https,
    codeChallenge: 'x'.repeat(43),
    nonce: null,
    scopes: ['openid'],
    resources: [],
    jkt: null,
    authTime: t0,
    amr: ['pwd'],
    context,
    status: 'issued',
    grantId: 'grant-9',
    createdAt: t0,
    expiresAt: t0 + 60,
  }
  const held = {
    consents: [consent(), consent({ id: 'consent-2', redirectTarget: 'https://editor.example/two' })],
    grants: [grant({ id: 'g1' }), grant({ id: 'g2', revokedAt: t0, revokedFor: 'client', refresh: null })],
    codes: [code, { ...code, id: 'code-2', status: 'redeemed' as const }],
    devices: [
      request({ id: 'd1', status: 'approved', accountId: 'usr_mia' }),
      request({ id: 'd2', status: 'redeemed', accountId: 'usr_mia' }),
    ],
  }
  const writes = withdraw(held, 'person', t0 + 5)
  const told = writes.map((write) =>
    write.op === 'notify' ? `wake ${write.topic}` : `${write.op} ${write.kind} ${write.record.id}`,
  )
  assert.deepEqual(told, [
    'delete consent consent-1',
    'delete consent consent-2',
    'update grant g1',
    'delete authorizationCode code-1',
    'update deviceAuthorization d1',
    'wake d1',
  ])
  const ended = writes.find((write) => write.op === 'update' && write.kind === 'grant')
  assert.ok(ended?.op === 'update' && ended.kind === 'grant')
  assert.deepEqual([ended.record.revokedAt, ended.record.revokedFor], [t0 + 5, 'person'])
  assert.deepEqual(withdraw({ consents: [], grants: [], codes: [], devices: [] }, 'admin', t0), [])
})
