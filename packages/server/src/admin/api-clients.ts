// The operations on clients: addresses, input in the names of the wire, and answers.
// What they do is admin-clients.ts; what may be said of a client, new-client-input.ts.

import { z } from 'zod'
import { fromWireNames, inWireNames } from './api-names.ts'
import { type Operation, operation } from './api-operation.ts'
import { client, names, pageOf, paging } from './api-schemas.ts'
import type { ClientChanges, NewClient } from './new-client.ts'
import { clientChangesInput, newClientInput } from './new-client-input.ts'

const tag = 'Clients'

const exchange = z
  .strictObject({ audiences: z.array(z.string()).max(200), foreign_tokens: z.boolean().default(false) })
  .nullable()
  .optional()

const newClientBody = inWireNames(newClientInput, { exchange })
const clientChangesBody = inWireNames(clientChangesInput, { exchange })

/** In the names of the program; each member is looked at once more there. */
function said<T>(schema: z.ZodObject, body: Readonly<Record<string, unknown>>): T {
  const { exchange: sent, ...rest } = body as { exchange?: z.output<typeof exchange> }
  const inside = sent == null ? sent : { audiences: sent.audiences, foreignTokens: sent.foreign_tokens }
  return fromWireNames(schema, { ...rest, exchange: inside }) as T
}

const withSecret = client.extend({ secret: z.string().optional() })
names.add(withSecret, { id: 'ClientWithSecret' })

export const clientOperations: readonly Operation[] = [
  operation({
    id: 'listClients',
    method: 'GET',
    path: '/clients',
    summary: 'List clients',
    tag,
    needs: 'admin:read',
    query: z.strictObject(paging),
    answer: { status: 200, says: 'A page of clients', schema: pageOf(client) },
    run: ({ admin, query }) => admin.pageClients(query),
  }),
  operation({
    id: 'addClient',
    method: 'POST',
    path: '/clients',
    summary: 'Register a client; a secret that is made for it is told this once',
    tag,
    needs: 'admin',
    body: newClientBody,
    answer: { status: 201, says: 'The new client', schema: withSecret },
    run: ({ admin, body }) => admin.addClient(said<NewClient>(newClientInput, body)),
  }),
  operation({
    id: 'showClient',
    method: 'GET',
    path: '/clients/{id}',
    summary: 'Show a client',
    tag,
    needs: 'admin:read',
    answer: { status: 200, says: 'The client', schema: client },
    run: ({ admin, params }) => admin.showClient(params.id),
  }),
  operation({
    id: 'changeClient',
    method: 'PATCH',
    path: '/clients/{id}',
    summary: 'Change what is said of a client; what is not mentioned stays',
    tag,
    needs: 'admin',
    body: clientChangesBody,
    answer: { status: 200, says: 'The client as it is now', schema: client },
    run: ({ admin, params, body }) =>
      admin.changeClient(params.id, said<ClientChanges>(clientChangesInput, body)),
  }),
  operation({
    id: 'rotateClientSecret',
    method: 'POST',
    path: '/clients/{id}/secrets',
    summary: 'Give a client a new secret; the one before is good for some time more',
    tag,
    needs: 'admin',
    body: z.strictObject({
      overlap_seconds: z.number().int().min(0).optional(),
      secret: z.string().min(32).max(500).optional(),
    }),
    answer: { status: 200, says: 'The client; a secret that was made is told this once', schema: withSecret },
    run: ({ admin, params, body }) =>
      admin.rotateClientSecret(params.id, { overlapSeconds: body.overlap_seconds, secret: body.secret }),
  }),
  operation({
    id: 'removeClient',
    method: 'DELETE',
    path: '/clients/{id}',
    summary: 'Remove a client; its sign-ins end',
    tag,
    needs: 'admin',
    answer: { status: 204, says: 'Removed' },
    run: ({ admin, params }) => admin.removeClient(params.id),
  }),
]
