// The first use of a client that registered itself: from then on it stays (RFC 7591 §5, standards.md REG-12).
// Registered clients that nobody uses run out; making and bounding them is endpoints/register.ts.

import type { Client, Write } from '@countersign/protocol'
import type { Services } from './services.ts'

/**
 * To be applied with the code or grant that is made for the client. The record that a request carries may be a second old, so
 * it is read anew where there is something to write; call it where the decision is made, so that a conflict decides again.
 */
export async function firstUse(
  { store }: Pick<Services, 'store'>,
  { id, source, expiresAt }: Client,
): Promise<readonly Write[]> {
  if (source !== 'registration' || expiresAt === null) return []
  const record = await store.read('client', id)
  if (record === undefined || record.expiresAt === null) return []
  return [{ op: 'update', kind: 'client', record: { ...record, expiresAt: null } }]
}
