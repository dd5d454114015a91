// Random walks: an honest client, somebody who copied the code, and somebody who has everything, racing through a store with
// compare-and-set, while time passes. Single steps are in authorization-code.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { issue, redeem } from './authorization-code.ts'
import { isLive } from './grant.ts'
import type { AuthorizationParameters, Write } from './records.ts'
import { account, client, context, t0 } from './testing/sample-records.ts'
import { createTinyStore } from './testing/tiny-store.ts'

const parameters: AuthorizationParameters = {
  redirectUri: 'https://app.example/back',
  responseMode: 'query',
  state: null,
  nonce: null,
  codeChallenge: 'challenge',
  scopes: ['openid'],
  resources: [],
  prompt: [],
  maxAge: null,
  acrValues: [],
  loginHint: null,
  hintedAccountId: null,
  jkt: 'key',
}

/** What a caller brings. Only the first two have all that belongs to the code. */
const callers = {
  honest: {
    clientId: client.id,
    challenge: 'challenge',
    redirectUri: 'https://app.example/back',
    jkt: 'key',
  },
  copy: { clientId: client.id, challenge: 'challenge', redirectUri: undefined, jkt: 'key' },
  otherClient: { clientId: 'other', challenge: 'challenge', redirectUri: undefined, jkt: 'key' },
  noVerifier: { clientId: client.id, challenge: 'guess', redirectUri: undefined, jkt: 'key' },
  elsewhere: {
    clientId: client.id,
    challenge: 'challenge',
    redirectUri: 'https://evil.example/',
    jkt: 'key',
  },
  noKey: { clientId: client.id, challenge: 'challenge', redirectUri: undefined, jkt: null },
} as const
type Caller = keyof typeof callers
const entitled: readonly Caller[] = ['honest', 'copy']

function createWorld() {
  const store = createTinyStore()
  const event = {
    clientId: client.id,
    accountId: 'usr_mia',
    parameters,
    scopes: ['openid'],
    authTime: t0,
    amr: ['pwd'],
    context,
    now: t0,
    lifetimeSeconds: 60,
  }
  store.apply(issue(event, { codeId: 'code', grantId: 'grant' }).writes)

  /** The first half of a redemption: look and decide. Applying it is for later. */
  function look(caller: Caller, now: number) {
    const record = store.get('authorizationCode', 'code')
    const result = redeem(
      record,
      {
        ...callers[caller],
        account: account(),
        grant: record?.status === 'redeemed' ? store.get('grant', 'grant') : undefined,
        now,
        refresh: null,
        absoluteSeconds: 5000,
        refreshJkt: null,
        plainName: '',
      },
      { refreshHash: 'first' },
    )
    return { caller, now, result }
  }
  const finish = (writes: readonly Write[]) => store.apply(writes)
  const state = () => ({ code: store.get('authorizationCode', 'code'), grant: store.get('grant', 'grant') })
  return { look, finish, state, store }
}

const step = fc.record({
  caller: fc.constantFrom(...(Object.keys(callers) as Caller[])),
  pause: fc.integer({ min: 0, max: 25 }),
  /** How many steps go by between looking and applying. */
  dawdles: fc.integer({ min: 0, max: 3 }),
  dies: fc.boolean(),
})

test('AC-05 AC-06 AC-07 whoever comes in whatever order: one grant at most, and only the entitled move anything', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 25, size: 'max' }), (walk) => {
      const world = createWorld()
      let now = t0
      let granted = 0
      const open: { left: number; dies: boolean; look: ReturnType<typeof world.look> }[] = []
      const settle = ({ look, dies }: (typeof open)[number]) => {
        const before = world.state()
        // Who dies between looking and applying has changed nothing.
        const applied = dies ? 'conflict' : world.finish(look.result.writes)
        const after = world.state()
        if (applied === 'conflict' || look.result.writes.length === 0) {
          assert.deepEqual(after, before)
          return
        }
        assert.ok(entitled.includes(look.caller))
        if (look.result.outcome === 'granted') {
          granted += 1
          assert.ok(look.now < t0 + 60, 'not after its time')
          assert.equal(before.code?.status, 'issued')
        } else {
          assert.equal(look.result.refusal.reason, 'code_reused')
          assert.equal(after.grant?.revokedFor, 'reuse')
        }
      }
      for (const { caller, pause, dawdles, dies } of walk) {
        now += pause
        open.push({ left: dawdles, dies, look: world.look(caller, now) })
        for (const one of open.splice(0)) {
          if (one.left === 0) settle(one)
          else open.push({ ...one, left: one.left - 1 })
        }
      }
      for (const one of open) settle(one)
      const { code, grant } = world.state()
      assert.ok(granted <= 1)
      assert.equal(world.store.all('grant').length, granted)
      assert.equal(code?.status === 'redeemed', granted === 1)
      if (grant?.revokedAt !== null) assert.ok(!isLive(grant, account(), now))
    }),
    { numRuns: 1000 },
  )
})

test('AC-06 strangers, however many, cannot keep the honest client from its one success', () => {
  const stranger = fc.constantFrom<Caller>('otherClient', 'noVerifier', 'elsewhere', 'noKey')
  fc.assert(
    fc.property(fc.array(stranger), fc.array(stranger), fc.nat(59), (before, after, wait) => {
      const world = createWorld()
      const all = (callers: readonly Caller[]) => {
        for (const caller of callers) world.finish(world.look(caller, t0 + wait).result.writes)
      }
      all(before)
      const { result } = world.look('honest', t0 + wait)
      assert.equal(result.outcome, 'granted')
      assert.equal(world.finish(result.writes), 'applied')
      all(after)
      assert.ok(isLive(world.state().grant, account(), t0 + wait))
      // And only who has it all, coming a second time, ends it.
      assert.equal(world.finish(world.look('copy', t0 + wait).result.writes), 'applied')
      assert.ok(!isLive(world.state().grant, account(), t0 + wait))
    }),
  )
})
