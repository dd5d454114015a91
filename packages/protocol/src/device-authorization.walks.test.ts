// Random walks: several actors move one device authorization through a store with compare-and-set, reading and writing in
// between each other, dying in between, while time passes. Single steps are in device-authorization.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { approve, cancel, deny, poll, redeem, start, statusAt } from './device-authorization.ts'
import { isLive } from './grant.ts'
import type { Account, DeviceAuthorization, Write } from './records.ts'
import { account, client, context, decision, t0 } from './testing/sample-records.ts'
import { createTinyStore } from './testing/tiny-store.ts'

const lifetime = 60
const names = [
  'pollA',
  'pollB',
  'foreignPoll',
  'approveMia',
  'approveEve',
  'approveFromElsewhere',
  'sendRight',
  'sendWrong',
  'sendWrongAgain',
  'deny',
  'cancel',
  'foreignCancel',
  'disableMia',
  'enableMia',
] as const
type Name = (typeof names)[number]

/** What the world was told: only an answer that was sent after its writes were applied counts. */
interface Told {
  approvedBy: string[]
  denied: number
  cancelled: number
  grants: string[]
  /** Wrong codes that were judged. */
  wrong: Set<string>
}

function createWorld() {
  const store = createTinyStore()
  const { record, writes } = start(
    {
      client,
      scopes: ['openid'],
      resources: [],
      context,
      now: t0,
      expiresInSeconds: lifetime,
      intervalSeconds: 5,
      jkt: null,
      acrValues: [],
      maxAge: null,
      takesReturnCode: true,
    },
    { deviceCodeHash: 'dch', userCodeHash: 'uch' },
  )
  store.apply(writes)
  for (const id of ['usr_mia', 'usr_eve'])
    store.apply([{ op: 'insert', kind: 'account', record: account({ id, version: 0 }) }])
  const told: Told = { approvedBy: [], denied: 0, cancelled: 0, grants: [], wrong: new Set() }
  return { store, told, id: record.id, now: t0, previousPollAt: undefined as number | undefined, drawn: 0 }
}

type World = ReturnType<typeof createWorld>

interface Held {
  readonly writes: readonly Write[]
  readonly tell: () => void
  /** The return code that came with a poll. */
  readonly sent?: string | undefined
}

/** Reads and decides at once; the writes and what to tell come later, when somebody else may have been quicker. */
function decide(world: World, name: Name): Held {
  const { store, told, now } = world
  const record = read(world)
  const accountOf = (id: string) => store.get('account', id) as Account
  const nothing = { writes: [], tell: () => {} }
  switch (name) {
    case 'pollA':
    case 'pollB':
      return decidePoll(world, record)
    case 'foreignPoll':
      return {
        ...nothing,
        writes: poll(record, { clientId: 'other', jkt: null, now, previousPollAt: undefined }).writes,
      }
    case 'approveMia':
    case 'approveEve': {
      const by = name === 'approveMia' ? 'usr_mia' : 'usr_eve'
      const decided = approve(record, decision({ accountId: by, at: now }), accountOf(by))
      const tell = () => decided.outcome === 'decided' && told.approvedBy.push(by)
      return { writes: decided.writes, tell }
    }
    case 'approveFromElsewhere': {
      const decided = approve(record, decision({ at: now }), accountOf('usr_mia'), 'right')
      const tell = () => decided.outcome === 'decided' && told.approvedBy.push('usr_mia')
      return { writes: decided.writes, tell }
    }
    case 'sendRight':
      return decidePoll(world, record, 'right')
    case 'sendWrong':
      world.drawn += 1
      return decidePoll(world, record, `wrong ${world.drawn}`)
    case 'sendWrongAgain':
      return decidePoll(world, record, record.returnCode?.wrong.at(-1) ?? 'wrong')
    case 'deny': {
      const decided = deny(record, decision({ at: now }))
      return { writes: decided.writes, tell: () => (told.denied += decided.outcome === 'decided' ? 1 : 0) }
    }
    case 'cancel':
    case 'foreignCancel': {
      const decided = cancel(record, { clientId: name === 'cancel' ? client.id : 'other', now })
      return { writes: decided.writes, tell: () => (told.cancelled += decided.outcome === 'decided' ? 1 : 0) }
    }
    case 'disableMia':
    case 'enableMia': {
      const disabledAt = name === 'disableMia' ? now : null
      const changed = { ...accountOf('usr_mia'), disabledAt }
      return { ...nothing, writes: [{ op: 'update', kind: 'account', record: changed }] }
    }
  }
}

