// The states of one flow: a person connects one account at one provider. Pure: a record and an event give the next record and
// what became of the event. Nothing leaves a final state, so a cancel or an expiry that came first wins over any answer.
// Not here: who asks the provider and when (worker.ts), where a credential goes in the end (deliver.ts).

/** RFC 8628 §3.5 and §3.3 have names for most of them; `cancelled` is the person's, `error` everything else. */
export type FlowState = 'pending' | 'success' | 'denied' | 'expired' | 'cancelled' | 'error'

/** Why a flow ended in `error`; each has one fixed sentence for people (sentences.ts). */
export type FlowProblem =
  /** The provider refused to begin, or knows this application no longer. */
  | 'provider_refused'
  /** The provider could not be reached to begin, or whoever asked it died. */
  | 'provider_unavailable'
  /** The provider answered something that is not what the protocol says. */
  | 'provider_answer'
  /** A code was spent and the answer was lost; only connecting again helps. */
  | 'answer_lost'
  /** The provider says that the account is another one than the connection to be renewed. */
  | 'other_account'

/** All that a page may see of how to go on; no secret is among it. */
export type Shown =
  | {
      readonly kind: 'code'
      readonly userCode: string
      readonly verificationUri: string
      readonly verificationUriComplete: string | null
    }
  /** The browser goes there and comes back (RFC 6749 §4.1). */
  | { readonly kind: 'redirect'; readonly authorizationUrl: string }
  /** Something is to be done on the machine of the application itself, in words. */
  | { readonly kind: 'action'; readonly actionRequired: string }

export interface Flow {
  /** 32 hexadecimal digits; not a secret: it counts only with the session that started it. */
  readonly id: string
  readonly version: number
  readonly provider: string
  readonly person: string
  /** SHA-256 of the session that started it; nobody else may look at it or end it. */
  readonly session: string
  /** Where the credential goes, settled when the flow starts and never looked up again (vault.ts). */
  readonly place: string
  /** The connection it makes, or renews. */
  readonly connectionId: string
  readonly renews: boolean
  readonly label: string | null
  readonly scopes: readonly string[]
  /** Where the browser goes after a redirect; a path of the application. */
  readonly returnTo: string | null
  readonly state: FlowState
  readonly problem: FlowProblem | null
  /** Null until the provider has answered the start. */
  readonly shown: Shown | null
  /** What the provider wants to see again, sealed; null in every final state. */
  readonly secrets: string | null
  /** The credential of a success on its way to the vault, sealed; null once it is there. */
  readonly delivery: string | null
  /** Seconds since the epoch, with a fraction. */
  readonly createdAt: number
  readonly updatedAt: number
  readonly expiresAt: number
  /** When somebody may take it up next: the next poll, or the end of the claim of whoever works on it now. Null: nothing to do. */
  readonly dueAt: number | null
  readonly intervalSeconds: number
  /** Answers in a row that were none. */
  readonly troubles: number
}

/** What asking the provider came to. Tokens themselves never come here: `delivery` is sealed already. */
export type Heard =
  | { readonly type: 'pending'; readonly interval?: number | undefined }
  | { readonly type: 'slow_down'; readonly interval?: number | undefined }
  /** Network, 429, 5xx or a web page: nothing is lost, asked again later. */
  | { readonly type: 'trouble'; readonly retryAfterSeconds?: number | undefined }
  /** One step further, with other things to remember; the next step is due at once. */
  | { readonly type: 'further'; readonly secrets: string }
  | { readonly type: 'denied' }
  | { readonly type: 'expired' }
  | { readonly type: 'problem'; readonly problem: FlowProblem }
  | { readonly type: 'answered'; readonly delivery: string }

export type FlowEvent =
  | Heard
  | {
      readonly type: 'begun'
      readonly shown: Shown
      readonly secrets: string
      readonly interval: number
      readonly lifetime: number
    }
  | { readonly type: 'claimed'; readonly seconds: number }
  | { readonly type: 'delivered' }
  | { readonly type: 'cancelled' }
  | { readonly type: 'looked_at' }

export interface Decision {
  /** To be written where its version is another than before. */
  readonly flow: Flow
  /** The flow was over before: whatever the event brought must not be used. */
  readonly late: boolean
}

/** How long a flow belongs to whoever works on it: longer than any call to a provider (parts.ts). */
export const claimSeconds = 30
/** How long a finished flow keeps its answer, in seconds. */
export const keptSeconds = 300
/** The longest and the shortest that a person may take, in seconds (systems.md 3.2). */
const lifetimeBounds = { least: 60, most: 900, usual: 900 } as const
export const intervalBounds = { least: 3, most: 60, usual: 5 } as const
/** RFC 8628 §3.5: "the interval MUST be increased by 5 seconds". */
const slowDownSeconds = 5

export function decide(flow: Flow, event: FlowEvent, now: number): Decision {
  if (flow.delivery !== null) return delivering(flow, event, now)
  if (flow.state !== 'pending') return { flow, late: true }
  // First of all, whatever came: past the end nothing else can happen, however long an answer was on its way.
  if (now >= flow.expiresAt) return { flow: ended(flow, 'expired', now), late: true }
  return { flow: after(flow, event, now), late: false }
}

