// The one way in which a stored flow changes: the rule decides (flow.ts), the store takes the new record only in place of the
// one that was seen, and where somebody was faster the rule decides again on what is there now.
// Not here: what leads to the event (start-flow.ts, flows.ts, worker.ts), the credential's way into the vault (deliver.ts).

import { StoreUnavailable } from './errors.ts'
import { type Decision, decide, type Flow, type FlowEvent } from './flow.ts'
import { openSecrets } from './flow-secrets.ts'
import type { Watch } from './flow-watch.ts'
import type { Parts } from './parts.ts'
import type { Provider, Remembered } from './provider.ts'

export interface FlowChanges {
  /** The stored flow after the event. `late`: it was over before, and what the event brought must not be used. */
  apply(flow: Flow, event: FlowEvent): Promise<Decision>
  /** The same, but undefined, and nothing written, where it is another record by now. */
  applyOnce(flow: Flow, event: FlowEvent): Promise<Decision | undefined>
  /** Tells the provider, in the background, that nobody waits any more. */
  abandon(provider: Provider | undefined, remembered: Remembered): void
}

export function createFlowChanges(parts: Parts, watch: Watch): FlowChanges {
  const { store, system } = parts

  async function applyOnce(flow: Flow, event: FlowEvent): Promise<Decision | undefined> {
    const decision = decide(flow, event, system.now())
    if (decision.flow === flow) return decision
    if (!(await store.flows.put(decision.flow))) return undefined
    if (flow.state === 'pending' && decision.flow.state !== 'pending') ended(flow, decision.flow)
    watch.changed(flow.id)
    return decision
  }

  async function apply(flow: Flow, event: FlowEvent): Promise<Decision> {
    let seen = flow
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const decision = await applyOnce(seen, event)
      if (decision !== undefined) return decision
      const stored = await store.flows.find(flow.id)
      if (stored === undefined) return { flow: seen, late: true }
      // An earlier attempt was written although its answer was lost: once more would undo what came after it.
      if (isWritten(stored, event)) return { flow: stored, late: false }
      seen = stored
    }
    throw new StoreUnavailable('A flow changes faster than it can be written.')
  }

  /** A cancel or the end of its time: the code would stay usable at the provider (S3-9). */
  function ended(before: Flow, after: Flow): void {
    if (after.state !== 'cancelled' && after.state !== 'expired') return
    const secrets = openSecrets(parts.seal, before)
    if (secrets !== undefined) abandon(parts.providers.get(before.provider), secrets.remembered)
  }

  function abandon(provider: Provider | undefined, remembered: Remembered): void {
    if (provider?.abandon === undefined) return
    parts.background('flow.not_abandoned', () =>
      parts.ask(provider, async (context) => provider.abandon?.(context, remembered)),
    )
  }

  return { apply, applyOnce, abandon }
}

/** Sealed texts differ each time, so the same text is the same write. */
function isWritten(stored: Flow, event: FlowEvent): boolean {
  if (event.type === 'answered') return stored.delivery === event.delivery
  return event.type === 'further' && stored.secrets === event.secrets
}

/** Each lost attempt is somebody else's change; a flow has few of them. */
const mostAttempts = 20
