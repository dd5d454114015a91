// The first use of a client that nobody here added: from then on it stays.
// One that registered itself runs out while nobody uses it (RFC 7591 §5, standards.md REG-12; bounding them is
// endpoints/register.ts); one that is known by a document is not even stored before (metadata-documents.ts).

import type { Client, Write } from '@countersign/protocol'
import type { Services } from './services.ts'

/**
 * To be applied with the code or grant that is made for the client. The record that a request carries may be a second old, so
 * it is read anew where there is something to write; call it where the decision is made, so that a conflict decides again.
 */
export async function firstUse(
  { store }: Pick<Services, 'store'>,
  client: Client,
): Promise<readonly Write[]> {
  const { id, source, expiresAt } = client
  if (source === 'admin' || expiresAt === null) return []
  const record = await store.read('client', id)
  if (source === 'metadata_document')
    return record === undefined ? [{ op: 'insert', kind: 'client', record: { ...client, version: 0 } }] : []
  if (record === undefined || record.expiresAt === null) return []
  return [{ op: 'update', kind: 'client', record: { ...record, expiresAt: null } }]
}
