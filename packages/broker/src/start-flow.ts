// Starting: one unfinished flow per person and provider, however many ask at once. The slot in the store is claimed before the
// provider is asked, so that of many starts in many processes one asks it, and the others wait for what came of that.
// Not here: what a request must be like (wanted-flow.ts), what happens to the flow then (flows.ts, worker.ts).

import { isSecure } from '@countersign/client/http'
import type { Owner, StartRequest } from './broker.ts'
import { RequestError, StartError } from './errors.ts'
import { type Flow, type FlowProblem, interval, lifetime, type Shown, slotOf } from './flow.ts'
import type { FlowChanges } from './flow-changes.ts'
import { sealSecrets } from './flow-secrets.ts'
import { inTurn } from './in-turn.ts'
import type { Parts } from './parts.ts'
import type { Begun, Provider } from './provider.ts'
import { digest } from './seal.ts'
import { problemSentences, requestSentences, startSentences } from './sentences.ts'
import { isSame, newFlow, readWanted, type Wanted, whatOf } from './wanted-flow.ts'

/** Resolves to a flow that the provider has begun. */
export type StartFlow = (owner: Owner, request: StartRequest) => Promise<Flow>

export function createStartFlow(parts: Parts, changes: FlowChanges): StartFlow {
  const { store, system } = parts
  const turns = inTurn<Flow>()

  return async (owner, request) => {
    const wanted = await readWanted(parts, owner, request)
    const slot = slotOf({ state: 'pending', person: owner.person, provider: wanted.provider.id }) ?? ''
    return turns(slot, whatOf(wanted), () => start(wanted, slot))
  }

  async function start(wanted: Wanted, slot: string): Promise<Flow> {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const there = await store.flows.inSlot(slot)
      if (there === undefined) {
        const flow = await claimSlot(wanted)
        if (flow !== undefined) return begin(wanted, flow)
        continue
      }
      const settled = (await changes.apply(await whenBegun(there), { type: 'looked_at' })).flow
      const same = isSame(settled, wanted)
      if (same && settled.state === 'pending') return settled
      if (same && settled.problem !== null && settled.shown === null) throw notStarted(settled.problem)
      if (settled.state === 'pending') await changes.apply(settled, { type: 'cancelled' })
    }
    throw new StartError('provider_unavailable', startSentences.provider_unavailable)
  }

  /** Another process is asking the provider just now; if it dies meanwhile, its flow expires with its claim. */
  async function whenBegun(there: Flow): Promise<Flow> {
    let flow = there
    while (flow.state === 'pending' && flow.shown === null && flow.expiresAt > system.now()) {
      if (parts.closing.aborted)
        throw new StartError('provider_unavailable', startSentences.provider_unavailable)
      await system.sleep(lookSeconds, parts.closing)
      flow = (await store.flows.find(flow.id)) ?? { ...flow, state: 'expired' }
    }
    return flow
  }

  async function claimSlot(wanted: Wanted): Promise<Flow | undefined> {
    if ((await store.flows.ofPerson(wanted.owner.person)).length >= mostKept)
      throw new StartError('provider_unavailable', startSentences.too_many, 60)
    const flow = newFlow(wanted, system)
    return (await store.flows.put(flow)) ? flow : undefined
  }

  async function begin({ provider, scopes, renewed }: Wanted, flow: Flow): Promise<Flow> {
    const secret = Buffer.from(system.randomBytes(32)).toString('base64url')
    const asked = { scopes, redirectUri: redirectUriOf(parts, provider), state: `${flow.id}.${secret}` }
    const begun = await parts
      .ask(provider, (context) => provider.begin(context, asked))
      .then(showable)
      .catch((): Begun => ({ type: 'trouble' }))
    if (begun.type !== 'begun') {
      const problem = problemOf(begun)
      await changes.apply(flow, { type: 'problem', problem })
      throw notStarted(begun.type === 'problem' ? begun.problem : problem, begun)
    }
    const secrets = {
      remembered: begun.remembered,
      stateDigest: digest(secret),
      returned: false,
      account: renewed?.account?.id ?? null,
    }
    const decision = await changes
      .apply(flow, {
        type: 'begun',
        shown: begun.shown,
        secrets: sealSecrets(parts.seal, flow.id, secrets),
        interval: interval(begun.interval),
        lifetime: lifetime(begun.lifetime),
      })
      .catch((error: unknown) => {
        changes.abandon(provider, begun.remembered)
        throw error
      })
    if (!decision.late) return decision.flow
    changes.abandon(provider, begun.remembered)
    throw new RequestError('wrong_state', requestSentences.cancelled_meanwhile)
  }
}

/** Each provider has its own, so that an answer which names no issuer is known by where it arrives (RFC 9700 §4.4.2.2). */
function redirectUriOf({ options }: Parts, { id }: Provider): string {
  return `${options.redirectUri ?? ''}/${id}`
}

/** What a provider sends goes into a link: one that runs a script, or shows the code to the network, is no answer. */
function showable(begun: Begun): Begun {
  if (begun.type !== 'begun') return begun
  const isSafe = linksOf(begun.shown).every((link) => URL.canParse(link) && isSecure(new URL(link)))
  return isSafe ? begun : { type: 'problem', problem: 'provider_answer' }
}

function linksOf(shown: Shown): readonly string[] {
  if (shown.kind === 'action') return []
  if (shown.kind === 'redirect') return [shown.authorizationUrl]
  const complete = shown.verificationUriComplete
  return complete === null ? [shown.verificationUri] : [shown.verificationUri, complete]
}

function problemOf(begun: Exclude<Begun, { type: 'begun' }>): FlowProblem {
  if (begun.type === 'trouble') return 'provider_unavailable'
  return begun.problem === 'missing_fields' ? 'provider_answer' : begun.problem
}

function notStarted(problem: FlowProblem | 'missing_fields', begun?: Begun): StartError {
  if (problem === 'missing_fields') return new StartError(problem, startSentences.missing_fields)
  const seconds = begun?.type === 'trouble' ? begun.retryAfterSeconds : undefined
  const code = problem === 'provider_unavailable' ? problem : 'provider_refused'
  return new StartError(code, problemSentences[problem], seconds)
}

const lookSeconds = 0.1
/** Each attempt that fails is another start that was faster. */
const mostAttempts = 20
/** Flows of one person that the store keeps, finished ones of the last five minutes included. */
const mostKept = 60
