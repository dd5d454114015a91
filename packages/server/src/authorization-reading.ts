// Reading an authorization request, from a browser's address or form or from a push: parameters, redirect URI, and the check of the
// rest (protocol/authorization-request.ts). What is done with it is endpoints/authorize.ts and endpoints/par.ts.

import {
  type AuthorizationParameters,
  authorizationRequest,
  type Client,
  isRegisteredRedirect,
  type Refusal,
} from '@countersign/protocol'
import { whatIsAsked } from './asked.ts'
import { decode, type Form } from './form.ts'
import type { PlainRequest } from './http.ts'
import type { Services } from './services.ts'
import { decodeIdToken } from './tokens.ts'

/** Parameters that came through a browser: what is wrong with one of them is not yet wrong with all. */
export interface FrontChannel extends Form {
  /** The parameters that occur more than once, or that cannot be read. */
  readonly broken: ReadonlySet<string>
}

/** The query of a GET, the form of a POST (OIDC Core §3.1.2.1); undefined for a POST of something else. */
export function readFrontChannel({ method, query, headers, body }: PlainRequest): FrontChannel | undefined {
  if (method !== 'POST') return parseFrontChannel(query)
  const isForm = /^application\/x-www-form-urlencoded\s*(?:;|$)/i.test(headers['content-type'] ?? '')
  return isForm && body !== undefined ? parseFrontChannel(body) : undefined
}

function parseFrontChannel(text: string): FrontChannel {
  const values = new Map<string, string>()
  const resources: string[] = []
  const broken = new Set<string>()
  for (const pair of text.split('&')) {
    const [name, value] = readPair(pair)
    if (value === '') continue
    if (value === undefined) broken.add(name)
    else if (name === 'resource') resources.push(value)
    else if (values.has(name)) broken.add(name)
    else values.set(name, value)
  }
  // Which of two values was meant is not ours to guess.
  for (const name of broken) values.delete(name)
  return { get: (name) => values.get(name), all: () => resources, broken }
}

function readPair(pair: string): readonly [name: string, value: string | undefined] {
  const equals = pair.indexOf('=')
  if (equals === -1) return ['', '']
  return [decode(pair.slice(0, equals)) ?? '', decode(pair.slice(equals + 1))]
}

export type ReadAuthorization =
  /** Nobody may be sent there (RFC 6749 §4.1.2.1). */
  | { readonly outcome: 'no_redirect' }
  | { readonly outcome: 'good'; readonly parameters: AuthorizationParameters }
  /** With what is needed to say so to the client. */
  | {
      readonly outcome: 'refused'
      readonly refusal: Refusal
      readonly parameters: AuthorizationParameters
    }

export interface Reading {
  readonly client: Client
  readonly form: Form
  readonly broken: ReadonlySet<string>
  /** Whether the client pushed it itself (RFC 9126). */
  readonly pushed: boolean
}

export async function readAuthorization(services: Services, reading: Reading): Promise<ReadAuthorization> {
  const { client, form, broken } = reading
  const redirectUri = broken.has('redirect_uri') ? undefined : redirectUriOf(client, form)
  if (redirectUri === undefined) return { outcome: 'no_redirect' }
  const raw = { get: form.get, broken: broken.size > 0 }
  const settled = {
    client,
    redirectUri,
    asked: await whatIsAsked(services, client, form),
    mustBePushed: !reading.pushed && (services.config.requirePar || client.requiresPar),
    hintedAccountId: hintedAccount(services, client, form.get('id_token_hint')),
  }
  const checked = authorizationRequest.check(raw, settled)
  return 'reason' in checked
    ? { outcome: 'refused', refusal: checked, parameters: authorizationRequest.salvage(raw, settled) }
    : { outcome: 'good', parameters: checked }
}

/**
 * Whether the client may still have what its request was good for. Between the request and the answer an administrator may have taken
 * away its address, a scope or a resource; what it lost is nothing that a person could still agree to (RFC 9126 §2.1).
 */
export async function mayStillAsk(
  services: Services,
  client: Client,
  { redirectUri, scopes, resources }: Pick<AuthorizationParameters, 'redirectUri' | 'scopes' | 'resources'>,
): Promise<boolean> {
  if (!isRegisteredRedirect(client, redirectUri)) return false
  // Asked for nothing, or refused already.
  if (scopes.length === 0 && resources.length === 0) return true
  const scope = scopes.length === 0 ? undefined : scopes.join(' ')
  const form = { get: (name: string) => (name === 'scope' ? scope : undefined), all: () => resources }
  return !('reason' in (await whatIsAsked(services, client, form)))
}

// OIDC Core §3.1.2.1. A hint that is none of ours, or was made for another client, says nothing and is no error (AZ-22).
function hintedAccount(services: Services, { id }: Client, hint: string | undefined): string | null {
  const named = hint === undefined ? undefined : decodeIdToken(services, hint)
  return named?.clientId === id ? named.accountId : null
}

// RU-07: who registered one may leave it out, unless it is an OpenID request (OIDC Core §3.1.2.1).
function redirectUriOf(client: Client, form: Form): string | undefined {
  const given = form.get('redirect_uri')
  if (given !== undefined) return isRegisteredRedirect(client, given) ? given : undefined
  const [only, another] = client.redirectUris
  const isOpenId = form.get('scope')?.split(' ').includes('openid') ?? false
  return another === undefined && !isOpenId ? only : undefined
}
