// The status of a flow as server-sent events: what it is at once, then every change, and the end of the stream after the last.
// A pull per event, so a reader that stops reading costs nothing; how many streams one person has is counted here too.
// Asking instead of listening is `poll` (handler.ts).

import type { System } from '@countersign/client/system'
import type { Broker, FlowView, Owner } from '../broker.ts'
import type { FlowState } from '../flow.ts'
import { guarded, type Payload, Refusal } from './answer.ts'

/** Shorter than the 60 s after which proxies usually end a silent connection. */
const keepAliveSeconds = 15
/** How soon a browser that lost the stream comes back, in milliseconds. */
const comeBackMs = 3000

export interface Streams {
  /** Throws RequestError for a flow of anybody else. */
  open(owner: Owner, flowId: string, request: Request): Promise<Response>
}

export interface StreamOptions {
  /** How many of one person at once. */
  readonly limit: number
  readonly system: Pick<System, 'monotonic'>
  readonly payload: (view: FlowView) => Payload
}

export function createStreams(
  broker: Pick<Broker, 'status' | 'changed'>,
  { limit, system, payload }: StreamOptions,
): Streams {
  const open = new Map<string, number>()
  const count = (person: string, change: number) => {
    const now = (open.get(person) ?? 0) + change
    if (now > 0) open.set(person, now)
    else open.delete(person)
  }
  return {
    async open(owner, flowId, request) {
      const first = await broker.status(owner, flowId)
      // An EventSource comes back whenever a stream ends, also after the last event; 204 is how it is told not to (HTML §9.2).
      if (first.state !== 'pending' && request.headers.get('last-event-id') === first.state)
        return new Response(null, { status: 204, headers: guarded })
      if ((open.get(owner.person) ?? 0) >= limit)
        throw new Refusal(429, 'Too many pages wait at once; ask now and then instead', {
          'Retry-After': '5',
        })
      count(owner.person, 1)
      const stream = statusStream(broker, { owner, first, system, payload }, request.signal, () =>
        count(owner.person, -1),
      )
      const headers = {
        ...guarded,
        'Content-Type': 'text/event-stream; charset=utf-8',
        'X-Accel-Buffering': 'no',
      }
      return new Response(stream, { headers })
    },
  }
}

interface Followed {
  readonly owner: Owner
  readonly first: FlowView
  readonly system: Pick<System, 'monotonic'>
  readonly payload: (view: FlowView) => Payload
}

function statusStream(
  broker: Pick<Broker, 'changed'>,
  { owner, first, system, payload }: Followed,
  gone: AbortSignal,
  ended: () => void,
): ReadableStream<Uint8Array> {
  const stop = new AbortController()
  const signal = AbortSignal.any([gone, stop.signal])
  let seen: FlowState | undefined
  let over = false
  const end = () => {
    if (!over) ended()
    over = true
  }
  // Whoever went away before reading anything is nobody's pull.
  signal.addEventListener('abort', end, { once: true })
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const view = seen === undefined ? first : await next(seen)
      if (view !== undefined && !signal.aborted) controller.enqueue(bytes(said(view)))
      if (view !== undefined && view.state === 'pending' && !signal.aborted) return
      end()
      controller.close()
    },
    cancel() {
      stop.abort()
    },
  })

  /** Undefined when there is nothing to follow here any more: forgotten, the store away, or the broker closing, which ends every
   * wait early. The browser comes back and is told, by whoever is there then. */
  async function next(state: FlowState): Promise<FlowView | undefined> {
    try {
      const until = system.monotonic() + keepAliveSeconds - 1
      const view = await broker.changed(owner, first.id, state, { seconds: keepAliveSeconds, signal })
      return view.state === state && system.monotonic() < until ? undefined : view
    } catch {
      return undefined
    }
  }

  function said(view: FlowView): string {
    if (view.state === seen) return ': still waiting\n\n'
    const opening = seen === undefined ? `retry: ${comeBackMs}\n` : ''
    seen = view.state
    return `${opening}event: status\nid: ${view.state}\ndata: ${JSON.stringify(payload(view))}\n\n`
  }
}

const bytes = (text: string) => new TextEncoder().encode(text)
