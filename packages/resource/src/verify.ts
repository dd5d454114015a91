// Whether a request may pass: its credentials read, the token judged, the key proven, the requirements met. Always a
// typed result; what goes wrong on the way to the authorization server closes access and is a result, too.
// Not here: how a refusal is answered (challenge.ts).

import { type Presented, type RequestLike, readCredentials } from './credentials.ts'
import { UnavailableError } from './errors.ts'
import type { Identity } from './identity.ts'
import { createIntrospection } from './introspection.ts'
import { createIssuer } from './issuer.ts'
import { type Judged, judgeJwt, looksLikeJwt } from './jwt-token.ts'
import { createNonces } from './nonces.ts'
import { judgeProof, type Proof } from './proof.ts'
import type { Refusal, Refused, Scheme } from './refusal.ts'
import { createReplayMemory } from './replays.ts'
import type { Requirements } from './requirements.ts'
import type { Settings } from './settings.ts'
import { unmet } from './unmet.ts'

export type Verified = {
  readonly ok: true
  readonly identity: Identity
  /** The nonce for the next proof, where the one it had grows old; goes into the answer as `DPoP-Nonce`. */
  readonly nonce: string | undefined
}

export type Verification = Verified | Refused

export type Verify = (request: RequestLike, requirements?: Requirements) => Promise<Verification>

export type Verifier = {
  readonly verify: Verify
  /** A token that came another way than in a request of HTTP; one that is bound to a key is refused. */
  readonly verifyToken: (token: string, requirements?: Requirements) => Promise<Verification>
}

type Passed = { readonly identity: Identity; readonly nonceIsOld: boolean } | { readonly refusal: Refusal }

export function createVerifier(settings: Settings): Verifier {
  const { dpop, system } = settings
  const judgeToken = createJudge(settings)
  const nonces = dpop.nonces === undefined ? undefined : createNonces(dpop.nonces, system)
  const replays = dpop.replays ?? createReplayMemory(dpop.ageSeconds + dpop.aheadSeconds, system)

  const judgeBinding = async (
    identity: Identity,
    { scheme, token, proof }: Presented,
    request: RequestLike,
  ): Promise<Proof> => {
    const jkt = identity.keyThumbprint
    if (scheme === 'Bearer') {
      // RFC 9449 §7.2: a stolen token that needs a proof must not get by without it.
      if (jkt !== undefined) return { refusal: { reason: 'token_bound' } }
      return dpop.use === 'required' ? { refusal: { reason: 'token_unbound' } } : { nonceIsOld: false }
    }
    if (jkt === undefined) return { refusal: { reason: 'token_unbound' } }
    const url = publicUrlOf(request, settings)
    return judgeProof(
      { method: request.method, url, token, proof, jkt },
      { dpop, nonces, replays, now: system.now() },
    )
  }
  const judge = async (
    presented: Presented,
    request: RequestLike,
    required: Requirements,
  ): Promise<Passed> => {
    const judged = await judgeToken(presented.token)
    if ('refusal' in judged) return judged
    const { identity } = judged
    const proof = await judgeBinding(identity, presented, request)
    if ('refusal' in proof) return proof
    const refusal = unmet(identity, required, system.now())
    return refusal === undefined ? { identity, nonceIsOld: proof.nonceIsOld } : { refusal }
  }
  const verify: Verify = async (request, requirements = {}) => {
    const read = readCredentials(request, dpop.use)
    const passed = 'refusal' in read ? read : await closedOnFailure(() => judge(read, request, requirements))
    const current = await nonces?.current()
    if ('identity' in passed)
      return { ok: true, identity: passed.identity, nonce: passed.nonceIsOld ? current : undefined }
    const scheme: Scheme | undefined = read.scheme
    const nonce = scheme === 'DPoP' ? current : undefined
    const refused: Refused = { ok: false, refusal: passed.refusal, scheme, requirements, nonce }
    settings.onRefused(refused)
    return refused
  }
  return {
    verify,
    verifyToken: (token, requirements) => verify(bearerRequest(token, settings.resource), requirements),
  }
}

function createJudge(settings: Settings): (token: string) => Promise<Judged> {
  const issuers = settings.issuers.map((options) => createIssuer(options, settings.system))
  const byName = new Map(issuers.map((issuer) => [issuer.name, issuer]))
  const [only] = issuers
  const introspect =
    settings.introspection === undefined || only === undefined
      ? undefined
      : createIntrospection(only, settings.introspection, settings)
  return async (token) => {
    if (introspect !== undefined && (settings.mode === 'introspection' || !looksLikeJwt(token)))
      return introspect(token)
    return judgeJwt(token, byName, settings)
  }
}

/** Where the client sent it: the path that arrived, below the configured address. Never the Host header (RFC 9700 §4.13). */
function publicUrlOf({ url }: RequestLike, { publicUrl }: Settings): string | undefined {
  const asked = URL.parse(url, publicUrl)
  return asked === null ? undefined : publicUrl + asked.pathname
}

async function closedOnFailure(judge: () => Promise<Passed>): Promise<Passed> {
  try {
    return await judge()
  } catch (cause) {
    const error =
      cause instanceof UnavailableError
        ? cause
        : new UnavailableError('memory', 'tokens cannot be checked', cause)
    return { refusal: { reason: 'unavailable', error } }
  }
}

function bearerRequest(token: string, url: string): RequestLike {
  return {
    method: 'GET',
    url,
    headers: { get: (name) => (name === 'authorization' ? `Bearer ${token}` : null) },
  }
}
