// Somebody else's app, as the journeys meet it: it sends the person to /oauth/authorize, is called back on loopback, and from
// there leads on to a page on another host, as apps do. Its record is written into the store of the running server.

import { createHash, randomBytes } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type Client, plainClient, type Resource } from '@countersign/protocol'
import { openStore } from '@countersign/server'

export const notes = 'https://notes.example'

export interface App {
  readonly client: Client
  /** The address to open for a new request; what is asked for can be said otherwise. */
  begin(more?: Record<string, string>): string
  /** The parameters that came back for the request begun last, once they did. */
  answer(): Promise<URLSearchParams>
  /** How often it was called back for the request begun last. */
  answers(): number
  /** What the code of the last answer is worth. */
  redeem(): Promise<{ access_token?: string; scope?: string; error?: string }>
  /** Whether its callback leaves the browser where it is. */
  stall(on: boolean): void
  close(): Promise<void>
}

export type AppOptions = {
  issuer: string
  data: string
  name: string
  host?: '127.0.0.1' | '[::1]' | 'localhost'
  /** A client of its own with a secret is remembered; a public one is asked about each time. */
  secret?: string
  /** In place of an address of its own. */
  redirectUri?: string
}

export async function startApp(options: AppOptions): Promise<App> {
  const { issuer, host = '127.0.0.1', secret } = options
  const welcome = await listen('localhost', () => ({
    body: '<title>Welcome</title><main>Welcome back</main>',
  }))
  let waiting = fresh()
  let stalled = false
  const callback = await listen(host, (url) => {
    if (url.pathname !== '/back') return { status: 404, body: '' }
    waiting.count += 1
    waiting.arrived(url.searchParams)
    if (stalled) return { status: 204, body: '' }
    return { status: 303, location: `http://localhost:${portOf(welcome)}/welcome`, body: '' }
  })
  const redirectUri = options.redirectUri ?? `http://${host}:${portOf(callback)}/back`
  const client = await register(options, redirectUri)
  return {
    client,
    begin(more = {}) {
      waiting = fresh()
      const parameters = {
        client_id: client.id,
        response_type: 'code',
        redirect_uri: redirectUri,
        state: waiting.state,
        code_challenge: createHash('sha256').update(waiting.verifier).digest('base64url'),
        code_challenge_method: 'S256',
        scope: 'openid email notes:read notes:delete',
        ...more,
      }
      return `${issuer}/oauth/authorize?${new URLSearchParams(parameters)}`
    },
    answer: () => waiting.answer,
    answers: () => waiting.count,
    async redeem() {
      const said = await waiting.answer
      const form = {
        grant_type: 'authorization_code',
        code: said.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: waiting.verifier,
        client_id: client.id,
        ...(secret === undefined ? {} : { client_secret: secret }),
      }
      const response = await fetch(`${issuer}/oauth/token`, {
        method: 'POST',
        body: new URLSearchParams(form),
      })
      return (await response.json()) as { access_token?: string; scope?: string; error?: string }
    },
    stall(on) {
      stalled = on
    },
    async close() {
      for (const server of [welcome, callback]) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

function fresh() {
  const { promise: answer, resolve: arrived } = Promise.withResolvers<URLSearchParams>()
  const text = () => randomBytes(32).toString('base64url')
  return { answer, arrived, count: 0, state: text(), verifier: text() }
}

type Said = { status?: number; location?: string; body: string }

async function listen(host: string, answer: (url: URL) => Said): Promise<Server> {
  const server = createServer((request, response) => {
    const { status = 200, location, body } = answer(new URL(request.url ?? '/', 'http://app'))
    response.writeHead(status, { 'content-type': 'text/html', ...(location ? { location } : {}) }).end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, host.replace(/[[\]]/g, ''), resolve)
  })
  return server
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

async function register({ data, name, secret }: AppOptions, redirectUri: string): Promise<Client> {
  const hash = secret === undefined ? [] : [createHash('sha256').update(secret).digest('base64url')]
  const client = plainClient({
    id: `app-${randomBytes(6).toString('hex')}`,
    name,
    createdAt: Math.floor(Date.now() / 1000),
    grantTypes: ['authorization_code', 'refresh_token'],
    authMethods: secret === undefined ? ['none'] : ['client_secret_post'],
    secrets: hash.map((one) => ({ hash: one, endsAt: null })),
    scopes: ['openid', 'profile', 'email', 'notes:read', 'notes:write', 'notes:delete'],
    resources: [notes],
    redirectUris: [redirectUri],
  })
  const store = await openStore({ path: join(data, 'countersign.db') })
  try {
    if ((await store.read('resource', notes)) === undefined)
      await store.apply([{ op: 'insert', kind: 'resource', record: resource(client.createdAt) }])
    await store.apply([{ op: 'insert', kind: 'client', record: client }])
  } finally {
    await store.close()
  }
  return client
}

const resource = (createdAt: number): Resource => ({
  id: notes,
  version: 0,
  name: 'Notes',
  openToAll: false,
  accessTokenFormat: null,
  accessTokenSeconds: null,
  createdAt,
  scopes: [
    { scope: 'notes:read', words: 'read your notes', risk: null, optional: false },
    { scope: 'notes:write', words: 'write notes', risk: null, optional: false },
    { scope: 'notes:delete', words: 'empty the bin', risk: 'there is no way back', optional: true },
  ],
})

/** How many codes the client was given. */
export async function codesOf(data: string, client: Client): Promise<number> {
  const store = await openStore({ path: join(data, 'countersign.db') })
  try {
    return (await store.list('authorizationCode')).filter(({ clientId }) => clientId === client.id).length
  } finally {
    await store.close()
  }
}

/** Makes the time of every open request be over, as if the person had been away for long. */
export async function expireRequests(data: string): Promise<void> {
  const store = await openStore({ path: join(data, 'countersign.db') })
  try {
    for (const record of await store.list('authorizationRequest')) {
      if (record.status !== 'open') continue
      const over = { ...record, expiresAt: Math.floor(Date.now() / 1000) - 1 }
      await store.apply([{ op: 'update', kind: 'authorizationRequest', record: over }])
    }
  } finally {
    await store.close()
  }
}
