// Answers to requests that are not let in: status, `WWW-Authenticate` in the forms of RFC 6750 §3, RFC 9449 §7.1,
// RFC 9470 §3 and RFC 9728 §5.1, and a JSON body. Pure. Not here: why a request is refused (verify.ts).

import { type Refused, type Scheme, type Wire, wireOf } from './refusal.ts'
import type { Requirements } from './requirements.ts'

export type Answer = {
  readonly status: number
  /** A name may be there more than once: one `WWW-Authenticate` per challenge. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export type Offer = {
  readonly metadataUrl: string
  readonly dpop: 'accepted' | 'required' | 'off'
  readonly dpopAlgorithms: readonly string[]
}

export function challenge(refused: Refused, offer: Offer): Answer {
  const wire = wireOf(refused.refusal)
  const comeBack = wire.status === 503 || wire.status === 429
  const challenges = comeBack ? [] : schemesOf(offer).map((scheme) => write(scheme, refused, wire, offer))
  const body = { error: wire.error ?? bodyError(wire), error_description: wire.description }
  return {
    status: wire.status,
    headers: [
      ...challenges.map((value) => ['WWW-Authenticate', value] as const),
      ...(comeBack ? [['Retry-After', RETRY_AFTER_SECONDS] as const] : []),
      ...nonceHeaders(refused.nonce),
      exposedHeaders,
      ['Cache-Control', 'no-store'],
      ['Content-Type', 'application/json'],
    ],
    body: JSON.stringify(body),
  }
}

/** For scripts in browsers, where the application lets them call it at all (RFC 9449 §7.1, §8). */
export const exposedHeaders = ['Access-Control-Expose-Headers', 'WWW-Authenticate, DPoP-Nonce'] as const

/** RFC 9449 §8.2: a nonce makes the answer that carries it uncacheable. */
export function nonceHeaders(nonce: string | undefined): readonly (readonly [string, string])[] {
  return nonce === undefined ? [] : [['DPoP-Nonce', nonce]]
}

// Bearer first: there are clients that read the first challenge only.
function schemesOf({ dpop }: Offer): readonly Scheme[] {
  if (dpop === 'off') return ['Bearer']
  return dpop === 'required' ? ['DPoP'] : ['Bearer', 'DPoP']
}

function write(scheme: Scheme, refused: Refused, wire: Wire, offer: Offer): string {
  const { requirements } = refused
  const named = namesError(scheme, refused, offer) ? wire.error : undefined
  const parameters: Record<string, string | undefined> = {
    error: named,
    error_description: named === undefined ? undefined : wire.description,
    algs: scheme === 'DPoP' ? offer.dpopAlgorithms.join(' ') : undefined,
    scope: wire.status === 400 ? undefined : requirements.scopes?.join(' ') || undefined,
    ...(wire.error === 'insufficient_user_authentication' ? stepUp(requirements) : {}),
    resource_metadata: wire.status === 400 ? undefined : offer.metadataUrl,
  }
  return `${scheme} ${Object.entries(parameters)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}="${value}"`)
    .join(', ')}`
}

/** RFC 9449 §7.2: the details stand at the scheme that was used, at both when both were, or none could be told. */
function namesError(scheme: Scheme, { scheme: used, refusal }: Refused, { dpop }: Offer): boolean {
  if (refusal.reason === 'credentials_malformed' || refusal.reason === 'credentials_repeated') return true
  return used === undefined || used === scheme || dpop === 'required'
}

function stepUp({ acrValues, maxAge }: Requirements): Record<string, string | undefined> {
  return { acr_values: acrValues?.join(' ') || undefined, max_age: maxAge?.toString() }
}

function bodyError({ status }: Wire): string {
  if (status === 429) return 'too_many_requests'
  return status === 503 ? 'temporarily_unavailable' : 'unauthorized'
}

const RETRY_AFTER_SECONDS = '5'
