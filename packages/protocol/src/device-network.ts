// What Allow leads to where the device asks from another network than that of the approving browser (RFC 10027 §6.1.1): nothing
// more, a second deliberate step, the return code, or a refusal. Pure: which network an address is in, and which were remembered,
// is the server's to say; what a return code is, return-code.ts.

import type { Client } from './records.ts'

export type NetworkPolicy = NonNullable<Client['deviceNetworkPolicy']>

export type NetworkStep =
  | 'none'
  /** From elsewhere, but this account has proved before that it signs this client in from there. */
  | 'known'
  | NetworkPolicy

export interface NetworkQuestion {
  readonly elsewhere: boolean
  readonly remembered: boolean
  /** The program said that it can take a return code. */
  readonly announced: boolean
  /** What the client's record says, and what holds for clients whose record says nothing. */
  readonly ofClient: NetworkPolicy | null | undefined
  readonly usual: NetworkPolicy
  /** In place of the return code, for programs that cannot take one. */
  readonly fallback: 'confirm' | 'refuse'
}

export function networkStep(asked: NetworkQuestion): NetworkStep {
  const { elsewhere, remembered, announced, ofClient, usual, fallback } = asked
  if (!elsewhere) return 'none'
  const policy = ofClient ?? usual
  if (policy !== 'return-code') return policy
  if (remembered) return 'known'
  if (announced) return 'return-code'
  // Who phishes with a client's public id announces what suits him. Where the record itself says that the program takes return
  // codes, silence is therefore no reason for less.
  return ofClient === 'return-code' ? 'refuse' : fallback
}
