// Clients, as administrators see and change them: added, listed, changed, given another secret, removed.
// What may be registered is new-client.ts; the same over the network, api-clients.ts.

import type { AuditEntry, Client } from '@countersign/protocol'
import { audit } from '../audit.ts'
import { forgetClient } from '../forget-client.ts'
import { decideAndApply } from '../store/store.ts'
import type { AdminBase } from './admin-base.ts'
import { AdminError } from './admin-error.ts'
import { everyRecord } from './every-record.ts'
import {
  type ClientChanges,
  changedClient,
  drawSecret,
  type NewClient,
  newClient,
  overlapSeconds,
  withNewSecret,
} from './new-client.ts'
import { mapPage, type Page, type PageQuery, pageOf } from './paging.ts'
import { type ClientSummary, clientSummary } from './summaries.ts'

export interface ClientAdmin {
  /** `secret` is in the answer only when it was generated here: it is not kept in clear and cannot be asked for again. */
  addClient(client: NewClient): Promise<ClientSummary & { readonly secret?: string }>
  listClients(): Promise<readonly ClientSummary[]>
  pageClients(query: PageQuery): Promise<Page<ClientSummary>>
  showClient(id: string): Promise<ClientSummary>
  changeClient(id: string, changes: ClientChanges): Promise<ClientSummary>
  /** A new secret, generated unless one is given; the one before is good for `overlapSeconds` more, by default a day. */
  rotateClientSecret(
    id: string,
    how?: { readonly overlapSeconds?: number | undefined; readonly secret?: string | undefined },
  ): Promise<ClientSummary & { readonly secret?: string }>
  /** With all that hangs on it (forget-client.ts): the next one of this name begins with nothing. */
  removeClient(id: string): Promise<void>
}

export function clientAdmin(base: AdminBase): ClientAdmin {
  const { store, system, by } = base
  return {
    async addClient(input) {
      const { record, secret } = newClient(input, system)
      const detail = factsOf(input)
      const told = audit(base, { event: 'client.added', ...by, clientId: record.id, detail })
      const applied = await store.apply([{ op: 'insert', kind: 'client', record }, told])
      if (applied === 'conflict') throw new AdminError('exists', `A client ${input.id} exists already.`)
      return { ...clientSummary(record), ...(secret === undefined ? {} : { secret }) }
    },
    listClients: async () => (await everyRecord(store, 'client')).map(clientSummary),
    pageClients: async (query) => mapPage(await pageOf(store, 'client', query), clientSummary),
    showClient: async (id) => clientSummary(await existingClient(base, id)),
    changeClient: async (id, changes) =>
      clientSummary(
        await updateClient(base, id, 'client.changed', (client) => changedClient(client, changes), {
          members: Object.keys(changes),
          ...factsOf(changes),
        }),
      ),
    async rotateClientSecret(id, { overlapSeconds: overlap = overlapSeconds.usual, secret: supplied } = {}) {
      const secret = supplied ?? drawSecret(system)
      const how = { secret, overlap, now: system.now() }
      const change = (client: Client) => withNewSecret(client, how)
      const record = await updateClient(base, id, 'client.secret_rotated', change, { overlap })
      return { ...clientSummary(record), ...(supplied === undefined ? { secret } : {}) }
    },
    async removeClient(id) {
      const done = await decideAndApply(store, async () => {
        const record = await store.read('client', id)
        if (record === undefined) return { there: false, writes: [] }
        const told = audit(base, { event: 'client.removed', ...by, clientId: id })
        return { there: true, writes: [{ op: 'delete', kind: 'client', record }, told] }
      })
      if (!done.applied)
        throw new AdminError('busy', 'The client is being changed by somebody else; try again.')
      // Where that was interrupted, removing the client once more takes the rest.
      const what = await forgetClient(base, id)
      if (what === 'busy') throw new AdminError('busy', 'Its sign-ins are being changed; remove it again.')
      if (!done.decision.there && what === 'nothing') throw noClient(id)
    },
  }
}

/** What was said, but for secrets and keys: whoever moved an address and moved it back is seen to have done so. */
function factsOf(said: NewClient | ClientChanges): AuditEntry['detail'] {
  return Object.fromEntries(
    Object.entries(said).flatMap(([name, value]) =>
      name === 'id' || name === 'secret' || !isFact(value) ? [] : [[name, value] as const],
    ),
  )
}

type Fact = AuditEntry['detail'][string]
const isFact = (value: unknown): value is Fact =>
  value === null || Array.isArray(value) || ['string', 'number', 'boolean'].includes(typeof value)

async function updateClient(
  base: AdminBase,
  id: string,
  event: string,
  change: (client: Client) => Client,
  detail: AuditEntry['detail'],
): Promise<Client> {
  const done = await decideAndApply(base.store, async () => {
    const record = change(await existingClient(base, id))
    const told = audit(base, { event, ...base.by, clientId: id, detail })
    return { record, writes: [{ op: 'update', kind: 'client', record }, told] }
  })
  if (!done.applied) throw new AdminError('busy', 'The client is being changed by somebody else; try again.')
  return done.decision.record
}

async function existingClient({ store }: Pick<AdminBase, 'store'>, id: string): Promise<Client> {
  const client = await store.read('client', id)
  if (client === undefined) throw noClient(id)
  return client
}

const noClient = (id: string) => new AdminError('not_found', `There is no client ${id}.`)
