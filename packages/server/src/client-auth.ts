// Who is calling: client identification and authentication (RFC 6749 §2.3), the same at every endpoint that clients call.
// An unknown client and a wrong secret are one answer, and take one digest each (standards.md CA-08).
// Signed assertions are client-auth-assertion.ts.

import type { Client, ClientAuthMethod, Refusal } from '@countersign/protocol'
import { clientByAssertion } from './client-auth-assertion.ts'
import type { Form } from './form.ts'
import type { PlainRequest } from './http.ts'
import { digest, sameSecret } from './secrets.ts'
import type { Services } from './services.ts'

export type Authenticated =
  | { readonly ok: true; readonly client: Client; readonly method: ClientAuthMethod }
  | { readonly ok: false; readonly refusal: Refusal }

interface Presented {
  readonly clientId: string
  readonly secret: string | undefined
  readonly method: ClientAuthMethod
}

export async function authenticateClient(
  services: Services,
  request: PlainRequest,
  form: Form,
): Promise<Authenticated> {
  if (form.get('client_assertion') !== undefined) return authenticateByAssertion(services, request, form)
  const presented = readCredentials(request.headers.authorization, form)
  if ('reason' in presented) return { ok: false, refusal: presented }
  const failed = {
    ok: false,
    // As much of the name as a log needs: it is whatever somebody sent.
    refusal: { reason: 'client_authentication_failed', clientId: presented.clientId.slice(0, 100) },
  } as const
  const found = services.clients.find(presented.clientId, request.address)
  const client = found instanceof Promise ? await found : found
  if (client !== undefined && isAuthentic(client, presented, services.system.now()))
    return { ok: true, client, method: presented.method }
  return failed
}

async function authenticateByAssertion(
  services: Services,
  { headers, address }: PlainRequest,
  form: Form,
): Promise<Authenticated> {
  // RFC 6749 §2.3, as below.
  if (headers.authorization !== undefined || form.get('client_secret') !== undefined)
    return { ok: false, refusal: { reason: 'malformed_request', detail: 'two_credentials' } }
  const client = await clientByAssertion(services, form, address)
  if (client !== undefined) return { ok: true, client, method: 'private_key_jwt' }
  return { ok: false, refusal: { reason: 'client_authentication_failed' } }
}

function readCredentials(authorization: string | undefined, form: Form): Presented | Refusal {
  const clientId = form.get('client_id')
  const secret = form.get('client_secret')
  if (authorization === undefined) {
    if (clientId === undefined) return { reason: 'client_unidentified' }
    return { clientId, secret, method: secret === undefined ? 'none' : 'client_secret_post' }
  }
  // RFC 6749 §2.3: "The client MUST NOT use more than one authentication method in each request."
  if (secret !== undefined) return { reason: 'malformed_request', detail: 'two_credentials' }
  const basic = readBasic(authorization)
  if (basic === undefined) return { reason: 'client_authentication_failed' }
  if (clientId !== undefined && clientId !== basic.clientId) {
    return { reason: 'malformed_request', detail: 'client_id_mismatch' }
  }
  return basic
}

// RFC 6749 §2.3.1 and App. B: identifier and secret are form-encoded before they are joined. Old clients leave the
// encoding out, which reads the same unless the value has % or +.
function readBasic(authorization: string): Presented | undefined {
  const match = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization.trim())
  if (match?.[1] === undefined) return undefined
  const text = Buffer.from(match[1], 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon === -1) return undefined
  const clientId = formDecode(text.slice(0, colon))
  const secret = formDecode(text.slice(colon + 1))
  if (clientId === undefined || secret === undefined || clientId === '') return undefined
  return { clientId, secret, method: 'client_secret_basic' }
}

function formDecode(text: string): string | undefined {
  if (!/[%+\0]/.test(text)) return text
  try {
    const value = decodeURIComponent(text.replaceAll('+', ' '))
    return value.includes('\0') ? undefined : value
  } catch {
    return undefined
  }
}

// CA-05, CA-06: a client uses a method it registered; a confidential one is never let in by its name alone.
function isAuthentic(client: Client, { secret, method }: Presented, now: number): boolean {
  if (!client.authMethods.includes(method)) return false
  if (method === 'none') return true
  const hash = digest(secret ?? '')
  // Every live secret is compared, so that the time does not tell which one fits.
  return client.secrets
    .map(({ hash: stored, endsAt }) => sameSecret(stored, hash) && (endsAt === null || now < endsAt))
    .includes(true)
}

/** The key that refresh tokens are bound to: that of a public client, which has no other credential (RFC 9449 §5). */
export function refreshKey(client: Client, jkt: string | null): string | null {
  return isConfidential(client) ? null : jkt
}

export function isConfidential(client: Client): boolean {
  return !client.authMethods.includes('none')
}
