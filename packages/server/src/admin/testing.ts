// Callers of the administration API in tests: a client with a token of its own, a person with one, a browser that is signed in.
// The server behind them is ../testing/services.ts. Not for production.

import type { AccessToken, Client } from '@countersign/protocol'
import type { PlainResponse } from '../http.ts'
import { openBrowser, signIn } from '../pages/testing.ts'
import { bodyOf } from '../testing/device-flow.ts'
import { startOfTime, type TestServer, testConfidentialClient } from '../testing/services.ts'
import { encodeAccessToken } from '../tokens.ts'
import { operations } from './api-operations.ts'

export interface ApiAnswer<T = Record<string, unknown>> extends PlainResponse {
  readonly json: T
}

export interface Sent {
  readonly json?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export interface ApiCaller {
  /** The path below /api/v1. */
  call<T = Record<string, unknown>>(method: string, path: string, sent?: Sent): Promise<ApiAnswer<T>>
}

export function apiCaller(server: TestServer, own: Readonly<Record<string, string>> = {}): ApiCaller {
  return {
    async call<T>(method: string, path: string, { json, headers }: Sent = {}) {
      const body =
        json === undefined
          ? {}
          : { form: JSON.stringify(json), headers: { 'content-type': 'application/json' } }
      const response = await server.call(method, `/api/v1${path}`, {
        ...body,
        headers: { ...body.headers, ...own, ...headers },
      })
      const isJson = response.headers['content-type'] === 'application/json' && response.body !== ''
      if (isJson) await holdToDescription(method, path, response)
      return { ...response, json: (isJson ? bodyOf(response) : {}) as T }
    },
  }
}

// Whatever a test asks, the answer must be what OpenAPI says of it: nothing more, nothing less.
async function holdToDescription(
  method: string,
  path: string,
  { status, body }: PlainResponse,
): Promise<void> {
  const plain = path.replace(/\?.*/, '').split('/')
  const operation = operations.find(
    (one) =>
      one.method === method &&
      one.path.split('/').length === plain.length &&
      one.path.split('/').every((part, i) => part === plain[i] || part.startsWith('{')),
  )
  if (operation?.answer.schema === undefined || status !== operation.answer.status) return
  const read: unknown = JSON.parse(body)
  const parsed = operation.answer.schema.parse(read)
  if (JSON.stringify(sorted(parsed)) !== JSON.stringify(sorted(read)))
    throw new Error(`${method} ${path} says more than is described: ${body}`)
}

const sorted = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map(sorted)
    : typeof value === 'object' && value !== null
      ? Object.fromEntries(
          Object.entries(value)
            .map(([key, one]) => [key, sorted(one)] as const)
            .sort(([a], [b]) => (a < b ? -1 : 1)),
        )
      : value

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** A token that a client got for itself. */
export function clientToken(server: TestServer, client: Client, change: Partial<AccessToken> = {}): string {
  const { services } = server
  return encodeAccessToken(
    services,
    {
      jti: services.system.random(16).toString('base64url'),
      grantId: null,
      clientId: client.id,
      accountId: null,
      scopes: client.scopes,
      audience: services.config.issuer,
      issuedAt: startOfTime,
      expiresAt: startOfTime + 3600,
      authTime: null,
      amr: [],
      jkt: null,
      act: null,
      ...change,
    },
    client,
  )
}

/** Registers a confidential client with the scopes and calls with a token of its own. */
export async function clientCaller(
  server: TestServer,
  id: string,
  scopes: readonly string[],
): Promise<ApiCaller> {
  const client = await server.addClient({ ...testConfidentialClient, id, scopes })
  return apiCaller(server, bearer(clientToken(server, client)))
}

/** Signs in and calls from a page of our own, with the proof that it was given. */
export async function browserCaller(
  server: TestServer,
  email = 'mia@example.com',
): Promise<ApiCaller & { cookie: string; proof: string }> {
  const browser = openBrowser(server)
  await signIn(browser, email)
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const headers = { cookie, 'sec-fetch-site': 'same-origin' }
  const me = await apiCaller(server, headers).call<{ anti_forgery: string }>('GET', '/me')
  const proof = me.json.anti_forgery
  return { ...apiCaller(server, { ...headers, 'x-countersign-proof': proof }), cookie, proof }
}
