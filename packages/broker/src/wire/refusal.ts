// What an error of the broker becomes on the wire: a status and a fixed sentence. What was thrown and is none of the broker's own
// errors says nothing to the browser; the host hears of it (handler.ts).
// Sentences that the handler says by itself are beside their conditions.

import { RequestError, StartError, StoreUnavailable, TokenError, VaultError } from '../errors.ts'
import { Refusal } from './answer.ts'
import type { Dialect, Named } from './payload.ts'

/** In seconds; where nobody says better. */
const usualRetry = 5
const fault = 'Something went wrong here. Please try again.'

export interface Spoken {
  readonly dialect: Dialect
  readonly providers: readonly Named[]
}

export function refusalOf(error: unknown, spoken: Spoken): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof RequestError) return ofRequest(error, spoken)
  if (error instanceof StartError)
    return error.code === 'provider_unavailable'
      ? unavailable(error.message, error.retryAfterSeconds)
      : new Refusal(502, error.message)
  if (error instanceof TokenError) return unavailable(error.message, error.retryAfterSeconds)
  if (error instanceof VaultError || error instanceof StoreUnavailable) return unavailable(error.message)
  return new Refusal(500, fault)
}

/** The same where a flow could not be started; system S3 has sentences of its own for it. */
export function startRefusal(error: unknown, spoken: Spoken, provider: string): Refusal {
  if (spoken.dialect !== 'hermes' || error instanceof Refusal || error instanceof RequestError)
    return refusalOf(error, spoken)
  if (error instanceof StartError && error.code === 'missing_fields')
    return new Refusal(500, 'Device code response missing required fields')
  const named = spoken.providers.find(({ id }) => id === provider)
  const name = named === undefined || named.id === 'openai-codex' ? 'Codex' : named.name
  return new Refusal(500, `Failed to start ${name} OAuth: ${refusalOf(error, spoken).message}`)
}

function ofRequest({ code, message }: RequestError, { dialect, providers }: Spoken): Refusal {
  switch (code) {
    case 'invalid_request':
      return new Refusal(400, message)
    case 'unknown_provider':
      return new Refusal(400, dialect === 'hermes' ? onlyText(providers) : message)
    case 'flow_not_found':
      // S3 turned a KeyError into text, and its front end shows what it gets: the quotes belong to the form.
      return new Refusal(404, dialect === 'hermes' ? "'OAuth flow not found'" : 'OAuth flow not found')
    case 'connection_not_found':
      return new Refusal(404, message)
    case 'wrong_state':
      return new Refusal(409, message)
    case 'not_entitled':
      return new Refusal(403, message)
  }
}

/** Two generations of S3: before and after it learned the second provider. */
function onlyText(providers: readonly Named[]): string {
  const both = providers.some(({ id }) => id === 'anthropic')
  const named = both ? 'OpenAI Codex and Anthropic/Claude OAuth are' : 'OpenAI Codex OAuth is'
  return `Only ${named} supported in WebUI onboarding right now`
}

function unavailable(text: string, seconds: number = usualRetry): Refusal {
  return new Refusal(503, text, { 'Retry-After': String(Math.max(1, Math.ceil(seconds))) })
}
