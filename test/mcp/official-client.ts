// The official MCP clients of both generations, as a program would use them: a memory, an address to come back to, and
// what `connect` throws on the first 401 answered by a person at the real pages. Everything that they send is kept.
// What they have to get is sign-in.test.ts.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import {
  Client as Client2,
  type OAuthDiscoveryState,
  type OAuthClientProvider as Provider2,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport as Transport2,
} from '@modelcontextprotocol/client'
import type { OAuthClientProvider as Provider1 } from '@modelcontextprotocol/sdk/client/auth.js'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'

export type Generation = 1 | 2

export type Sent = { method: string; url: string; body: string; authorization: string | null; status: number }

export type Memory = {
  registered?: StoredOAuthClientInformation | undefined
  tokens?: StoredOAuthTokens | undefined
  authorizationUrl?: URL
  verifier?: string
  discovery?: OAuthDiscoveryState
}

export type How = {
  server: string
  /** A person's browser: opens the address, and returns the one that it is sent back to. */
  browser: (url: URL) => Promise<URL>
  /** Registered before; else by its document; else by registering itself. */
  registered?: StoredOAuthClientInformation
  clientMetadataUrl?: string
  dpop?: Provider2['dpop']
}

export type SignedIn = {
  sent: Sent[]
  memory: Memory
  back: URL
  protocolVersion: string | undefined
  callTool: (name: string) => Promise<string>
  /** After another sign-in that a call has asked for. */
  finish: (back: URL) => Promise<void>
  close: () => Promise<void>
}

export const redirectUrl = 'http://127.0.0.1:4711/callback'
export const clientMetadata = {
  client_name: 'The official client',
  redirect_uris: [redirectUrl],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
}

/** From the first 401 to a client that is connected. */
export async function signIn(generation: Generation, how: How): Promise<SignedIn> {
  const sent: Sent[] = []
  const memory: Memory = { registered: how.registered }
  const state = randomUUID()
  const provider = providerOf(how, memory, state)
  const client = generation === 1 ? openClient1(how, provider, sent) : openClient2(how, provider, sent)
  await assert.rejects(client.connect(), { name: /^(Unauthorized|)Error$/, message: /Unauthorized/ })
  assert.ok(memory.authorizationUrl, 'the client sent nobody to sign in')
  const back = await how.browser(memory.authorizationUrl)
  assert.equal(back.searchParams.get('state'), state)
  await client.finish(back)
  await client.connect()
  return { sent, memory, back, ...client, protocolVersion: client.version() }
}

/** One provider for both generations; what the first does not know, it does not call. */
export function providerOf(how: How, memory: Memory, state: string): Provider2 {
  return {
    redirectUrl,
    clientMetadata: { ...clientMetadata, application_type: 'native' },
    ...(how.clientMetadataUrl === undefined ? {} : { clientMetadataUrl: how.clientMetadataUrl }),
    ...(how.dpop === undefined ? {} : { dpop: how.dpop }),
    state: () => state,
    clientInformation: () => memory.registered,
    saveClientInformation: (information) => {
      memory.registered = information
    },
    tokens: () => memory.tokens,
    saveTokens: (tokens) => {
      memory.tokens = tokens
    },
    redirectToAuthorization: (url) => {
      memory.authorizationUrl = url
    },
    saveCodeVerifier: (verifier) => {
      memory.verifier = verifier
    },
    codeVerifier: () => memory.verifier ?? '',
    saveDiscoveryState: (state) => {
      memory.discovery = state
    },
    discoveryState: () => memory.discovery,
  }
}

type Opened = {
  connect: () => Promise<void>
  finish: (back: URL) => Promise<void>
  version: () => string | undefined
  callTool: (name: string) => Promise<string>
  close: () => Promise<void>
}

function openClient1({ server }: How, provider: Provider2, sent: Sent[]): Opened {
  const client = new Client1({ name: 'official', version: '1.0.0' })
  const open = () =>
    new Transport1(new URL(server), { authProvider: provider as Provider1, fetch: keeping(sent) })
  let transport = open()
  return {
    connect: async () => {
      transport = open()
      await client.connect(transport as Parameters<typeof client.connect>[0])
    },
    // This generation leaves `iss` to the program (RFC 9207 §2.4).
    finish: (back) => transport.finishAuth(back.searchParams.get('code') ?? ''),
    version: () => transport.protocolVersion,
    callTool: async (name) => textOf(await client.callTool({ name, arguments: {} })),
    close: () => client.close(),
  }
}

function openClient2({ server }: How, provider: Provider2, sent: Sent[]): Opened {
  const client = new Client2({ name: 'official', version: '2.0.0' }, { versionNegotiation: { mode: 'auto' } })
  const open = () => new Transport2(new URL(server), { authProvider: provider, fetch: keeping(sent) })
  let transport = open()
  return {
    connect: async () => {
      transport = open()
      await client.connect(transport)
    },
    finish: (back) => transport.finishAuth(back.searchParams),
    version: () => client.getNegotiatedProtocolVersion(),
    callTool: async (name) => textOf(await client.callTool({ name, arguments: {} })),
    close: () => client.close(),
  }
}

function keeping(sent: Sent[]): (url: string | URL, init?: RequestInit) => Promise<Response> {
  return async (url, init) => {
    const response = await fetch(url, init)
    sent.push({
      method: init?.method ?? 'GET',
      url: String(url),
      body: init?.body === undefined ? '' : String(init.body),
      authorization: new Headers(init?.headers).get('authorization'),
      status: response.status,
    })
    return response
  }
}

function textOf(result: object): string {
  const { content = [] } = result as { content?: { text?: string }[] }
  return content.map(({ text = '' }) => text).join('')
}
