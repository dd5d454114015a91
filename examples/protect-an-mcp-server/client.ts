// A client of the MCP server that knows nothing but its address: the 401 leads to the metadata, the metadata to the server
// to sign in at, and a browser back here. By default it registers itself; with CLIENT_ID it is one that is registered already.
// The SDK (generation 2) does the OAuth; here is what a program has to add: a place to come back to, and a memory.

import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  Client,
  type OAuthClientProvider,
  type OAuthDiscoveryState,
  type StoredOAuthClientInformation,
  type StoredOAuthTokens,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'

const resource = new URL(process.env.RESOURCE ?? 'http://localhost:3001/mcp')

const comeBack = Promise.withResolvers<URLSearchParams>()
const receiver = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://127.0.0.1')
  if (pathname !== '/callback') return response.writeHead(404).end()
  response.end('Signed in. You can close this page.')
  comeBack.resolve(searchParams)
})
await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve))

const redirectUrl = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/callback`
const state = randomUUID()
// A registration belongs to the server that made it, and is never shown to another.
let registered: StoredOAuthClientInformation | undefined = process.env.CLIENT_ID
  ? { client_id: process.env.CLIENT_ID, issuer: process.env.COUNTERSIGN_SERVER ?? 'http://localhost:4000' }
  : undefined
let tokens: StoredOAuthTokens | undefined
let verifier = ''
let discovered: OAuthDiscoveryState | undefined

const provider: OAuthClientProvider = {
  redirectUrl,
  clientMetadata: {
    client_name: 'The notes client',
    redirect_uris: [redirectUrl],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'none',
    application_type: 'native',
  },
  state: () => state,
  clientInformation: () => registered,
  saveClientInformation: (information) => {
    registered = information
  },
  tokens: () => tokens,
  saveTokens: (given) => {
    tokens = given
  },
  codeVerifier: () => verifier,
  saveCodeVerifier: (made) => {
    verifier = made
  },
  discoveryState: () => discovered,
  saveDiscoveryState: (found) => {
    discovered = found
  },
  redirectToAuthorization: (url) => console.error(`Open ${url}`),
}

const client = new Client(
  { name: 'notes-client', version: '1.0.0' },
  { versionNegotiation: { mode: 'auto' } },
)
const transport = () => new StreamableHTTPClientTransport(resource, { authProvider: provider })
const first = transport()
try {
  await client.connect(first)
} catch (error) {
  if (!(error instanceof UnauthorizedError)) throw error
  const parameters = await comeBack.promise
  if (parameters.get('state') !== state) throw new Error('somebody else came back')
  // The SDK compares `iss` with the server that it sent the browser to (RFC 9207).
  await first.finishAuth(parameters)
  await client.connect(transport())
}
const { content } = await client.callTool({ name: 'whoami', arguments: {} })
console.log(content.map((part) => (part.type === 'text' ? part.text : '')).join(''))
await client.close()
receiver.close()
