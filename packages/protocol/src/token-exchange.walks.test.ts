// Random sequences of exchanges by clients of every policy (standards.md TX-07): whatever they try, nothing widens and nothing
// outlives what it came from.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AccessToken, type Actor, counts, lineageOf, revocationsOf, subjectOf } from './access-token.ts'
import { revoke, revokeAccessToken, revokedTokenId } from './grant.ts'
import type { Client, Grant, Resource } from './records.ts'
import { service, tokenOf } from './testing/sample-exchange.ts'
import { account, grant, resource, t0 } from './testing/sample-records.ts'
import { type ExchangeEvent, exchange, mostExchanges } from './token-exchange.ts'

const issuer = 'https://login.example'
const scopes = ['read', 'write', 'delete', 'offline_access'] as const
const audiences = ['https://a.example', 'https://b.example', 'https://c.example', issuer] as const
const ids = ['one', 'two', 'three'] as const
const keys = [null, 'key-1', 'key-2'] as const

const someScopes = fc.subarray([...scopes])
const someAudiences = fc.subarray([...audiences])
const aKey = fc.constantFrom(null, ...keys)
const seldom = { freq: 1 }

const aPolicy = fc.record({
  scopes: fc.subarray([...scopes], { minLength: 2 }),
  resources: someAudiences,
  introspectsAll: fc.boolean(),
  accessTokenSeconds: fc.integer({ min: 60, max: 3600 }),
  exchange: fc.option(fc.record({ audiences: someAudiences, foreignTokens: fc.boolean() }), { freq: 8 }),
})

const world = fc.record({
  policies: fc.tuple(aPolicy, aPolicy, aPolicy),
  roots: fc.array(
    fc.record({
      client: fc.constantFrom(...ids),
      person: fc.boolean(),
      scopes: fc.subarray([...scopes], { minLength: 2 }),
      audience: fc.constantFrom(...audiences),
      life: fc.integer({ min: 1, max: 3000 }),
      jkt: aKey,
    }),
    { minLength: 1, maxLength: 3 },
  ),
  steps: fc.array(
    fc.record({
      client: fc.nat(2),
      subject: fc.nat(30),
      actor: fc.option(fc.nat(30), seldom),
      targets: fc.oneof(fc.constant([]), fc.subarray([...audiences], { maxLength: 2 })),
      scope: fc.option(fc.subarray([...scopes], { minLength: 1 }), seldom),
      seconds: fc.option(fc.integer({ min: 1, max: 100_000 }), seldom),
      ofResource: fc.option(someScopes, seldom),
      jkt: aKey,
      later: fc.integer({ min: 0, max: 60 }),
    }),
    { minLength: 8, maxLength: 25 },
  ),
})

interface Issued {
  readonly token: AccessToken
  readonly parent: AccessToken
  readonly by: Client
}

/** Walks, and returns every token there is, and what each of the new ones came from. */
function walk({ policies, roots, steps }: typeof world extends fc.Arbitrary<infer W> ? W : never) {
  const clients = policies.map((policy, index) => service(ids[index] ?? '', policy))
  const tokens: AccessToken[] = roots.map(({ client, person, life, ...said }, index) =>
    tokenOf({
      ...said,
      jti: `root-${index}`,
      clientId: client,
      expiresAt: t0 + life,
      ...(person ? {} : { accountId: null }),
    }),
  )
  const issued: Issued[] = []
  let now = t0
  for (const step of steps) {
    now += step.later
    const live = tokens.filter(({ expiresAt }) => expiresAt > now)
    const subject = live[step.subject % live.length]
    const client = clients[step.client]
    if (subject === undefined || client === undefined) continue
    const event: ExchangeEvent = {
      issuer,
      client,
      subject,
      actor: step.actor === null ? undefined : live[step.actor % live.length],
      targets: step.targets,
      resource: step.ofResource === null ? undefined : registered(step.ofResource),
      scope: step.scope?.join(' '),
      seconds: step.seconds ?? undefined,
      jkt: step.jkt,
      now,
    }
    const token = exchange(event, { jti: `t${tokens.length}` })
    if ('reason' in token) continue
    tokens.push(token)
    issued.push({ token, parent: subject, by: client })
  }
  return { tokens, issued }
}

