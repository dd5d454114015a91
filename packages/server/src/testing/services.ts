// A server without sockets for tests: the real handler over the memory store (or one that is handed in), with a clock that
// stands still until the test moves it.

import { type Account, type Client, plainClient } from '@countersign/protocol'
import type { KnownToken, KnownTokens } from '../access-token-facts.ts'
import { createUpstreams } from '../accounts/upstream/providers.ts'
import { createHeavyWork } from '../admin/heavy-work.ts'
import { ownClientId } from '../admin/own-client.ts'
import { createClientDirectory, createResourceDirectory } from '../client-directory.ts'
import { createClientKeys } from '../client-keys.ts'
import { type Config, loadConfig } from '../config.ts'
import type { Connections } from '../connections.ts'
import { createRegistrationPlaces } from '../endpoints/register-limit.ts'
import { createGuardedFetch, type FetchGuardOptions } from '../fetch-guard.ts'
import { createHandler, type Handler } from '../handler.ts'
import { createHeldPolls } from '../held-polls.ts'
import type { PlainRequest, PlainResponse } from '../http.ts'
import { openKeys } from '../keys.ts'
import { type Log, silentLog } from '../log.ts'
import { createMemory, type Memory } from '../memory.ts'
import { createPacing } from '../pacing.ts'
import { createSecrets, digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import { openMemoryStore } from '../store/memory.ts'
import type { Store } from '../store/store.ts'
import { createSystem } from '../system.ts'
import { createThrottle } from '../throttle.ts'

export interface TestServer {
  readonly services: Services
  readonly handler: Handler
  /** Moves the clock. */
  advance(seconds: number): void
  /** One request to the handler; a form is a record or a ready body. */
  call(method: string, path: string, more?: CallOptions): Promise<PlainResponse>
  addClient(client?: Partial<Client>): Promise<Client>
  addAccount(account?: Partial<Account>): Promise<Account>
}

export interface CallOptions {
  readonly form?: Readonly<Record<string, string>> | string
  readonly headers?: Readonly<Record<string, string>>
  readonly address?: string
  readonly gone?: () => boolean
}

export const startOfTime = 1_800_000_000
export const confidentialSecret = 'a-secret-of-more-than-thirty-two-characters'

export interface TestOptions {
  readonly settings?: Partial<Config>
  readonly store?: Store
  readonly log?: Log
  /** How names are resolved and whom TLS trusts, where documents and keys are fetched. */
  readonly outside?: Partial<FetchGuardOptions>
  /** What time it is at first: that of the machine, where others have clocks of their own. */
  readonly startsAt?: number
  /** Accounts elsewhere that people connect. */
  readonly connections?: Connections
  /** What is remembered of access tokens: nothing, unless the test is about that. */
  readonly knownTokens?: KnownTokens
}

export async function createTestServer({
  settings = {},
  store = openMemoryStore(),
  log = silentLog,
  outside = {},
  startsAt = startOfTime,
  connections,
  knownTokens = { sealed: forgetful, signed: forgetful },
}: TestOptions = {}): Promise<TestServer> {
  const config = await loadConfig({
    options: { issuer: 'https://login.example', ...settings },
    file: undefined,
  })
  let now = startsAt
  const system = { ...createSystem(), now: () => Math.floor(now), clock: () => now }
  const secrets = createSecrets(Buffer.alloc(32, 7), system)
  const settled = { ...config, issuer: config.issuer ?? 'https://login.example' }
  const fetchJson = createGuardedFetch({ development: settled.issuer.startsWith('http:'), ...outside })
  const services: Services = {
    config: settled,
    system,
    store,
    secrets,
    keys: await openKeys({ store, secrets, system }),
    clients: createClientDirectory({ config: settled, store, system, fetchJson, log }),
    clientKeys: createClientKeys(fetchJson, system),
    resources: createResourceDirectory(store, system),
    upstreams: createUpstreams(config, system),
    connections,
    pacing: createPacing(),
    held: createHeldPolls(store),
    throttle: createThrottle(config, store, system),
    registrationPlaces: createRegistrationPlaces(config, store, system),
    heavyWork: createHeavyWork(),
    knownTokens,
    seenProofs: createMemory(20_000),
    log,
  }
  const handler = createHandler(services)
  const insert = async (write: Parameters<Store['apply']>[0][number]) => {
    if ((await store.apply([write])) === 'conflict') throw new Error('The test inserted something twice.')
  }
  return {
    services,
    handler,
    advance: (seconds) => {
      now += seconds
    },
    call: (method, path, more = {}) => handler(plainRequest(method, path, more)),
    async addClient(client = {}) {
      const record = { ...testClient, ...client }
      await insert({ op: 'insert', kind: 'client', record })
      return record
    },
    async addAccount(account = {}) {
      const record = { ...testAccount, ...account }
      await insert({ op: 'insert', kind: 'account', record })
      return record
    },
  }
}

// Every token is opened or checked, as by a server that did not make it.
const forgetful: Memory<KnownToken> = { get: () => undefined, set: () => {} }

/** What remembers tokens as a server does, but not so many. */
export function createKnownTokens(): KnownTokens {
  return { sealed: createMemory(10), signed: createMemory(10) }
}

/** One where a person can sign in: with the account, and clients that differ from `testClient` in what is given. */
export async function createTestServerWith(
  clients: readonly Partial<Client>[] = [testClient],
  options: TestOptions = {},
): Promise<TestServer> {
  const server = await createTestServer(options)
  for (const client of clients) await server.addClient(client)
  await server.addAccount()
  return server
}

function plainRequest(
  method: string,
  path: string,
  { form, headers = {}, address, gone }: CallOptions,
): PlainRequest {
  const [pathOnly = '', query = ''] = path.split('?')
  const body = form === undefined || typeof form === 'string' ? form : new URLSearchParams(form).toString()
  const type: Record<string, string> =
    body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
  return {
    method,
    path: pathOnly,
    query,
    headers: { ...type, ...headers },
    body: body ?? '',
    address: address ?? '192.0.2.1',
    gone: gone ?? (() => false),
    onGone: () => {},
  }
}

export const testClient: Client = plainClient({
  id: ownClientId,
  name: 'Test CLI',
  grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
  scopes: ['openid', 'profile', 'email', 'offline_access'],
  createdAt: startOfTime,
})

/** A client with the secret `confidentialSecret`. */
export const testConfidentialClient: Client = {
  ...testClient,
  id: 'api',
  name: 'Test API',
  authMethods: ['client_secret_basic', 'client_secret_post'],
  secrets: [{ hash: digest(confidentialSecret), endsAt: null }],
}

export const testAccount: Account = {
  id: 'usr_mia',
  version: 0,
  email: 'mia@example.com',
  name: 'Mia',
  passwordHash: null,
  admin: false,
  createdAt: startOfTime,
  disabledAt: null,
}
