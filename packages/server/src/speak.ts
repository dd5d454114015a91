// Outcomes as HTTP: the one place where a refusal becomes a status, a body and headers (RFC 6749 §5.2).
// What each refusal is called is protocol/refusal.ts; pages say theirs in pages/problem.ts.

import { type Refusal, speakRefusal, type WireError } from '@countersign/protocol'
import { dpopNonce } from './dpop.ts'
import { comeBack, json, type PlainRequest, type PlainResponse } from './http.ts'
import type { Services } from './services.ts'

export function oauthError(
  { status, error, description }: WireError,
  headers: PlainResponse['headers'] = {},
): PlainResponse {
  // RFC 9110 §15.5.2: a 401 carries a challenge; Basic, because that is how a client can authenticate (standards.md X-14).
  const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="countersign"' } : {}
  return json(status, { error, error_description: description }, { ...challenge, ...headers })
}

/** Refusals that may be somebody guessing: each counts against the caller's network. */
const suspicious = new Set<Refusal['reason']>([
  'client_authentication_failed',
  'device_code_unknown',
  'device_code_foreign',
  'refresh_token_unknown',
  'refresh_token_foreign',
  'code_unknown',
  'code_foreign',
])

/** Refusals that an operator wants to hear of by themselves. */
const notable = new Set<Refusal['reason']>([
  'refresh_token_reused',
  'device_code_used',
  'device_code_reported',
  'token_foreign',
  'code_reused',
  // Somebody has what a key was to protect.
  'dpop_key_mismatch',
  // What is wrong with a proof is told nowhere else.
  'dpop_proof_invalid',
  // Its maker and its user have to find out why; the client hears only that it was refused.
  'assertion_invalid',
  'subject_token_invalid',
])

export async function refuse(
  services: Services,
  request: PlainRequest,
  refusal: Refusal,
): Promise<PlainResponse> {
  if (notable.has(refusal.reason) || suspicious.has(refusal.reason)) {
    services.log.warn('refused', { ...refusal, path: request.path, address: request.address })
  }
  const braked = suspicious.has(refusal.reason)
    ? await services.throttle.invalid.note(request.address)
    : undefined
  if (braked) return comeBack(429, braked.retryAfterSeconds)
  // RFC 9449 §8: the client asks again at once with what is in this header.
  const headers =
    refusal.reason === 'dpop_nonce_needed' ? { 'dpop-nonce': dpopNonce(services, 'server') } : {}
  return oauthError(speakRefusal(refusal), headers)
}
