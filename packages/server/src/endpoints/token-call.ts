// What the token endpoint hands to the file of a grant: the form was read and the client authenticated and allowed
// to use the grant (token.ts did that).

import type { Client, Refusal, Write } from '@countersign/protocol'
import { type ProofUse, seenBefore, usesUp } from '../dpop.ts'
import type { Form } from '../form.ts'
import type { PlainRequest, PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'
import { decideAndApply } from '../store/store.ts'

export interface TokenCall {
  readonly request: PlainRequest
  readonly form: Form
  readonly client: Client
  /** The thumbprint of the key that the caller proved to hold (RFC 9449 §5); null where it sent no proof. */
  readonly jkt: string | null
  readonly proof: ProofUse | undefined
}

export type GrantEndpoint = (services: Services, call: TokenCall) => Promise<PlainResponse>

/** A decision that writes nothing, in the form of those of the rules. */
export function refused(refusal: Refusal) {
  return { outcome: 'refused', refusal, writes: [] } as const
}

/**
 * The loop of a grant: what is given, and the proof that it was given for, are one step, so that a proof brings something once and
 * is stored only when it does. Whoever sends one that another node has seen hears that, however the decision would be.
 */
export function decideCall<D extends { readonly writes: readonly Write[] }>(
  services: Services,
  { proof }: TokenCall,
  decide: () => Promise<D>,
) {
  if (proof === undefined) return decideAndApply<D | Refused>(services.store, decide)
  return decideAndApply<D | Refused>(services.store, async () => {
    const [seen, decision] = await Promise.all([services.store.read('spent', proof.id), decide()])
    if (seen !== undefined) return refused(seenBefore)
    if (!('response' in decision)) return decision
    return { ...decision, writes: [...decision.writes, usesUp(services, proof)] }
  })
}

type Refused = ReturnType<typeof refused>
