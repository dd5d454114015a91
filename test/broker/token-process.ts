// One process of an application that asks its broker for tokens: opens the store, says so, and does what it is told by messages.
// It can be made to stand still at one point of a renewal, where whoever started it kills it. Started by token-processes.ts.

import {
  type BrokerStore,
  createBroker,
  deviceProvider,
  type Provider,
  postgresStore,
  sqliteStore,
} from '@countersign/broker'
import { system } from '@countersign/client/system'

export interface TokenJob {
  readonly choice: { readonly path: string } | { readonly url: string }
  readonly key: string
  readonly issuer: string
  readonly clientId: string
  /** Where it stands still, for ever; `marked`: until SIGCONT, as if it had been stopped for `stoppedFor` seconds. */
  readonly stopAt?: 'before sending' | 'marked' | 'before storing' | 'after storing'
  readonly stoppedFor?: number
  readonly refreshGraceSeconds?: number
}

export type Said =
  | { readonly type: 'ready' | 'stopped' }
  | { readonly type: 'token'; readonly accessToken: string }
  | { readonly type: 'failed'; readonly code: string }

export interface Order {
  /** Whose token it asks for. */
  readonly ask?: string
  /** By how much its clock is ahead: as if it had waited so long. */
  readonly ahead?: number
}

const job = JSON.parse(process.argv[2] ?? '') as TokenJob
let ahead = 0
// Two connections each: fifty processes together stay far below what the server takes.
const opened = await ('path' in job.choice
  ? sqliteStore(job.choice)
  : postgresStore({ ...job.choice, connections: 2, timeoutMilliseconds: 60_000 }))
const { issuer, clientId, refreshGraceSeconds } = job
const broker = createBroker({
  providers: [stopping(deviceProvider({ id: 'corp', issuer, clientId, refreshGraceSeconds }))],
  store: stoppingStore(opened),
  key: Buffer.from(job.key, 'base64url'),
  system: { ...system, now: () => system.now() + ahead },
})
process.on('message', (order: Order) => {
  ahead = order.ahead ?? ahead
  if (order.ask !== undefined) void ask(order.ask)
})
process.once('disconnect', async () => {
  await broker.close()
  await opened.close()
})
say({ type: 'ready' })

async function ask(person: string): Promise<void> {
  try {
    const { accessToken } = await broker.token(person, 'corp')
    say({ type: 'token', accessToken })
  } catch (error) {
    say({
      type: 'failed',
      code: error instanceof Error && 'code' in error ? String(error.code) : String(error),
    })
  }
}

function stopping(provider: Provider): Provider {
  return {
    ...provider,
    async refresh(context, tokens) {
      const renewed = await provider.refresh(context, tokens)
      if (job.stopAt === 'before storing') await stop()
      return renewed
    },
  }
}

function stoppingStore(store: BrokerStore): BrokerStore {
  const { leases, connections } = store
  return {
    ...store,
    leases: {
      ...leases,
      async put(lease) {
        if (job.stopAt === 'before sending' && lease.sent !== null) await stop()
        const written = await leases.put(lease)
        if (job.stopAt === 'marked' && lease.sent !== null && ahead === 0) await suspend()
        return written
      },
    },
    connections: {
      ...connections,
      async put(connection) {
        const stored = await connections.put(connection)
        if (job.stopAt === 'after storing') await stop()
        return stored
      },
    },
  }
}

function stop(): Promise<never> {
  say({ type: 'stopped' })
  return new Promise(() => {})
}

/** As ^Z does: nothing of this process runs until it is continued. */
async function suspend(): Promise<void> {
  await new Promise<void>((sent) => process.send?.({ type: 'stopped' }, undefined, undefined, () => sent()))
  ahead = job.stoppedFor ?? 0
  process.kill(process.pid, 'SIGSTOP')
}

function say(said: Said): void {
  process.send?.(said)
}
