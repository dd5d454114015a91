// The operations on sign-ins, keys and the audit log: addresses, filters and answers.
// What they do is admin-grants.ts, admin-keys.ts and audit-log.ts.

import { z } from 'zod'
import { type Operation, operation } from './api-operation.ts'
import { auditEntry, count, filter, grant, key, pageOf, paging, place, verified } from './api-schemas.ts'

const flag = z.enum(['true', 'false']).transform((text) => text === 'true')
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text) / 1000)
/** As it was noted: `12:` and 64 hexadecimal digits. */
const noted = z
  .string()
  .regex(/^\d{1,12}:[0-9a-f]{64}$/, 'the head as SEQUENCE:HASH')
  .transform(toHead)

function toHead(text: string) {
  const [sequence = '', hash = ''] = text.split(':')
  return { sequence: Number(sequence), hash }
}

const grantOperations: readonly Operation[] = [
  operation({
    id: 'listGrants',
    method: 'GET',
    path: '/grants',
    summary: 'List sign-ins',
    tag: 'Grants',
    needs: 'admin:read',
    query: z.strictObject({ ...paging, account: filter, client: filter, live: flag.optional() }),
    answer: { status: 200, says: 'A page of grants', schema: pageOf(grant) },
    run: ({ admin, query }) => admin.pageGrants(query),
  }),
  operation({
    id: 'showGrant',
    method: 'GET',
    path: '/grants/{id}',
    summary: 'Show a sign-in',
    tag: 'Grants',
    needs: 'admin:read',
    answer: { status: 200, says: 'The grant', schema: grant },
    run: ({ admin, params }) => admin.showGrant(params.id),
  }),
  operation({
    id: 'revokeGrant',
    method: 'DELETE',
    path: '/grants/{id}',
    summary: 'End a sign-in and all of its tokens',
    tag: 'Grants',
    needs: 'admin',
    answer: { status: 204, says: 'Ended' },
    run: ({ admin, params }) => admin.revokeGrant(params.id),
  }),
]

const keyOperations: readonly Operation[] = [
  operation({
    id: 'listKeys',
    method: 'GET',
    path: '/keys',
    summary: 'List the signing keys, never their secret half',
    tag: 'Keys',
    needs: 'admin:read',
    answer: { status: 200, says: 'All keys', schema: pageOf(key) },
    run: async ({ admin }) => ({ items: await admin.listKeys() }),
  }),
  operation({
    id: 'rotateKeys',
    method: 'POST',
    path: '/keys/rotations',
    summary: 'Make new signing keys, which sign after the lead time',
    tag: 'Keys',
    needs: 'admin',
    answer: { status: 201, says: 'The new keys', schema: pageOf(key) },
    run: async ({ admin }) => ({ items: await admin.rotateKeys() }),
  }),
]

const auditOperations: readonly Operation[] = [
  operation({
    id: 'listAudit',
    method: 'GET',
    path: '/audit',
    summary: 'List the audit log, the newest entry first',
    tag: 'Audit',
    needs: 'admin:read',
    query: z.strictObject({
      before: place,
      limit: count(200, 50),
      event: filter,
      account: filter,
      client: filter,
      grant: filter,
      since: instant.optional(),
      until: instant.optional(),
    }),
    answer: { status: 200, says: 'A page of entries', schema: pageOf(auditEntry, z.int().min(0)) },
    run: ({ admin, query }) => admin.listAudit(query),
  }),
  operation({
    id: 'exportAudit',
    method: 'GET',
    path: '/audit/export',
    summary: 'Export the audit log in the order of its chain, one entry per line',
    tag: 'Audit',
    needs: 'admin:read',
    query: z.strictObject({ after: place, limit: count(1000, 1000) }),
    answer: { status: 200, says: 'Entries, one per line', schema: auditEntry, type: 'application/x-ndjson' },
    async run({ admin, query }) {
      const entries = await admin.exportAudit(query)
      const headers = { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' }
      return { status: 200, headers, body: entries.map((entry) => `${JSON.stringify(entry)}\n`).join('') }
    },
  }),
  operation({
    id: 'verifyAudit',
    method: 'GET',
    path: '/audit/verification',
    summary: 'Check the chain of the audit log, ten thousand entries at a time',
    tag: 'Audit',
    needs: 'admin:read',
    heavy: true,
    query: z.strictObject({ after: place, most: count(10_000, 10_000), noted: noted.optional() }),
    answer: { status: 200, says: 'Whether it holds, and where it does not', schema: verified },
    run: ({ admin, query }) => admin.verifyAudit(query),
  }),
]

export const recordOperations = [...grantOperations, ...keyOperations, ...auditOperations]