function decidePoll(world: World, record: DeviceAuthorization, returnCode?: string): Held {
  const { store, told, now, previousPollAt } = world
  world.previousPollAt = now
  const polled = poll(record, { clientId: client.id, jkt: null, now, previousPollAt, returnCode })
  if (polled.outcome !== 'approved') {
    const { outcome } = polled
    const judged = outcome === 'return_code' || (outcome === 'refused' && polled.writes.length > 0)
    const tell = () => {
      if (judged && returnCode !== undefined) told.wrong.add(returnCode)
    }
    return { writes: polled.writes, tell, sent: returnCode }
  }
  world.drawn += 1
  const result = redeem(
    record,
    {
      account: store.get('account', record.accountId ?? ''),
      now,
      refresh: { idleSeconds: 1000 },
      absoluteSeconds: 5000,
      jkt: null,
      returnCode,
    },
    { grantId: `grant-${world.drawn}`, refreshHash: `refresh-${world.drawn}` },
  )
  const tell = () => result.outcome === 'granted' && told.grants.push(result.grant.id)
  return { writes: result.writes, tell, sent: returnCode }
}

function read(world: World): DeviceAuthorization {
  const record = world.store.get('deviceAuthorization', world.id)
  assert.ok(record)
  return record
}

/** What may follow what; anything else is a walk out of a final state. */
const followers: Record<DeviceAuthorization['status'], string[]> = {
  pending: ['pending', 'approved', 'denied', 'cancelled'],
  approved: ['approved', 'denied', 'cancelled', 'redeemed'],
  denied: ['denied'],
  cancelled: ['cancelled'],
  redeemed: ['redeemed'],
}

function apply(world: World, { writes, tell, sent }: Held): boolean {
  const before = read(world)
  const decidedAt = world.now
  if (world.store.apply(writes) === 'conflict') {
    assert.deepEqual(read(world), before, 'a conflict changes nothing')
    return false
  }
  tell()
  const after = read(world)
  assert.ok(followers[before.status].includes(after.status), `${before.status} became ${after.status}`)
  assert.ok(after.interval >= before.interval, 'the interval shrank')
  const [had, has] = [before.returnCode?.wrong.length ?? 0, after.returnCode?.wrong.length ?? 0]
  assert.ok(has >= had && has <= had + 1 && has <= 3, 'a try came back, or two went at once')
  if (before.returnCode) assert.equal(after.returnCode?.hash, before.returnCode.hash)
  const grants = world.store.all('grant')
  assert.ok(grants.length <= 1, 'two redemptions')
  assert.equal(grants.length, after.status === 'redeemed' ? 1 : 0)
  assert.equal(after.grantId, grants[0]?.id ?? null)
  if (after.status === 'redeemed' && before.status !== 'redeemed') {
    assert.equal(before.status, 'approved')
    if (before.returnCode) assert.equal(sent, before.returnCode.hash, 'redeemed without the return code')
    assert.ok((grants[0]?.createdAt ?? 0) < after.expiresAt && (grants[0]?.createdAt ?? 0) <= decidedAt)
  }
  return true
}

type Step =
  | { readonly do: 'read' | 'write' | 'die'; readonly who: Name }
  | { readonly do: 'pass'; readonly seconds: number }

// Weighted towards what makes a race: many reads and writes close together, sometimes a death or a pause.
const who = fc.constantFrom(...names)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), who }) },
    { weight: 6, arbitrary: fc.record({ do: fc.constant('write' as const), who }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('die' as const), who }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 25 }) }),
    },
  ),
  { maxLength: 60, size: 'max' },
)

