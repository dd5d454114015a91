// The administration API as an OpenAPI 3.1 document, made of the descriptions that the calls are checked by, so that it cannot
// say anything else. The operations are api-*.ts, the things that travel api-schemas.ts.

import { z } from 'zod'
import { fullCookieName } from '../pages/visit.ts'
import type { Operation } from './api-operation.ts'
import { names, problem } from './api-schemas.ts'
import { apiBase, apiScopes, type Right, scopesFor } from './api-scopes.ts'

type Json = Record<string, unknown>

export function openApiDocument(issuer: string, operations: readonly Operation[]): Json {
  const base = issuer.replace(/\/$/, '')
  const schemas: Json = {}
  const paths: Record<string, Json> = {}
  const write = schemaWriter(schemas)
  for (const operation of operations) {
    const item = paths[operation.path] ?? {}
    item[operation.method.toLowerCase()] = described(operation, write)
    paths[operation.path] = item
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Countersign administration',
      version: '1',
      description:
        'What administrators may do, and what a person may do about their own account. Callers send an access token for this server, or come from a signed-in browser; then each change carries the header X-Countersign-Proof with the value of `anti_forgery` from /me.',
    },
    servers: [{ url: `${base}${apiBase}` }],
    paths,
    components: { securitySchemes: securitySchemes(base), schemas },
  }
}

function securitySchemes(base: string): Json {
  const scopes = Object.fromEntries(
    Object.entries(apiScopes).map(([right, scope]) => [scope, meanings[right as Right]]),
  )
  const tokenUrl = `${base}/oauth/token`
  return {
    token: {
      type: 'oauth2',
      flows: {
        clientCredentials: { tokenUrl, scopes },
        authorizationCode: { authorizationUrl: `${base}/oauth/authorize`, tokenUrl, scopes },
      },
    },
    browser: {
      type: 'apiKey',
      in: 'cookie',
      name: fullCookieName({ issuer: base }, 'session'),
      description: 'The session of a person who is signed in.',
    },
  }
}

const meanings: Readonly<Record<Right, string>> = {
  account: 'See and end the sign-ins and consents of the person',
  'admin:read': 'See everything that an administrator may see',
  admin: 'Do everything that an administrator may do',
}

function described(operation: Operation, write: Write): Json {
  const { id, summary, tag, needs, query, body, answer, path } = operation
  const parameters = [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...Object.entries(query?.shape ?? {}).map(([name, schema]) => ({
      name,
      in: 'query',
      required: false,
      schema: write(schema as z.ZodType, 'input'),
    })),
  ]
  return {
    operationId: id,
    summary,
    tags: [tag],
    security: [...scopesFor(needs).map((scope) => ({ token: [scope] })), { browser: [] }],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : {
          requestBody: { required: true, content: { 'application/json': { schema: write(body, 'input') } } },
        }),
    responses: {
      [answer.status]: {
        description: answer.says,
        ...(answer.schema === undefined
          ? {}
          : { content: { [answer.type ?? 'application/json']: { schema: write(answer.schema, 'output') } } }),
      },
      ...problemsOf(operation, write),
    },
  }
}

function problemsOf({ path, method, query, body }: Operation, write: Write): Json {
  const said: Record<string, string> = {
    ...(query === undefined && body === undefined ? {} : { 400: 'What was sent is wrong' }),
    401: 'Nobody is signed in, or the token does not count',
    403: 'The caller may not do this',
    ...(path.includes('{') ? { 404: 'There is none' } : {}),
    ...(method === 'GET' ? {} : { 409: 'It contradicts what is there' }),
  }
  const content = { 'application/json': { schema: write(problem, 'output') } }
  return Object.fromEntries(
    Object.entries(said).map(([status, description]) => [status, { description, content }]),
  )
}

type Write = (schema: z.ZodType, io: 'input' | 'output') => Json

/** Named schemas go to the components once, and are referred to. */
function schemaWriter(components: Json): Write {
  return (schema, io) => {
    const written = z.toJSONSchema(schema, { io, metadata: names, unrepresentable: 'any' }) as Json
    const { $schema: _dialect, $defs, ...own } = relinked(written)
    for (const [name, one] of Object.entries(($defs ?? {}) as Json)) {
      const { id: _id, ...rest } = one as Json
      components[name] = rest
    }
    return own
  }
}

function relinked(schema: Json): Json {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json
}
