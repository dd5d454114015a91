// A word from one page to the next ("Your password was changed."): its name rides in a cookie for one page view, so no address
// ever carries a message, and nobody can write one of their own. What went wrong at a provider travels the same way.

import type { Services } from '../services.ts'
import { type Note, text, type Fault as UpstreamFault } from './messages.ts'
import { cookie, readCookie, type Visit } from './visit.ts'

/** Something went wrong at a provider. */
export type Fault = `fault-${UpstreamFault | keyof typeof text.connections.faults}`

export function leaveNote(services: Services, note: Note | Fault): string {
  return cookie(services, 'note', note, 60)
}

export interface TakenNote {
  readonly kind: 'good' | 'bad'
  readonly says: string
  /** The Set-Cookie value that takes it away. */
  readonly cookie: string
}

/** The sentence that was left. */
export function takeNote({ services, request }: Visit): TakenNote | undefined {
  const note = readCookie(services, request, 'note') ?? ''
  const fault = note.replace(/^fault-/, '')
  const [kind, says] =
    fault === note ? (['good', of(text.account.notes, note)] as const) : (['bad', of(faults, fault)] as const)
  return says === undefined ? undefined : { kind, says, cookie: cookie(services, 'note', '', 0) }
}

const faults = { ...text.upstream.faults, ...text.connections.faults }

function of(sentences: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(sentences, name) ? sentences[name] : undefined
}
