// Every sentence of the broker that a person may read about connecting: fixed, whatever a provider sent or a program threw
// (system S3 showed exception texts). What happened, then what to do. Not here: the evidence, which goes to the log.

import type { FlowProblem, FlowState } from './flow.ts'

/** Why a flow ended in `error`. */
export const problemSentences: Readonly<Record<FlowProblem, string>> = {
  provider_refused:
    'The provider refused this application. Tell whoever runs it; trying again will not help.',
  provider_unavailable: 'The provider could not be reached. Try again in a minute.',
  provider_answer:
    'The provider answered something unexpected. Start again; if it stays so, tell whoever runs this application.',
  answer_lost: 'The answer of the provider was lost on its way. Start again.',
  other_account:
    'You signed in with another account than the one to be renewed. Start again and choose that account.',
}

/** How a flow stands, where a page has no words of its own. */
export const stateSentences: Readonly<Record<FlowState, string>> = {
  pending: 'Waiting for you to approve this at the provider.',
  success: 'Connected.',
  denied: 'It was not allowed at the provider. Nothing was connected.',
  expired: 'Time ran out before it was approved. Start again for a new code.',
  cancelled: 'Cancelled. Nothing was connected.',
  error: 'It could not be connected. Start again.',
}

/** Why a flow could not be started. */
export const startSentences = {
  provider_unavailable: problemSentences.provider_unavailable,
  provider_refused: problemSentences.provider_refused,
  missing_fields:
    'The provider left something out of its answer. If it stays so, tell whoever runs this application.',
  too_many: 'Too many were started in a short time. Wait a few minutes, then try again.',
} as const

/** What was asked for cannot be done. */
export const requestSentences = {
  flow_not_found: 'There is nothing being connected under this number here. It may be over; start again.',
  connection_not_found: 'There is no such connection. It may have been disconnected.',
  wrong_state:
    'The browser came back from somewhere else than it was sent. Start again from this application.',
  too_fast: 'Too much happens at once. Try again.',
  cancelled_meanwhile: 'It was cancelled while it was being started.',
  label: 'A label has at least one visible character.',
  minValidity: 'The least time that a token is good for is a number of seconds, 0 or more.',
  scopes: 'A scope is a word of printable characters without spaces, and there are at most 50.',
  returnTo: 'The way back is a path of this application that begins with one slash.',
} as const

/** What stands between a credential and its place. */
export const vaultSentences = {
  otherKey: 'A connection on its way was sealed under another key.',
  tooFast: 'A connection changes faster than it can be written.',
  notDelivered: 'A new connection could not be stored yet. Try again in a minute.',
} as const

/** Why there is no token; `name` is the provider's. */
export const tokenSentences = {
  not_connected: (name: string) => `No account at ${name} is connected.`,
  connect_again: (name: string) => `The connection to ${name} does not work any more. Connect it again.`,
  more_scopes: (name: string) =>
    `The connection to ${name} does not allow this. Connect it again and allow more.`,
  try_later: (name: string) => `${name} cannot be asked for a new token just now. Try again later.`,
} as const

export function unknownProvider(known: readonly string[]): string {
  const those = known.length === 0 ? 'None is.' : `These are: ${known.join(', ')}.`
  return `This provider is not on. ${those}`
}
