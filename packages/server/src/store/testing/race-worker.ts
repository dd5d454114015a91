// One process of a race: opens the store that it is told, says so, waits for the start, does its job through the rules of
// the protocol, and says in lines of JSON what was acknowledged. Started by races.ts. Not for production.

import { createInterface } from 'node:readline'
import {
  type Account,
  type DeviceAuthorization,
  deviceAuthorization,
  refreshToken,
} from '@countersign/protocol'
import { openStore } from '../open-store.ts'
import { decideAndApply, type Store } from '../store.ts'
import { decision, now, sample } from './samples.ts'
import type { Job } from './workers.ts'

const job = JSON.parse(process.argv[2] ?? '') as Job
let named = 0
const store = await openStore(job.choice)
say({ ready: true })
await new Promise<void>((resolve) => createInterface(process.stdin).once('line', () => resolve()))
await run()
await store.close()
process.exit(0)

async function run(): Promise<void> {
  const times = Array.from({ length: job.times })
  const verb = job.do
  switch (verb) {
    case 'redeem':
      return void (await Promise.all(times.map(async () => say({ redeemed: await redeem(store, job.id) }))))
    case 'refresh':
      return void (await Promise.all(times.map(async () => say({ successor: await refresh(store, job.id) }))))
    case 'approve':
    case 'deny':
      return void (await Promise.all(
        times.map(async () => say({ decided: await decide(store, job.id, verb) })),
      ))
    case 'poll':
      for (const _ of times) say({ interval: await poll(store, job.id) })
      return
    case 'insert':
      return void (await Promise.all(times.map(async () => say({ inserted: await insert(store, job.id) }))))
    case 'update':
      for (const _ of times) await increment(store, job.id)
      return
    case 'sign in for ever':
      for (;;) await signIn(store)
  }
}

/** A name that no other worker of the race makes. */
function ownName(): string {
  return `${job.id} ${process.pid} ${++named}`
}

function say(line: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

/** The id of the grant, or undefined when somebody else had it. */
async function redeem(from: Store, id: string): Promise<string | undefined> {
  const result = await decideAndApply(from, async () => {
    const found = await from.readWithAccount('deviceAuthorization', id)
    const event = { clientId: 'client-1', jkt: null, now: now + 20, previousPollAt: undefined }
    const polled = deviceAuthorization.poll(found?.record, event)
    if (polled.outcome !== 'approved') return { outcome: 'lost' as const, writes: [] }
    return deviceAuthorization.redeem(
      polled.record,
      {
        account: found?.account,
        now: now + 20,
        refresh: { idleSeconds: 1000 },
        jkt: null,
        absoluteSeconds: 10_000,
      },
      { grantId: ownName(), refreshHash: `first of ${id}` },
    )
  })
  return result.applied && result.decision.outcome === 'granted' ? result.decision.grant.id : undefined
}

/** What follows the token, whoever of those who refresh was first. */
async function refresh(from: Store, grantId: string): Promise<string> {
  const result = await decideAndApply(from, async () => {
    const found = await from.readWithAccount('grant', grantId)
    return refreshToken.rotate(found?.record, {
      presented: { hash: 'refresh-token-1', generation: 1 },
      clientId: 'client-1',
      jkt: null,
      account: found?.account,
      now: now + 30,
      graceSeconds: 30,
      idleSeconds: 1000,
      successorHash: 'refresh-token-2',
    })
  })
  if (!result.applied) return 'contended'
  const { decision } = result
  if (decision.outcome === 'refused') return decision.refusal.reason
  return decision.grant.refresh?.hash ?? 'none'
}

/** Whether this decision was the one that counts. Asked again while pollers are quicker, as a person would be. */
async function decide(from: Store, id: string, verb: 'approve' | 'deny'): Promise<string | undefined> {
  for (;;) {
    const result = await decideAndApply(from, async () => {
      const record = (await from.read('deviceAuthorization', id)) as DeviceAuthorization
      const account = (await from.read('account', 'usr_ada')) as Account
      return verb === 'approve'
        ? deviceAuthorization.approve(record, decision, account)
        : deviceAuthorization.deny(record, decision)
    })
    if (result.applied) return result.decision.outcome === 'decided' ? verb : undefined
  }
}

/** The interval that the poller was told, or undefined when its write was lost. */
async function poll(from: Store, id: string): Promise<number | undefined> {
  const result = await decideAndApply(from, async () => {
    const event = { clientId: 'client-1', jkt: null, now: now + 20, previousPollAt: now + 20 }
    return deviceAuthorization.poll(await from.read('deviceAuthorization', id), event)
  })
  return result.applied && result.decision.outcome === 'slow_down'
    ? result.decision.record.interval
    : undefined
}

async function insert(from: Store, email: string): Promise<boolean> {
  const record = sample('account', { id: `usr_${ownName()}`, email })
  return (await from.apply([{ op: 'insert', kind: 'account', record }])) === 'applied'
}

async function increment(from: Store, id: string): Promise<void> {
  for (;;) {
    const record = await from.read('attempts', id)
    if (record === undefined) throw new Error('the counter is gone')
    const next = { ...record, count: record.count + 1 }
    if ((await from.apply([{ op: 'update', kind: 'attempts', record: next }])) === 'applied') return
  }
}

/** Start, approve, redeem, each acknowledged as soon as the store has acknowledged it. */
async function signIn(from: Store): Promise<void> {
  const id = ownName()
  const record = sample('deviceAuthorization', { id })
  await from.apply([{ op: 'insert', kind: 'deviceAuthorization', record }])
  say({ id, status: 'pending' })
  await decide(from, id, 'approve')
  say({ id, status: 'approved' })
  say({ id, status: 'redeemed', grantId: await redeem(from, id) })
}
