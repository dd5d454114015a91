// What all forms of the sign-in page have in common: what their proof is for, and what happens when it is out of date.
// The forms are in sign-in.ts and upstream-buttons.ts.

import { problemPage } from './problem.ts'
import { backToSignIn } from './sign-in-request.ts'
import type { Purpose, RespondToForm } from './visit.ts'

export const signInPurpose = (reference: string | undefined): string =>
  reference === undefined ? 'sign-in' : `sign-in ${reference}`

export const ofRequest: Purpose = (form) => signInPurpose(form.get('request'))

// Made before somebody signed in or out in another tab: with a request that waits, the page is shown anew.
export const outdated: RespondToForm = (visit, form) => {
  const reference = form.get('request')
  return reference === undefined ? problemPage(visit.services, 'forged') : backToSignIn(visit, reference)
}
