// The administration API under /api/v1: finds the operation, lets its caller in or not, checks what goes in, and says what came of it.
// Every answer is JSON (but for the export) and for nobody's cache; no other site may read one. Who may call is api-caller.ts; what
// there is to call, api-operations.ts.

import type { z } from 'zod'
import { withNonce } from '../dpop.ts'
import { comeBack, json, methodNotAllowed, type PlainRequest, type PlainResponse } from '../http.ts'
import { here } from '../pages/links.ts'
import type { Method } from '../routes.ts'
import type { Services } from '../services.ts'
import { AdminError } from './admin-error.ts'
import { administer } from './administration.ts'
import { type Caller, findCaller, nameOf } from './api-caller.ts'
import { wireName } from './api-names.ts'
import { openApiDocument } from './api-openapi.ts'
import type { Operation } from './api-operation.ts'
import { operations } from './api-operations.ts'
import { apiBase } from './api-scopes.ts'

/** UI-13, and what a browser needs that is shown JSON as a page. */
const fences = {
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
}

export async function answerApi(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const response = await answer(services, request)
  return { ...response, headers: { ...fences, ...response.headers } }
}

/** The description of all this, for whoever asks: it holds nothing about the installation but its address. */
export function answerOpenApi({ config }: Services): PlainResponse {
  return json(200, openApiDocument(config.issuer, operations), fences)
}

async function answer(services: Services, request: PlainRequest): Promise<PlainResponse> {
  const there = operations.flatMap((operation) => {
    const params = paramsOf(operation.path, request.path.slice(apiBase.length))
    return params === undefined ? [] : [{ operation, params }]
  })
  if (there.length === 0)
    return json(404, { error: 'not_found', message: 'There is nothing at this address.' })
  const method = request.method === 'HEAD' ? 'GET' : request.method
  const found = there.find(({ operation }) => operation.method === method)
  if (found === undefined) return methodNotAllowed(allowed(there.map(({ operation }) => operation.method)))
  const { operation } = found
  const arrived = await findCaller(services, request, operation.needs)
  if ('refused' in arrived) return arrived.refused
  return withNonce(await perform(services, request, { ...found, caller: arrived.caller }), arrived.nonce)
}

interface Asked {
  readonly operation: Operation
  readonly params: Readonly<Record<string, string>>
  readonly caller: Caller
}

async function perform(
  services: Services,
  request: PlainRequest,
  { operation, params, caller }: Asked,
): Promise<PlainResponse> {
  const query = checked(operation.query, readQuery(request))
  if ('refused' in query) return query.refused
  const body = operation.body === undefined ? nothing : checked(operation.body, readBody(request))
  if ('refused' in body) return body.refused
  const admin = administer({ ...services, by: nameOf(caller, operation.needs) })
  try {
    const work = () =>
      Promise.resolve(operation.run({ admin, caller, params, query: query.value, body: body.value }))
    const question = `${operation.id} ${JSON.stringify(query.value)}`
    const done = operation.heavy ? await services.heavyWork.run(question, work) : await work()
    return speak(services, operation, done)
  } catch (error) {
    if (error instanceof AdminError) return refusal(error)
    throw error
  }
}

/** The names of the path with what stands for them; undefined where the path is another. Ids may be URLs, escaped. */
function paramsOf(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')]
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [i, part] of wanted.entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1]
    const text = given[i] ?? ''
    if (name === undefined) {
      if (part !== text) return undefined
      continue
    }
    const value = decoded(text)
    if (value === undefined || value === '') return undefined
    params[name] = value
  }
  return params
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

function allowed(all: readonly Method[]): string {
  return all.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
}

type Read = { readonly value: unknown } | { readonly refused: PlainResponse }

const nothing: Read = { value: undefined }

const wrong = (message: string): Read => ({ refused: json(400, { error: 'invalid_request', message }) })

function readQuery({ query }: PlainRequest): Read {
  const values: [string, string][] = [...new URLSearchParams(query)]
  const repeated = values.find(([name], i) => values.findIndex(([other]) => other === name) !== i)
  if (repeated !== undefined) return wrong('A parameter is given twice.')
  return { value: Object.fromEntries(values) }
}

function readBody({ headers, body }: PlainRequest): Read {
  const type = headers['content-type'] ?? ''
  // A form of another site could send any other type without asking first.
  if (!/^application\/json\s*(?:;|$)/i.test(type)) return wrong('The body must be application/json.')
  try {
    return { value: JSON.parse(body ?? '') }
  } catch {
    return wrong('The body is not JSON in UTF-8.')
  }
}

// What nobody knows is refused, not ignored: a filter with a slip in its name must not list everything.
function checked(schema: z.ZodType | undefined, read: Read): Read {
  if ('refused' in read) return read
  if (schema === undefined)
    return Object.keys(read.value as object).length === 0 ? read : wrong('There are no parameters here.')
  const parsed = schema.safeParse(read.value)
  if (parsed.success) return { value: parsed.data }
  const issues = parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }))
  const [first] = issues
  const message = [first?.path, first?.message].filter(Boolean).join(': ')
  return { refused: json(400, { error: 'invalid_request', message, issues: issues.slice(0, 20) }) }
}

function speak(
  services: Services,
  { path, answer: { status, type } }: Operation,
  done: unknown,
): PlainResponse {
  if (type !== undefined) return done as PlainResponse
  if (status === 204) return { status, headers: { 'cache-control': 'no-store' }, body: '' }
  const body = done as object
  const id = status === 201 && 'id' in body ? String(body.id) : undefined
  if (id === undefined) return json(status, body)
  return json(status, body, { location: here(services, `${apiBase}${path}/${encodeURIComponent(id)}`) })
}

function refusal({ code, message, afterSeconds }: AdminError): PlainResponse {
  switch (code) {
    case 'not_found':
      return json(404, { error: 'not_found', message })
    case 'exists':
    case 'refused':
      return json(409, { error: code === 'exists' ? 'exists' : 'conflict', message })
    case 'invalid':
      // The member that it names, as it was sent.
      return json(400, { error: 'invalid_request', message: message.replace(/^\w+(?=:)/, wireName) })
    case 'busy':
      return comeBack(503, afterSeconds)
  }
}
