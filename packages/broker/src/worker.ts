// What happens to flows by itself: whoever of the nodes claims a due flow asks its provider, and the answer becomes the flow's.
// One loop and one sleep per process, few questions at once to each provider, so that a slow one keeps nobody else's waiting, and
// nothing that is thrown gets lost or ends the loop.
// Not here: what an answer means (hear.ts), the vault (deliver.ts), the rules (flow.ts).

import type { Deliveries } from './deliver.ts'
import { claimSeconds, type Flow } from './flow.ts'
import type { FlowChanges } from './flow-changes.ts'
import { openSecrets } from './flow-secrets.ts'
import type { Hear } from './hear.ts'
import { type Parts, reasonOf } from './parts.ts'
import type { Answer } from './provider.ts'

export interface Worker {
  /** Something may be due earlier than it was. */
  wake(): void
  /** Resolves when the broker is closing and nothing is in flight any more. */
  readonly ended: Promise<void>
}

export function startWorker(parts: Parts, changes: FlowChanges, deliveries: Deliveries, hear: Hear): Worker {
  const { store, system, closing } = parts
  const busy = new Map<string, Promise<void>>()
  /** Of those, how many are about each provider. */
  const asking = new Map<string, number>()
  let pausing = new AbortController()
  let sweepAt = 0
  const wake = () => pausing.abort()
  closing.addEventListener('abort', wake, { once: true })

  async function run(): Promise<void> {
    while (!closing.aborted) {
      // Made before looking: what wakes while it looks ends the pause after it.
      pausing = new AbortController()
      const seconds = await look().catch((error: unknown) => {
        parts.log('warn', 'flows.store_failed', { reason: reasonOf(error) })
        return troubleSeconds
      })
      if (!closing.aborted) await system.sleep(seconds, pausing.signal)
    }
    await Promise.all(busy.values())
  }

  /** Takes up what is due; for how long nothing will be. */
  async function look(): Promise<number> {
    const now = system.now()
    if (sweepAt <= now) {
      await store.sweep(now)
      sweepAt = now + sweepSeconds
    }
    // Again where some were left out because their provider has enough to do: others may be behind them.
    for (let taken = 1; taken > 0 && !closing.aborted; )
      taken = takeUp(await store.flows.due(now, mostAtOnce + busy.size, full()))
    const next = (await store.flows.nextDue(full())) ?? Number.POSITIVE_INFINITY
    // Others' flows matter only when their process has died; ours wake us.
    return Math.min(Math.max(next - system.now(), leastSeconds), lookSeconds)
  }

  function takeUp(due: readonly Flow[]): number {
    const before = busy.size
    for (const flow of due) if (!busy.has(flow.id) && about(flow) < mostAtOnce) take(flow)
    return busy.size - before
  }

  const about = ({ provider }: Flow): number => asking.get(provider) ?? 0

  const full = (): readonly string[] =>
    [...asking].flatMap(([provider, count]) => (count < mostAtOnce ? [] : [provider]))

  function take(flow: Flow): void {
    asking.set(flow.provider, about(flow) + 1)
    const work = step(flow)
      .catch((error: unknown) => {
        parts.log('warn', 'flow.not_asked', { flow: flow.id, reason: reasonOf(error) })
      })
      .then(() => {
        busy.delete(flow.id)
        const left = about(flow) - 1
        if (left === 0) asking.delete(flow.provider)
        else asking.set(flow.provider, left)
        wake()
      })
    busy.set(flow.id, work)
  }

  async function step(due: Flow): Promise<void> {
    const claim = await changes.applyOnce(due, { type: 'claimed', seconds: claimSeconds })
    if (claim === undefined) return
    const { flow } = claim
    if (flow.delivery !== null) return deliveries.deliver(flow)
    if (flow.state !== 'pending') return
    const provider = parts.providers.get(flow.provider)
    const secrets = openSecrets(parts.seal, flow)
    // Turned off meanwhile; or begun under another key, and what it needs cannot be read.
    if (provider === undefined) return hear.ended(flow, 'provider_refused')
    if (secrets === undefined) return hear.ended(flow, 'answer_lost')
    const answer = await parts
      .ask(provider, (context) => provider.poll(context, secrets.remembered))
      .catch((): Answer => ({ type: 'trouble' }))
    return hear.answer(flow, secrets, provider, answer)
  }

  return { wake, ended: run() }
}

/** Questions to one provider. */
const mostAtOnce = 32
const lookSeconds = 5
/** Due, and being taken up: never looked at without a pause. */
const leastSeconds = 0.1
const troubleSeconds = 2
const sweepSeconds = 60