function registered(names: readonly string[]): Resource {
  return resource({
    scopes: names.map((scope) => ({ scope, words: 'do it', risk: null, optional: false })),
  })
}

function actors(act: Actor | null | undefined): readonly string[] {
  return act == null ? [] : [act.sub, ...actors(act.act)]
}

/** What holds between a token and the one it was exchanged for. */
function assertNarrower({ token, parent, by }: Issued): void {
  assert.ok(token.scopes.every((scope) => parent.scopes.includes(scope) && scope !== 'offline_access'))
  assert.ok(token.audience === parent.audience || by.exchange?.audiences.includes(token.audience))
  assert.ok(token.expiresAt <= parent.expiresAt && token.expiresAt > token.issuedAt)
  assert.ok(token.expiresAt - token.issuedAt <= by.accessTokenSeconds)
  assert.ok(parent.jkt === null || token.jkt !== null, 'the key binding was dropped')
  assert.deepEqual(
    [token.grantId, token.accountId, token.authTime, token.amr, subjectOf(token)],
    [parent.grantId, parent.accountId, parent.authTime, parent.amr, subjectOf(parent)],
  )
  assert.equal(token.clientId, by.id)
  assert.deepEqual(actors(token.act).slice(-actors(parent.act).length || Infinity), actors(parent.act))
}

test('TX-07 TX-08 no sequence of exchanges widens scope, audience or lifetime, drops a key, or rewrites who acted', () => {
  let exchanged = 0
  let deepest = 0
  fc.assert(
    fc.property(world, (said) => {
      const { issued } = walk(said)
      exchanged += issued.length
      issued.forEach(assertNarrower)
      for (const { token } of issued) {
        deepest = Math.max(deepest, lineageOf(token).length)
        assert.ok(lineageOf(token).length <= mostExchanges + 1)
        assert.ok(actors(token.act).length <= mostExchanges)
      }
    }),
    { numRuns: 1500 },
  )
  // A walk that never gets anywhere would show nothing.
  assert.ok(exchanged > 1000 && deepest > 3, `only ${exchanged} exchanges succeeded, ${deepest} deep`)
})

test('TX-07 RV-10 no token that was exchanged outlives the sign-in, or a token that it came from', () => {
  const start = grant({ expiresAt: t0 + 5000 })
  fc.assert(
    fc.property(world, fc.nat(30), fc.integer({ min: 0, max: 4000 }), (said, which, later) => {
      const { tokens } = walk(said)
      const ofSignIn = tokens.filter(({ grantId }) => grantId === start.id)
      const revoked = ofSignIn[which % ofSignIn.length]
      if (revoked === undefined) return
      const at = t0 + 1
      const ended = changed(start, revoke(start, 'person', at))
      const writes = revokeAccessToken(start, revoked, at)
      const without = changed(
        start,
        writes.filter(({ op }) => op === 'update'),
      )
      for (const token of ofSignIn) {
        assert.equal(counts(token, ended, account(), at + later), false)
        assert.equal(counts(token, start, account(), start.expiresAt), false)
        const descends = lineageOf(token).includes(revoked.jti)
        const isOver = at + later >= token.expiresAt
        const isRevoked = revocationsOf(token, without, at + later).includes(revokedTokenId(revoked.jti))
        assert.equal(counts(token, without, account(), at + later) && !isRevoked, !descends && !isOver)
      }
    }),
    { numRuns: 500 },
  )
})

function changed(before: Grant, [write]: ReturnType<typeof revoke>): Grant {
  if (write === undefined) return before
  assert.ok(write.op === 'update' && write.kind === 'grant')
  return write.record
}
