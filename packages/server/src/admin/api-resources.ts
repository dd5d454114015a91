// The operations on resources, and on the tokens that let their bearers register clients. What they do is resources.ts and
// initial-access-tokens.ts.

import { z } from 'zod'
import { fromWireNames, inWireNames } from './api-names.ts'
import { type Operation, operation } from './api-operation.ts'
import { names, pageOf, paging, registrationToken, resource } from './api-schemas.ts'
import { type NewInitialAccessToken, newInitialAccessTokenInput } from './initial-access-tokens.ts'
import {
  type NewResource,
  newResourceInput,
  type ResourceChanges,
  resourceChangesInput,
} from './resources.ts'

const resourceOperations: readonly Operation[] = [
  operation({
    id: 'listResources',
    method: 'GET',
    path: '/resources',
    summary: 'List resources: the APIs and MCP servers that tokens are for',
    tag: 'Resources',
    needs: 'admin:read',
    query: z.strictObject(paging),
    answer: { status: 200, says: 'A page of resources', schema: pageOf(resource) },
    run: ({ admin, query }) => admin.pageResources(query),
  }),
  operation({
    id: 'addResource',
    method: 'POST',
    path: '/resources',
    summary: 'Register a resource',
    tag: 'Resources',
    needs: 'admin',
    body: inWireNames(newResourceInput),
    answer: { status: 201, says: 'The new resource', schema: resource },
    run: ({ admin, body }) => admin.addResource(fromWireNames(newResourceInput, body) as NewResource),
  }),
  operation({
    id: 'showResource',
    method: 'GET',
    path: '/resources/{id}',
    summary: 'Show a resource; its identifier is escaped into one segment of the path',
    tag: 'Resources',
    needs: 'admin:read',
    answer: { status: 200, says: 'The resource', schema: resource },
    run: ({ admin, params }) => admin.showResource(params.id),
  }),
  operation({
    id: 'changeResource',
    method: 'PATCH',
    path: '/resources/{id}',
    summary: 'Change what is said of a resource; what is not mentioned stays',
    tag: 'Resources',
    needs: 'admin',
    body: inWireNames(resourceChangesInput),
    answer: { status: 200, says: 'The resource as it is now', schema: resource },
    run: ({ admin, params, body }) =>
      admin.changeResource(params.id, fromWireNames(resourceChangesInput, body) as ResourceChanges),
  }),
  operation({
    id: 'removeResource',
    method: 'DELETE',
    path: '/resources/{id}',
    summary: 'Remove a resource; nobody can ask for it any more',
    tag: 'Resources',
    needs: 'admin',
    answer: { status: 204, says: 'Removed' },
    run: ({ admin, params }) => admin.removeResource(params.id),
  }),
]

const withToken = registrationToken.extend({ token: z.string() })
names.add(withToken, { id: 'NewInitialAccessToken' })

const tokenOperations: readonly Operation[] = [
  operation({
    id: 'listInitialAccessTokens',
    method: 'GET',
    path: '/initial-access-tokens',
    summary: 'List the tokens that let their bearers register clients (RFC 7591)',
    tag: 'Registration',
    needs: 'admin:read',
    answer: { status: 200, says: 'All of them', schema: pageOf(registrationToken) },
    run: async ({ admin }) => ({ items: await admin.listInitialAccessTokens() }),
  }),
  operation({
    id: 'addInitialAccessToken',
    method: 'POST',
    path: '/initial-access-tokens',
    summary: 'Make such a token, which is told this once',
    tag: 'Registration',
    needs: 'admin',
    body: inWireNames(newInitialAccessTokenInput),
    answer: { status: 201, says: 'The token', schema: withToken },
    run: ({ admin, body }) =>
      admin.addInitialAccessToken(fromWireNames(newInitialAccessTokenInput, body) as NewInitialAccessToken),
  }),
  operation({
    id: 'removeInitialAccessToken',
    method: 'DELETE',
    path: '/initial-access-tokens/{id}',
    summary: 'Remove such a token; clients that were registered with it stay',
    tag: 'Registration',
    needs: 'admin',
    answer: { status: 204, says: 'Removed' },
    run: ({ admin, params }) => admin.removeInitialAccessToken(params.id),
  }),
]

export const resourceAndTokenOperations = [...resourceOperations, ...tokenOperations]
