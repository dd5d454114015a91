// What Allow leads to in this browser, given where the device asks from and what was proved before (RFC 10027 §6.1.1).
// The rule is protocol/device-network.ts; what is shown of it, approve.ts; what comes of it, decision.ts.

import { type NetworkStep, networkStep } from '@countersign/protocol'
import { isRemembered } from '../network-memory.ts'
import { isBeside } from '../networks.ts'
import type { OpenRequest } from './find-request.ts'
import type { SignedVisit } from './visit.ts'

export async function networkStepOf(
  { services, request, signedIn }: SignedVisit,
  { record, client }: OpenRequest,
): Promise<NetworkStep> {
  const { address } = record.context.observed
  const isKnown = record.networkUnknown !== true
  // What is not known to be here is elsewhere.
  const elsewhere = !isKnown || !isBeside(services.config.issuer, request, address)
  const place = { accountId: signedIn.account.id, clientId: client.id, address }
  return networkStep({
    elsewhere,
    remembered: elsewhere && isKnown && (await isRemembered(services, place)),
    announced: record.takesReturnCode,
    ofClient: client.deviceNetworkPolicy,
    usual: services.config.deviceNetworkPolicy,
    fallback: services.config.deviceNetworkFallback,
  })
}
