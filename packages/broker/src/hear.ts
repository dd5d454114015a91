// What an answer of the provider comes to. Tokens become part of the flow's record, sealed, in the same write that makes it a
// success: that write is the decision between them and a cancel or the end of its time. Tokens that came too late are revoked.
// Not here: asking (worker.ts), the vault (deliver.ts).

import type { Delivered, Deliveries } from './deliver.ts'
import { type Decision, type Flow, type FlowEvent, type FlowProblem, type Heard, interval } from './flow.ts'
import type { FlowChanges } from './flow-changes.ts'
import { type FlowSecrets, sealSecrets } from './flow-secrets.ts'
import { type Parts, reasonOf } from './parts.ts'
import type { Answer, Provider } from './provider.ts'

export interface Hear {
  answer(flow: Flow, secrets: FlowSecrets, provider: Provider, answer: Answer): Promise<void>
  ended(flow: Flow, problem: FlowProblem): Promise<void>
}

export type Tokenless = Exclude<Answer, { type: 'tokens' }>

export function createHear(parts: Parts, changes: FlowChanges, deliveries: Deliveries): Hear {
  const { system, closing } = parts

  async function tokens(flow: Flow, provider: Provider, delivered: Delivered): Promise<void> {
    const delivery = parts.seal.seal('delivery', flow.id, JSON.stringify(delivered))
    const decision = await patiently(flow, { type: 'answered', delivery })
    // The store is gone and so are we: whether it was written, nobody here can know.
    if (decision === undefined) return
    if (decision.flow.delivery === delivery) return deliveries.deliver(decision.flow)
    // Written at an attempt that seemed to fail, and delivered by another node since.
    if (decision.flow.state === 'success') return
    revoke(flow, provider, delivered)
  }

  /**
   * What was heard once is not heard again, so it is written however long the store fails; the rule decides at each attempt, so
   * the end of the flow's time is not put off. When the broker closes, few attempts are left.
   */
  async function patiently(flow: Flow, event: FlowEvent): Promise<Decision | undefined> {
    for (let failures = 0; ; failures++) {
      try {
        return await changes.apply(flow, event)
      } catch (error) {
        parts.log('warn', 'flow.not_written', { flow: flow.id, reason: reasonOf(error) })
        if (closing.aborted && failures >= lastAttempts) return undefined
        // Closing does not end this sleep: it would be no pause between the last attempts.
        await system.sleep(Math.min(0.1 * 2 ** failures, 5))
      }
    }
  }

  function revoke(flow: Flow, provider: Provider, { tokens }: Delivered): void {
    parts.background('flow.late_not_revoked', async () => {
      const ask = () => parts.ask(provider, async (context) => provider.revoke?.(context, tokens) ?? false)
      let revoked = await ask().catch(() => false)
      if (!revoked && provider.revoke !== undefined) {
        await system.sleep(retrySeconds, closing)
        revoked = await ask()
      }
      parts.log(revoked ? 'info' : 'warn', 'flow.late_answer', { flow: flow.id, revoked })
    })
  }

  return {
    async answer(flow, secrets, provider, answer) {
      if (answer.type !== 'tokens') {
        const event = heardOf(parts, flow, secrets, answer)
        // Another node may be asking by now: only what is decisive counts then.
        if (isPassing(event)) await changes.applyOnce(flow, event)
        else await patiently(flow, event)
        return
      }
      const { account } = answer
      if (secrets.account === null || secrets.account === account?.id)
        return tokens(flow, provider, { tokens: answer.tokens, account })
      // Whose tokens these are must be known where they take the place of others.
      const problem = account === null ? 'provider_answer' : 'other_account'
      await patiently(flow, { type: 'problem', problem })
      revoke(flow, provider, answer)
    },
    async ended(flow, problem) {
      await patiently(flow, { type: 'problem', problem })
    },
  }
}

/** The same for what a browser brought back (flows.ts). */
export function heardOf(parts: Parts, flow: Flow, secrets: FlowSecrets, answer: Tokenless): Heard {
  switch (answer.type) {
    case 'pending':
    case 'slow_down':
      return answer.interval === undefined
        ? { type: answer.type }
        : { type: answer.type, interval: interval(answer.interval, flow.intervalSeconds) }
    case 'trouble': {
      const seconds = answer.retryAfterSeconds
      return Number.isFinite(seconds) ? answer : { type: 'trouble' }
    }
    case 'further': {
      const { remembered } = answer
      return { type: 'further', secrets: sealSecrets(parts.seal, flow.id, { ...secrets, remembered }) }
    }
    default:
      return answer
  }
}

function isPassing({ type }: Heard): boolean {
  return type === 'pending' || type === 'slow_down' || type === 'trouble'
}

const lastAttempts = 3
const retrySeconds = 2
