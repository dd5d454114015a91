// A person's browser for tests without sockets: it keeps cookies, follows redirects, and posts the forms that pages hold.
// The server behind it is ../testing/services.ts; tests in a real browser are in the workspace's test/journey.

import type { AuthorizationParameters, Client } from '@countersign/protocol'
import { hashPassword } from '../accounts/password.ts'
import { openedRequest } from '../authorization-requests.ts'
import type { PlainResponse } from '../http.ts'
import { createTestServer, startOfTime, type TestOptions, type TestServer } from '../testing/services.ts'
import { openVisit } from './visit.ts'

export interface Shown extends PlainResponse {
  /** Where the browser is after redirects. */
  readonly path: string
  /** The address outside to which the last answer leads, by redirect or by a page that goes on. */
  readonly leaves: URL | undefined
}

export interface TestBrowser {
  readonly cookies: Map<string, string>
  /** Sent with each request. */
  readonly headers: Record<string, string>
  address: string
  get(path: string): Promise<Shown>
  /** One POST as it stands, without following. */
  post(path: string, form: Readonly<Record<string, string>>): Promise<PlainResponse>
  /** Fills in and sends the form of `page` that goes to `action` and holds `having`. */
  submit(
    page: PlainResponse,
    action: string,
    fields?: Readonly<Record<string, string>>,
    having?: string,
  ): Promise<Shown>
}

export function openBrowser(server: TestServer, address = '192.0.2.1'): TestBrowser {
  const cookies = new Map<string, string>()
  const headers: Record<string, string> = { 'user-agent': firefox, 'sec-fetch-site': 'same-origin' }
  const sent = () => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    return cookie === '' ? headers : { ...headers, cookie }
  }
  const keep = (response: PlainResponse) => {
    for (const line of [response.headers['set-cookie'] ?? []].flat()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/Max-Age=0\b/.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    return response
  }
  const follow = async (response: PlainResponse, path: string): Promise<Shown> => {
    const leaves = leavesTo(response)
    if (response.status !== 303 || leaves !== undefined) return { ...response, path, leaves }
    return browser.get(String(response.headers.location))
  }
  const browser: TestBrowser = {
    cookies,
    headers,
    address,
    async get(target) {
      const path = target.replace(/#.*/, '')
      return follow(keep(await server.call('GET', path, { headers: sent(), address: browser.address })), path)
    },
    async post(path, form) {
      return keep(await server.call('POST', path, { form, headers: sent(), address: browser.address }))
    },
    async submit(page, action, fields = {}, having = '') {
      return follow(await browser.post(action, { ...hiddenFields(page, action, having), ...fields }), action)
    },
  }
  return browser
}

function leavesTo({ headers }: PlainResponse): URL | undefined {
  const target = headers.location ?? /^0;url=(.*)$/.exec(String(headers.refresh ?? ''))?.[1]
  return target === undefined || String(target).startsWith('/') ? undefined : new URL(String(target))
}

/** The hidden inputs of a form, with their values. */
export function hiddenFields(page: PlainResponse, action: string, having = ''): Record<string, string> {
  const forms = page.body.match(/<form [\s\S]*?<\/form>/g) ?? []
  const form = forms.find((text) => text.includes(`action="${action}"`) && text.includes(having))
  if (form === undefined) throw new Error(`The page has no form for ${action} with "${having}".`)
  const inputs = form.match(/<input type="hidden"[^>]*>/g) ?? []
  return Object.fromEntries(
    inputs.map((input) => [/name="([^"]*)"/.exec(input)?.[1], /value="([^"]*)"/.exec(input)?.[1] ?? '']),
  )
}

/** An authorization request that `browser` has just opened, as /oauth/authorize leaves it; its reference. */
export async function openedIn(
  server: TestServer,
  browser: TestBrowser,
  client: Client,
  parameters: Partial<AuthorizationParameters> = {},
): Promise<string> {
  const { services } = server
  const headers = { cookie: [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ') }
  const visit = await openVisit(services, { ...plainGet, headers, address: browser.address })
  const asked = { client, parameters: { ...plainParameters(client), ...parameters }, refusal: null }
  const { record, reference, cookie } = openedRequest(visit, asked)
  await services.store.apply([{ op: 'insert', kind: 'authorizationRequest', record }])
  const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
  browser.cookies.set(name, value)
  return reference
}

/** A request without cookies, for what is called beside the handler. */
export const plainGet = {
  method: 'GET',
  path: '/oauth/authorize',
  query: '',
  headers: {},
  body: '',
  address: '192.0.2.1',
  gone: () => false,
  onGone: () => {},
}

const plainParameters = (client: Client): AuthorizationParameters => ({
  redirectUri: client.redirectUris[0] ?? '',
  responseMode: 'query',
  state: 'the state',
  nonce: null,
  codeChallenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  scopes: client.scopes,
  resources: [],
  prompt: [],
  maxAge: null,
  acrValues: [],
  loginHint: null,
  hintedAccountId: null,
  jkt: null,
})

export const password = 'four quiet green boats'

/** A program of somebody else's, with a secret, a page to go back to, and a resource with words for its scopes. */
export async function addEditor(server: TestServer, changes: Partial<Client> = {}): Promise<Client> {
  const record = {
    id: 'https://notes.example',
    version: 0,
    name: 'Notes',
    openToAll: false,
    accessTokenFormat: null,
    accessTokenSeconds: null,
    createdAt: startOfTime,
    scopes: [
      { scope: 'notes:read', words: 'read your notes', risk: null, optional: false },
      { scope: 'notes:delete', words: 'empty the bin', risk: 'there is no way back', optional: true },
    ],
  }
  await server.services.store.apply([{ op: 'insert', kind: 'resource', record }])
  return server.addClient({
    id: 'editor',
    name: 'Editor',
    authMethods: ['client_secret_basic'],
    grantTypes: ['authorization_code', 'refresh_token'],
    redirectUris: ['https://editor.example/back'],
    scopes: ['openid', 'email', 'notes:read', 'notes:delete'],
    resources: ['https://notes.example'],
    ...changes,
  })
}

/** A server with the account mia@example.com and the client of our own program. */
export async function createPeopledServer(options: TestOptions = {}): Promise<TestServer> {
  const server = await createTestServer(options)
  await server.addClient()
  await server.addAccount({ passwordHash: await hashPassword(password, server.services.system) })
  return server
}

export async function signIn(browser: TestBrowser, email = 'mia@example.com'): Promise<Shown> {
  return browser.submit(await browser.get('/login'), '/login', { email, password }, 'name="email"')
}

export interface Asked {
  readonly device_code: string
  readonly user_code: string
}

/** A device asks for a code, from the network of the browser unless told otherwise. */
export async function ask(
  server: TestServer,
  form: Readonly<Record<string, string>> = {},
  address = '192.0.2.1',
): Promise<Asked> {
  const response = await server.call('POST', '/oauth/device/authorize', {
    form: { client_id: 'countersign-cli', ...form },
    headers: { 'user-agent': 'acme-cli/1.4 (linux; x64)' },
    address,
  })
  return JSON.parse(response.body) as Asked
}

/** What the token endpoint says to the device, without pause between polls. */
export async function poll(server: TestServer, { device_code }: Asked): Promise<Record<string, string>> {
  server.advance(6)
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const form = { client_id: 'countersign-cli', grant_type, device_code }
  return JSON.parse((await server.call('POST', '/oauth/token', { form })).body) as Record<string, string>
}

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'
