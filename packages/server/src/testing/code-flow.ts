// The code flow over a test server in single steps: a browser that is signed in, an authorization request, the code, the tokens.
// The pages in between are tested with the pages; here the person's answer is given where the pages would give it. Not for production.

import assert from 'node:assert/strict'
import type { Client } from '@countersign/protocol'
import { newBrowserSession } from '../accounts/browser-session.ts'
import { allowRequest, findOpenRequest } from '../authorization.ts'
import type { PlainResponse } from '../http.ts'
import { cookie, isSignedIn, openVisit } from '../pages/visit.ts'
import { basic } from './device-flow.ts'
import { type CallOptions, type TestServer, testAccount, testConfidentialClient } from './services.ts'

/** RFC 7636 App. B. */
export const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
export const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'

/** A website of the house: it has a secret, and nobody is asked. */
export const webClient: Client = {
  ...testConfidentialClient,
  id: 'web',
  name: 'Web',
  applicationType: 'web',
  grantTypes: ['authorization_code', 'refresh_token'],
  redirectUris: ['https://web.example/back'],
  skipsConsent: true,
}

/** A program on somebody's computer: no secret, and always a question. */
export const nativeClient: Client = {
  ...testConfidentialClient,
  id: 'native',
  name: 'Native',
  authMethods: ['none'],
  secrets: [],
  grantTypes: ['authorization_code', 'refresh_token'],
  redirectUris: ['http://127.0.0.1/back', 'com.example.native:/back'],
}

export interface CookieJar {
  readonly cookies: Map<string, string>
  /** One GET of an address on the server, keeping cookies; a browser, but for following. */
  get(target: string, more?: CallOptions): Promise<PlainResponse>
  post(target: string, form: CallOptions['form'], more?: CallOptions): Promise<PlainResponse>
  /** Signs in, as `/login` would. */
  signIn(amr?: readonly string[], accountId?: string): Promise<void>
}

export function openJar(server: TestServer): CookieJar {
  const cookies = new Map<string, string>()
  const keep = (lines: readonly string[]) => {
    for (const line of lines) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
  }
  const send = async (method: string, target: string, more: CallOptions) => {
    const header = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(header === '' ? {} : { cookie: header }), ...more.headers }
    const response = await server.call(method, target, { ...more, headers })
    keep([response.headers['set-cookie'] ?? []].flat())
    return response
  }
  return {
    cookies,
    get: (target, more = {}) => send('GET', target, more),
    post: (target, form, more = {}) =>
      send('POST', target, { ...more, ...(form === undefined ? {} : { form }) }),
    async signIn(amr = ['pwd'], accountId = testAccount.id) {
      const { services } = server
      const request = plainGet({})
      const { secret, session } = newBrowserSession(services, request, accountId, amr)
      assert.equal(
        await services.store.apply([{ op: 'insert', kind: 'browserSession', record: session }]),
        'applied',
      )
      keep([cookie(services, 'session', secret)])
    },
  }
}

/** The jar of a browser where Mia is signed in. */
export async function openSignedJar(server: TestServer): Promise<CookieJar> {
  const jar = openJar(server)
  await jar.signIn()
  return jar
}

/** The address of an authorization request; a parameter that is empty is left out. */
export function authorizePath(client: Client, given: Readonly<Record<string, string>> = {}): string {
  return `/oauth/authorize?${new URLSearchParams(authorizeForm(client, given))}`
}

export function authorizeForm(client: Client, given: Readonly<Record<string, string>> = {}) {
  const all = {
    response_type: 'code',
    client_id: client.id,
    redirect_uri: client.redirectUris[0] ?? '',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: 'the state',
    ...given,
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
}

/** The parameters of an answer to the client, which must be a redirect to its address. */
export function answerIn(response: PlainResponse, redirectUri: string): Record<string, string> {
  assert.equal(response.status, 303, response.body)
  assert.equal(response.headers['cache-control'], 'no-store')
  const location = String(response.headers.location)
  assert.ok(location.startsWith(redirectUri), location)
  return Object.fromEntries(new URLSearchParams(location.slice(location.indexOf('?') + 1)))
}

/** The reference in the address of the page that comes next, which must be `page`. */
export function referenceIn(response: PlainResponse, page: '/login' | '/consent'): string {
  assert.equal(response.status, 303, response.body)
  const [, path, reference = ''] =
    /^(\/[a-z]+)\?request=([\w-]{22,43})$/.exec(String(response.headers.location)) ?? []
  assert.equal(path, page, String(response.headers.location))
  return reference
}

/** What the consent page does with Allow. */
export async function allowIn(
  server: TestServer,
  jar: CookieJar,
  reference: string,
  scopes?: readonly string[],
): Promise<PlainResponse> {
  const header = [...jar.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const visit = await openVisit(server.services, plainGet({ cookie: header }))
  const open = await findOpenRequest(visit, reference)
  assert.ok(open && isSignedIn(visit))
  return allowRequest(visit, open, scopes ?? open.record.parameters.scopes)
}

const plainGet = (headers: Readonly<Record<string, string>>) => ({
  method: 'GET',
  path: '/',
  query: '',
  headers,
  body: '',
  address: '192.0.2.1',
  gone: () => false,
  onGone: () => {},
})

/** A code for a client that is not asked about, or whose question is answered with yes. */
export async function obtainCode(
  server: TestServer,
  client: Client = webClient,
  given: Readonly<Record<string, string>> = {},
): Promise<string> {
  const jar = await openSignedJar(server)
  const opened = await jar.get(authorizePath(client, given))
  const answer = String(opened.headers.location).startsWith('/consent')
    ? await allowIn(server, jar, referenceIn(opened, '/consent'))
    : opened
  const { code } = answerIn(answer, given.redirect_uri ?? client.redirectUris[0] ?? '')
  assert.ok(code)
  return code
}

/** The token request for a code, right but for what is given; a parameter that is empty is left out. */
export function redeemCode(
  server: TestServer,
  code: string,
  given: Readonly<Record<string, string>> = {},
  more: CallOptions = {},
): Promise<PlainResponse> {
  const all = { grant_type: 'authorization_code', code, code_verifier: verifier, ...given }
  const form = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
  const headers = 'client_id' in given ? {} : basic(webClient.id)
  return server.call('POST', '/oauth/token', { form, headers, ...more })
}