function after(flow: Flow, event: FlowEvent, now: number): Flow {
  switch (event.type) {
    case 'looked_at':
    case 'delivered':
      return flow
    case 'claimed':
      return next(flow, { dueAt: now + event.seconds })
    case 'cancelled':
      return ended(flow, 'cancelled', now)
    case 'begun':
      return begun(flow, event, now)
    case 'denied':
    case 'expired':
      return ended(flow, event.type, now)
    case 'problem':
      return { ...ended(flow, 'error', now), problem: event.problem }
    case 'answered':
      // Not over yet for who looks: the credential is on its way (shownState). Whoever heard it delivers it too.
      return { ...ended(flow, 'success', now), delivery: event.delivery, dueAt: now + claimSeconds }
    case 'further':
      return next(flow, { secrets: event.secrets, dueAt: now, troubles: 0, updatedAt: now })
    case 'pending':
      return asked(flow, event.interval, flow.intervalSeconds, now)
    case 'slow_down':
      return asked(flow, event.interval, flow.intervalSeconds + slowDownSeconds, now)
    case 'trouble':
      return troubled(flow, event.retryAfterSeconds, now)
  }
}

/** A success whose credential is on its way: nothing but its arrival matters any more. */
function delivering(flow: Flow, event: FlowEvent, now: number): Decision {
  if (event.type === 'claimed') return { flow: next(flow, { dueAt: now + event.seconds }), late: false }
  if (event.type !== 'delivered') return { flow, late: true }
  return { flow: next(flow, { delivery: null, dueAt: null, updatedAt: now }), late: false }
}

/** What the page is told. A success whose credential is not in the vault yet is still pending. */
export function shownState(flow: Flow): FlowState {
  return flow.delivery === null ? flow.state : 'pending'
}

/** Whole seconds until the end, never below 0. */
export function secondsLeft(flow: Flow, now: number): number {
  return Math.max(0, Math.ceil(flow.expiresAt - now))
}

/** When the record may be forgotten: a finished flow keeps its answer, an unfinished one must be found to be expired first. */
export function purgeAt(flow: Flow): number | null {
  return flow.state === 'pending' || flow.delivery !== null ? null : flow.updatedAt + keptSeconds
}

/** One unfinished flow per person and provider. */
export function slotOf(flow: Pick<Flow, 'state' | 'person' | 'provider'>): string | null {
  return flow.state === 'pending' ? JSON.stringify([flow.person, flow.provider]) : null
}

/** Anything that a provider may send for an interval (`5`, `"5"`, `"5s"`, nothing) within bounds. */
export function interval(sent: unknown, otherwise: number = intervalBounds.usual): number {
  const seconds = typeof sent === 'string' ? Number.parseFloat(sent) : sent
  const known = typeof seconds === 'number' && Number.isFinite(seconds) && seconds > 0 ? seconds : otherwise
  return Math.min(Math.max(known, intervalBounds.least), intervalBounds.most)
}

/** The same for a lifetime; never shorter or longer than a person may take. */
export function lifetime(sent: unknown): number {
  const seconds = typeof sent === 'string' ? Number.parseFloat(sent) : sent
  const known = typeof seconds === 'number' && Number.isFinite(seconds) ? seconds : lifetimeBounds.usual
  return Math.min(Math.max(known, lifetimeBounds.least), lifetimeBounds.most)
}

function begun(flow: Flow, event: Extract<FlowEvent, { type: 'begun' }>, now: number): Flow {
  const waits = event.shown.kind === 'redirect'
  return next(flow, {
    shown: event.shown,
    secrets: event.secrets,
    intervalSeconds: interval(event.interval),
    expiresAt: now + lifetime(event.lifetime),
    // Nothing is asked before the browser is back, except whether time is up.
    dueAt: now + (waits ? lifetime(event.lifetime) : interval(event.interval)),
    updatedAt: now,
  })
}

/** Never sooner than `least`: what `slow_down` added stays (RFC 8628 §3.5), beyond any bound. */
function asked(flow: Flow, sent: number | undefined, least: number, now: number): Flow {
  const seconds = Math.max(interval(sent, least), least)
  return next(flow, { intervalSeconds: seconds, dueAt: Math.min(now + seconds, flow.expiresAt), troubles: 0 })
}

/** RFC 8628 §3.5 asks for slower polls after a timeout; twice as slow each time, or as the provider says. */
function troubled(flow: Flow, retryAfterSeconds: number | undefined, now: number): Flow {
  const { intervalSeconds: usual, troubles } = flow
  const doubled = Math.min(usual * 2 ** Math.min(troubles + 1, 5), intervalBounds.most)
  const told = retryAfterSeconds !== undefined && retryAfterSeconds >= 0
  const wait = Math.max(told ? retryAfterSeconds : doubled, usual)
  return next(flow, { dueAt: Math.min(now + wait, flow.expiresAt), troubles: troubles + 1 })
}

function ended(flow: Flow, state: Exclude<FlowState, 'pending'>, now: number): Flow {
  return next(flow, { state, secrets: null, dueAt: null, updatedAt: now })
}

function next(flow: Flow, changes: Partial<Flow>): Flow {
  return { ...flow, ...changes, version: flow.version + 1 }
}
