// Resources, the APIs and MCP servers that tokens are for (RFC 8707), as administrators register them: what can be done there in
// plain words, and who may ask for it. How a request names one is asked.ts.

import type { Resource } from '@countersign/protocol'
import { isResourceIndicator, scopeToken } from '@countersign/protocol'
import { z } from 'zod'
import { audit } from '../audit.ts'
import { knownScopes } from '../offered.ts'
import { decideAndApply } from '../store/store.ts'
import type { AdminBase } from './admin-base.ts'
import { AdminError } from './admin-error.ts'
import { reservedScopePrefix } from './api-scopes.ts'
import { everyRecord } from './every-record.ts'
import { parseInput } from './new-client-input.ts'
import { mapPage, type Page, type PageQuery, pageOf } from './paging.ts'
import { plainText } from './plain-text.ts'
import { type ResourceSummary, resourceSummary } from './summaries.ts'

const words = plainText(200)

const scopeMeaning = z.strictObject({
  scope: z
    .string()
    .max(100)
    .regex(scopeToken, 'a scope has no spaces or quotes')
    // Those that mean something at this server cannot mean something else there.
    .refine((scope) => !knownScopes.includes(scope) && !scope.startsWith(reservedScopePrefix), 'is taken'),
  words,
  risk: words.nullable().default(null),
  optional: z.boolean().default(false),
})

const changeable = {
  name: plainText(100),
  scopes: z
    .array(scopeMeaning)
    .max(100)
    .refine((all) => new Set(all.map(({ scope }) => scope)).size === all.length, 'a scope occurs twice'),
  openToAll: z.boolean(),
  accessTokenFormat: z.enum(['jwt', 'opaque']).nullable(),
  accessTokenSeconds: z.number().int().min(60).max(3600).nullable(),
}

export const newResourceInput = z
  .strictObject({
    ...changeable,
    id: z.string().refine(isResourceIndicator, 'an absolute URI without a fragment'),
  })
  .partial()
  .required({ id: true, name: true })

export const resourceChangesInput = z.strictObject(changeable).partial()

export type NewResource = z.input<typeof newResourceInput>
export type ResourceChanges = z.input<typeof resourceChangesInput>

export interface ResourceAdmin {
  addResource(resource: NewResource): Promise<ResourceSummary>
  listResources(): Promise<readonly ResourceSummary[]>
  pageResources(query: PageQuery): Promise<Page<ResourceSummary>>
  showResource(id: string): Promise<ResourceSummary>
  changeResource(id: string, changes: ResourceChanges): Promise<ResourceSummary>
  /** Nobody can ask for it any more; who was granted it keeps that until the grant ends. */
  removeResource(id: string): Promise<void>
}

export function resourceAdmin(base: AdminBase): ResourceAdmin {
  const { store, system, by } = base
  const told = (event: string, id: string) => audit(base, { event, ...by, detail: { resource: id } })
  const existing = async (id: string): Promise<Resource> => {
    const resource = await store.read('resource', id)
    if (resource === undefined) throw new AdminError('not_found', `There is no resource ${id}.`)
    return resource
  }
  return {
    async addResource(given) {
      const said = parseInput(newResourceInput, given, 'resource')
      const record: Resource = {
        id: said.id,
        version: 0,
        name: said.name,
        scopes: said.scopes ?? [],
        openToAll: said.openToAll ?? false,
        accessTokenFormat: said.accessTokenFormat ?? null,
        accessTokenSeconds: said.accessTokenSeconds ?? null,
        createdAt: system.now(),
      }
      const applied = await store.apply([
        { op: 'insert', kind: 'resource', record },
        told('resource.added', record.id),
      ])
      if (applied === 'conflict') throw new AdminError('exists', `A resource ${record.id} exists already.`)
      return resourceSummary(record)
    },
    listResources: async () => (await everyRecord(store, 'resource')).map(resourceSummary),
    pageResources: async (query) => mapPage(await pageOf(store, 'resource', query), resourceSummary),
    showResource: async (id) => resourceSummary(await existing(id)),
    async changeResource(id, given) {
      const said = parseInput(resourceChangesInput, given, 'resource')
      const changes = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined))
      const done = await decideAndApply(store, async () => {
        const record: Resource = { ...(await existing(id)), ...changes }
        return { record, writes: [{ op: 'update', kind: 'resource', record }, told('resource.changed', id)] }
      })
      if (!done.applied) throw busy()
      return resourceSummary(done.decision.record)
    },
    async removeResource(id) {
      const done = await decideAndApply(store, async () => ({
        writes: [
          { op: 'delete', kind: 'resource', record: await existing(id) },
          told('resource.removed', id),
        ],
      }))
      if (!done.applied) throw busy()
    },
  }
}

const busy = () => new AdminError('busy', 'The resource is being changed by somebody else; try again.')