function walk(world: World, taken: readonly Step[]): void {
  const inHand = new Map<Name, Held>()
  for (const step of taken) {
    if (step.do === 'pass') world.now += step.seconds
    else if (step.do === 'read') inHand.set(step.who, decide(world, step.who))
    else if (step.do === 'die') inHand.delete(step.who)
    else {
      const held = inHand.get(step.who) ?? decide(world, step.who)
      inHand.delete(step.who)
      // A conflict reloads and decides again, as the server does; nobody is in between here, so it must succeed.
      if (!apply(world, held)) assert.ok(apply(world, decide(world, step.who)))
    }
  }
}

test('DT-08 DV-10 DV-18 DT-13 DT-14 DT-15 F-05 F-06 no walk gives two grants, a token after a refusal, or loses an approval', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const world = createWorld()
      walk(world, taken)
      const { told, store } = world
      assert.ok(told.grants.length <= 1)
      assert.ok(told.approvedBy.length + told.denied <= 1, 'two people decided one request')
      if (told.denied + told.cancelled > 0) assert.deepEqual(told.grants, [])
      const [granted] = store.all('grant')
      if (granted !== undefined) assert.deepEqual([granted.accountId], told.approvedBy)
      assert.ok(told.wrong.size <= 3, 'more than three tries')
      if (told.wrong.size === 3) assert.equal(read(world).status, 'denied')

      // Whoever was told that the approval stands gets a token on the next poll, unless something final came after.
      const record = read(world)
      const owner = store.get('account', record.accountId ?? '')
      const usable = owner?.disabledAt === null
      const before = told.grants.length
      assert.ok(apply(world, decidePoll(world, record, 'right')))
      const stands = told.approvedBy.length === 1 && statusAt(record, world.now) === 'approved' && usable
      assert.equal(told.grants.length - before, stands ? 1 : 0)
      if (told.approvedBy.length === 1 && told.cancelled === 0 && world.now < record.expiresAt)
        assert.ok(told.grants.length === 1 || record.status === 'denied' || !usable, 'a lost approval')
      if (granted !== undefined && !usable) assert.ok(!isLive(granted, owner, world.now))
    }),
    { numRuns: 4000 },
  )
})

test('DT-08 fifty polls that all saw the approval make one grant', () => {
  const world = createWorld()
  apply(world, decide(world, 'approveMia'))
  const polls = Array.from({ length: 50 }, () => decide(world, 'pollA'))
  assert.equal(polls.filter((held) => apply(world, held)).length, 1)
  assert.equal(world.told.grants.length, 1)
})

test('DV-10 polls without manners cannot keep an approval from being stored', () => {
  const world = createWorld()
  world.previousPollAt = world.now
  // The page reads, somebody polls too early, the page writes: each such conflict raises the interval once.
  let conflicts = 0
  for (let round = 0; round < 30; round += 1) {
    const approval = decide(world, 'approveMia')
    apply(world, decide(world, 'pollA'))
    if (apply(world, approval)) break
    conflicts += 1
  }
  assert.equal(conflicts, 11, 'from 5 to the cap of 60 in steps of 5')
  assert.deepEqual(world.told.approvedBy, ['usr_mia'])
})

test('every kind of end is reached by the walks, so that none of them passes for want of events', () => {
  const ends = new Set<string>()
  fc.assert(
    fc.property(steps, (taken) => {
      const world = createWorld()
      walk(world, taken)
      const { deniedFor, returnCode } = read(world)
      const end = statusAt(read(world), world.now)
      ends.add(deniedFor ?? (returnCode && end === 'redeemed' ? 'redeemed from elsewhere' : end))
    }),
    { numRuns: 1500, seed: 8628 },
  )
  assert.deepEqual([...ends].sort(), [
    'approved',
    'cancelled',
    'denied',
    'expired',
    'pending',
    'redeemed',
    'redeemed from elsewhere',
    'return_code',
  ])
})
