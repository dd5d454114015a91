// A word from one page to the next ("Your password was changed."): its name rides in a cookie for one page view, so no address
// ever carries a message, and nobody can write one of their own.

import type { Services } from '../services.ts'
import { type Note, text } from './messages.ts'
import { cookie, readCookie, type Visit } from './visit.ts'

export function leaveNote(services: Services, note: Note): string {
  return cookie(services, 'note', note, 60)
}

/** The sentence that was left, and the Set-Cookie value that takes it away. */
export function takeNote({
  services,
  request,
}: Visit): { readonly says: string; readonly cookie: string } | undefined {
  const note = readCookie(services, request, 'note')
  if (note === undefined || !Object.hasOwn(text.account.notes, note)) return undefined
  return { says: text.account.notes[note as Note], cookie: cookie(services, 'note', '', 0) }
}
