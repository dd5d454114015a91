// Asking the authorization server whether a token counts (RFC 7662), as an authenticated client of it, with answers
// remembered for moments. Whatever is not a clear yes keeps access closed. Not here: JWTs read by ourselves
// (jwt-token.ts), key binding (proof.ts).

import type { JsonObject } from '@countersign/protocol'
import { sha256 } from './digest.ts'
import { UnavailableError } from './errors.ts'
import { fetchJson } from './http.ts'
import { audienceOf } from './identity.ts'
import type { Issuer } from './issuer.ts'
import { identified, type Judged, untimely } from './jwt-token.ts'
import type { IntrospectionOptions, Settings } from './settings.ts'

export type Introspection = (token: string) => Promise<Judged>

type Remembered = { readonly answer: JsonObject; readonly until: number }

export function createIntrospection(
  issuer: Issuer,
  caller: Required<IntrospectionOptions>,
  settings: Settings,
): Introspection {
  const { system } = settings
  const known = new Map<string, Remembered>()
  const asking = new Map<string, Promise<JsonObject>>()

  const ask = async (token: string, name: string): Promise<JsonObject> => {
    const answer = await introspect(token, issuer, caller, settings)
    const until = Math.min(system.now() + lifetimeOf(answer, caller), endOf(answer))
    if (until > system.now()) {
      forgetOldest(known)
      known.set(name, { answer, until })
    }
    return answer
  }
  const answerFor = async (token: string): Promise<JsonObject> => {
    // Under its digest, so that a dump of the memory holds no tokens.
    const name = await sha256(token)
    const remembered = known.get(name)
    if (remembered !== undefined && system.now() < remembered.until) return remembered.answer
    known.delete(name)
    const pending = asking.get(name) ?? ask(token, name).finally(() => asking.delete(name))
    asking.set(name, pending)
    return pending
  }
  return async (token) => judge(await answerFor(token), issuer, settings)
}

async function introspect(
  token: string,
  issuer: Issuer,
  caller: Required<IntrospectionOptions>,
  { system }: Settings,
): Promise<JsonObject> {
  const endpoint = await issuer.introspectionEndpoint()
  if (endpoint === undefined) throw new UnavailableError('malformed', `${issuer.name} does not introspect`)
  const body = new URLSearchParams({ token, token_type_hint: 'access_token' })
  const headers: Record<string, string> = { accept: 'application/json' }
  if (caller.method === 'client_secret_basic') headers.authorization = basicCredentials(caller)
  else {
    body.set('client_id', caller.clientId)
    body.set('client_secret', caller.clientSecret)
  }
  const { json } = await fetchJson(system, endpoint, { method: 'POST', headers, body })
  if (typeof json.active !== 'boolean')
    throw new UnavailableError('malformed', `${issuer.name} did not say whether the token is active`)
  return json
}

/** The answer is checked like a token: the server may know it and still not mean us (RFC 7662 §4). */
function judge(answer: JsonObject, issuer: Issuer, settings: Settings): Judged {
  if (answer.active !== true) return { refusal: { reason: 'token_inactive' } }
  // RFC 7662 calls a refresh token active as well; some servers say which kind it is.
  if (answer.token_type !== undefined && !/^(bearer|dpop)$/i.test(String(answer.token_type)))
    return { refusal: { reason: 'token_type_wrong', typ: String(answer.token_type) } }
  if (answer.iss !== undefined && answer.iss !== issuer.name)
    return { refusal: { reason: 'issuer_unknown', issuer: String(answer.iss) } }
  const audience = audienceOf(answer)
  if (!audience.some((one) => settings.audiences.includes(one)))
    return { refusal: { reason: 'audience_wrong', audience } }
  return untimely(answer, settings) ?? identified(withSubject(answer), issuer.name, settings)
}

/** RFC 7662 §2.2 leaves `sub` out where there is no resource owner; then the client is the subject. */
function withSubject(answer: JsonObject): JsonObject {
  return answer.sub === undefined ? { ...answer, sub: answer.client_id } : answer
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined. */
function basicCredentials({ clientId, clientSecret }: IntrospectionOptions): string {
  const encoded = [clientId, clientSecret].map((text) =>
    new URLSearchParams({ '': text }).toString().slice(1),
  )
  return `Basic ${btoa(encoded.join(':'))}`
}

/** RFC 7662 §4: a yes for as long as configured, a no only briefly: the token may be about to exist elsewhere. */
function lifetimeOf(answer: JsonObject, { cacheSeconds }: Required<IntrospectionOptions>): number {
  return answer.active === true ? cacheSeconds : Math.min(cacheSeconds, NEGATIVE_SECONDS)
}

function endOf({ exp }: JsonObject): number {
  return typeof exp === 'number' ? exp : Number.POSITIVE_INFINITY
}

function forgetOldest(known: Map<string, Remembered>): void {
  if (known.size < MAX_ANSWERS) return
  const [oldest] = known.keys()
  if (oldest !== undefined) known.delete(oldest)
}

const NEGATIVE_SECONDS = 5
const MAX_ANSWERS = 10_000
