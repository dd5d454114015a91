// What a flow remembers for its next question to the provider, sealed into its record. Beside the provider's own values: the
// digest of the `state` that a browser must bring back, and which account a renewal must be for.

import { timingSafeEqual } from 'node:crypto'
import type { Flow } from './flow.ts'
import type { Remembered } from './provider.ts'
import { digest, type Seal } from './seal.ts'

export interface FlowSecrets {
  readonly remembered: Remembered
  /** Of the secret half of `state`. */
  readonly stateDigest: string
  /** The browser was back: the same query once more changes nothing (CL-02). */
  readonly returned: boolean
  /** The account of the connection to be renewed, where that is known. */
  readonly account: string | null
}

export function sealSecrets(seal: Seal, flowId: string, secrets: FlowSecrets): string {
  return seal.seal('flow', flowId, JSON.stringify(secrets))
}

/** Undefined where there are none, and where they were sealed under another key. */
export function openSecrets(seal: Seal, flow: Flow): FlowSecrets | undefined {
  const text = flow.secrets === null ? undefined : seal.open('flow', flow.id, flow.secrets)
  return text === undefined ? undefined : (JSON.parse(text) as FlowSecrets)
}

export function isState(secrets: FlowSecrets, secret: string): boolean {
  return timingSafeEqual(Buffer.from(secrets.stateDigest), Buffer.from(digest(secret)))
}
