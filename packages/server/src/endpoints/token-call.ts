// What the token endpoint hands to the file of a grant: the form was read and the client authenticated and allowed
// to use the grant (token.ts did that).

import type { Client, Refusal } from '@countersign/protocol'
import type { Form } from '../form.ts'
import type { PlainRequest, PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'

export interface TokenCall {
  readonly request: PlainRequest
  readonly form: Form
  readonly client: Client
  /** The thumbprint of the key that the caller proved to hold (RFC 9449 §5); null where it sent no proof. */
  readonly jkt: string | null
}

export type GrantEndpoint = (services: Services, call: TokenCall) => Promise<PlainResponse>

/** A decision that writes nothing, in the form of those of the rules. */
export function refused(refusal: Refusal) {
  return { outcome: 'refused', refusal, writes: [] } as const
}
