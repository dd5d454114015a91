// Flows as their owner sees them: status, waiting for a change, cancel, and the browser's way back. A flow of anybody else does
// not exist: whoever only knows its number learns nothing and ends nothing (S3-7, CL-20).
// Not here: starting (start-flow.ts), what happens by itself (worker.ts).

import type { Broker, FlowView, Owner } from './broker.ts'
import { RequestError, StoreUnavailable } from './errors.ts'
import { type Flow, purgeAt, secondsLeft, shownState } from './flow.ts'
import type { FlowChanges } from './flow-changes.ts'
import { isState, openSecrets } from './flow-secrets.ts'
import type { Watch } from './flow-watch.ts'
import { heardOf, type Tokenless } from './hear.ts'
import { printableError } from './oauth-server.ts'
import { type Parts, reasonOf } from './parts.ts'
import type { Answer } from './provider.ts'
import { digest } from './seal.ts'
import { problemSentences, requestSentences } from './sentences.ts'
import type { StartFlow } from './start-flow.ts'
import type { Worker } from './worker.ts'

type Flows = Pick<Broker, 'start' | 'status' | 'changed' | 'cancel' | 'returned'>

interface Rooms {
  readonly changes: FlowChanges
  readonly watch: Watch
  readonly startFlow: StartFlow
  readonly worker: Worker
}

export function createFlows(parts: Parts, rooms: Rooms): Flows & { cancelOf(person: string): Promise<void> } {
  const { store, system } = parts
  const { changes, watch, startFlow, worker } = rooms

  /** As the provider began it; before that nobody can know its number. */
  async function own({ person, session }: Owner, id: string): Promise<Flow | undefined> {
    const flow = /^[0-9a-f]{32}$/.test(id) ? await store.flows.find(id) : undefined
    if (flow === undefined || flow.shown === null) return undefined
    if (flow.person !== person || flow.session !== digest(session)) return undefined
    const { flow: now } = await changes.apply(flow, { type: 'looked_at' })
    return (purgeAt(now) ?? Number.POSITIVE_INFINITY) <= system.now() ? undefined : now
  }

  async function status(owner: Owner, id: string): Promise<FlowView> {
    const flow = await own(owner, id)
    if (flow === undefined) throw new RequestError('flow_not_found', requestSentences.flow_not_found)
    return viewOf(flow, system.now())
  }

  async function changed(...[owner, id, seen, { seconds, signal }]: Parameters<Broker['changed']>) {
    const until = system.monotonic() + seconds
    for (;;) {
      // Waiting begins before looking: what changes in between ends the wait.
      const pause = new AbortController()
      const end = () => pause.abort()
      const woken = watch.next(id, pause.signal)
      const ends = [parts.closing, ...(signal === undefined ? [] : [signal])]
      for (const one of ends) one.addEventListener('abort', end, { once: true })
      try {
        const view = await status(owner, id)
        const left = until - system.monotonic()
        if (view.state !== seen || !(left > 0) || ends.some(({ aborted }) => aborted)) return view
        await Promise.race([woken, system.sleep(Math.min(lookSeconds, left), pause.signal)])
      } finally {
        end()
        for (const one of ends) one.removeEventListener('abort', end)
      }
    }
  }

  async function cancel(owner: Owner, id: string): Promise<FlowView | undefined> {
    const flow = await own(owner, id)
    if (flow === undefined) return undefined
    const { flow: after } = await changes.apply(flow, { type: 'cancelled' })
    // The answer came first, and its credential is on its way: said to be a success once it is there.
    if (after.delivery !== null) return changed(owner, id, 'pending', { seconds: deliverySeconds })
    return viewOf(after, system.now())
  }

  async function returned(owner: Owner, from: string, query: URLSearchParams): Promise<FlowView> {
    const [state, ...more] = query.getAll('state')
    const [id, secret, ...rest] = (state ?? '').split('.')
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const flow = await own(owner, id ?? '')
      const provider = parts.providers.get(flow?.provider ?? '')
      if (flow === undefined || provider?.returned === undefined)
        throw new RequestError('flow_not_found', requestSentences.flow_not_found)
      const secrets = openSecrets(parts.seal, flow)
      if (secrets === undefined) return viewOf(flow, system.now())
      // Without the secret half it is somebody else's link (RFC 9700 §4.7.1).
      if (secret === undefined || more.length + rest.length > 0 || !isState(secrets, secret))
        throw new RequestError('wrong_state', requestSentences.wrong_state)
      // At the place of another provider: a code must not be told to one that it is not from (RFC 9700 §4.4.2.2).
      if (provider.id !== from) throw new RequestError('wrong_state', requestSentences.wrong_state)
      // Reloaded: a code is never sent twice.
      if (secrets.returned) return viewOf(flow, system.now())
      const answer = readReturn(() => provider.returned?.(secrets.remembered, query))
      if (answer.type === 'problem') noteRefusal(flow, query)
      const event = heardOf(parts, flow, { ...secrets, returned: true }, answer)
      const decision = await changes.applyOnce(flow, event)
      worker.wake()
      if (decision !== undefined) return viewOf(decision.flow, system.now())
    }
    throw new StoreUnavailable(requestSentences.too_fast)
  }

  /** Only what moves the flow on: a provider that waits for the browser has nothing to be asked. */
  function readReturn(read: () => Answer | undefined): Tokenless {
    try {
      const answer = read()
      if (answer?.type === 'further' || answer?.type === 'denied' || answer?.type === 'expired') return answer
      if (answer?.type === 'problem') return answer
    } catch (error) {
      parts.log('warn', 'provider.failed', { reason: reasonOf(error) })
    }
    return { type: 'problem', problem: 'provider_answer' }
  }

  /** A browser brought it, so nothing of it is written down but words of RFC 6749 §4.1.2.1. */
  function noteRefusal({ id, provider }: Flow, query: URLSearchParams): void {
    const error = printableError(query.get('error'))
    parts.log('warn', 'flow.returned_refused', { flow: id, provider, error })
  }

  return {
    async start(owner, request) {
      const flow = await startFlow(owner, request)
      worker.wake()
      return viewOf(flow, system.now())
    },
    status,
    changed,
    cancel,
    returned,
    async cancelOf(person) {
      for (const flow of await store.flows.ofPerson(person))
        if (flow.state === 'pending') await changes.apply(flow, { type: 'cancelled' })
    },
  }
}

function viewOf(flow: Flow, now: number): FlowView {
  // `own` and `startFlow` let none through that the provider has not begun.
  if (flow.shown === null) throw new RequestError('flow_not_found', requestSentences.flow_not_found)
  return {
    id: flow.id,
    provider: flow.provider,
    state: shownState(flow),
    shown: flow.shown,
    expiresAt: flow.expiresAt,
    secondsLeft: secondsLeft(flow, now),
    intervalSeconds: flow.intervalSeconds,
    error: flow.problem === null ? undefined : problemSentences[flow.problem],
    returnTo: flow.returnTo ?? undefined,
  }
}

/** How soon the work of other processes is noticed. */
const lookSeconds = 1
/** How long a cancel that came too late waits for the credential to arrive. */
const deliverySeconds = 5
const mostAttempts = 20
