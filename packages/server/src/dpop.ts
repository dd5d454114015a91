// DPoP at this server (RFC 9449): the proof of a key beside a request, its nonce, and that it is used once.
// What makes a proof is dpop-proof.ts; what a token is bound to by it, issue-tokens.ts. Other resources check proofs with
// @countersign/resource.

import type { Client, Refusal, Write } from '@countersign/protocol'
import { checkProof, type Proof } from './dpop-proof.ts'
import type { Form } from './form.ts'
import type { PlainRequest, PlainResponse } from './http.ts'
import { digest, sameSecret } from './secrets.ts'
import type { Services } from './services.ts'
import { spendOnce, spentByAnyClock } from './spent.ts'

export type Proven =
  | {
      readonly ok: true
      /** The thumbprint of the key; null where there is no proof. */
      readonly jkt: string | null
      /** What the proof is remembered by; undefined where there is none. */
      readonly proof?: ProofUse
      /** The nonce for the next proof, where the one that came will soon be too old. */
      readonly nonce?: string | undefined
    }
  | { readonly ok: false; readonly refusal: Refusal }

/** One use of a proof, to be used up with what it brings. */
export interface ProofUse {
  readonly id: string
  /** Its last instant by our clock. */
  readonly endsAt: number
}

const none: Proven = { ok: true, jkt: null }

/**
 * The key that the request proves (RFC 9449 §4.3); none without a proof, where the client needs none. The same proof is refused
 * from now on by this node; by all nodes when what it brings is applied with `usesUp`. Before that nothing is written: anybody
 * can make proofs, as many as they like.
 */
export function readProof(services: Services, request: PlainRequest, client: Client): Proven {
  if (request.headers.dpop === undefined && client.requiresDpop)
    return { ok: false, refusal: { reason: 'dpop_proof_missing' } }
  return readOfferedProof(services, request)
}

/** The same where nothing is issued yet, and a proof is an offer: what is bound to a key early can be stolen by nobody later. */
export function readOfferedProof(services: Services, request: PlainRequest): Proven {
  const text = request.headers.dpop
  return text === undefined ? none : proven(services, request, text)
}

function proven(services: Services, request: PlainRequest, text: string): Proven {
  const proof = checkProof(text, proofFor(services, request))
  if (typeof proof === 'string') return refused({ reason: 'dpop_proof_invalid', why: proof })
  const age = services.config.dpopNonces ? nonceAge(services, 'server', proof.nonce) : 'young'
  if (age === undefined) return refused({ reason: 'dpop_nonce_needed' })
  const use = useOf(services, request, proof)
  if (services.seenProofs.get(use.id)) return refused(seenBefore)
  services.seenProofs.set(use.id, true)
  const nonce = age === 'old' ? dpopNonce(services, 'server') : undefined
  return { ok: true, jkt: proof.jkt, proof: use, nonce }
}

/** RFC 9449 §11.1. */
export const seenBefore: Refusal = { reason: 'dpop_proof_invalid', why: 'seen before' }

const refused = (refusal: Refusal): Proven => ({ ok: false, refusal })

/** What a proof beside this request must say of it. */
export function proofFor({ config, system }: Services, { method, path }: PlainRequest) {
  const url = config.issuer.replace(/\/$/, '') + path
  return { method, url, now: system.now(), mostSeconds: config.dpopProofSeconds }
}

function useOf(services: Services, { path }: PlainRequest, { jkt, jti, issuedAt }: Proof): ProofUse {
  const id = `dpop ${digest(JSON.stringify([path, jkt, jti]))}`
  return { id, endsAt: issuedAt + services.config.dpopProofSeconds }
}

/** The write that uses the proof up on all nodes; it conflicts where that has been done. */
export function usesUp(services: Services, { id, endsAt }: ProofUse): Write {
  return spentByAnyClock(services, id, endsAt)
}

/** Uses it up by itself, where what it brings was decided; false for one that was seen before, on any node. */
export async function spendProof(services: Services, proof: ProofUse | undefined): Promise<boolean> {
  return proof === undefined || spendOnce(services, proof.id, proof.endsAt)
}

/** The same for a proof beside an access token, which only the holder of both can make (RFC 9449 §7). */
export function spendShownProof(services: Services, request: PlainRequest, proof: Proof): Promise<boolean> {
  return spendProof(services, useOf(services, request, proof))
}

/** RFC 9449 §10.1: the key that `dpop_jkt` names for what is to be redeemed later; it must be that of a proof beside it. */
export function announcedKey(form: Pick<Form, 'get'>, proved: string | null): string | null | Refusal {
  const named = form.get('dpop_jkt') ?? null
  if (named !== null && !/^[A-Za-z0-9_-]{43}$/.test(named))
    return { reason: 'malformed_request', detail: 'value', parameter: 'dpop_jkt' }
  if (named !== null && proved !== null && named !== proved)
    return { reason: 'dpop_proof_invalid', why: 'dpop_jkt' }
  return proved ?? named
}

/** Nonces of the authorization server and of the resources on it are two things (RFC 9449 §9). */
type NonceFor = 'server' | 'resource'

const nonceSeconds = 180

/** The nonce of now (RFC 9449 §8): nobody can know it beforehand, every node makes the same, and nothing is kept. */
export function dpopNonce(services: Services, purpose: NonceFor): string {
  return nonceOf(services, purpose, Math.floor(services.system.now() / nonceSeconds))
}

/** Undefined for what is none of ours, or too old. */
export function nonceAge(
  services: Services,
  purpose: NonceFor,
  nonce: string | undefined,
): 'young' | 'old' | undefined {
  if (nonce === undefined) return undefined
  const turn = Math.floor(services.system.now() / nonceSeconds)
  if (sameSecret(nonce, nonceOf(services, purpose, turn))) return 'young'
  return sameSecret(nonce, nonceOf(services, purpose, turn - 1)) ? 'old' : undefined
}

function nonceOf({ secrets }: Services, purpose: NonceFor, turn: number): string {
  return secrets.mac(`dpop nonce ${purpose}`, String(turn))
}

/** The answer with a nonce for the next proof, where there is one to give (RFC 9449 §8.2); what carries one is never stored. */
export function withNonce(response: PlainResponse, nonce: string | undefined): PlainResponse {
  if (nonce === undefined) return response
  return {
    ...response,
    headers: { ...response.headers, 'cache-control': 'no-store', 'dpop-nonce': nonce },
  }
}
