import assert from 'node:assert/strict'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { InvalidTokenError } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { requireBearerAuth } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { createMcpHandler, McpServer as McpServer2, requireScopes } from '@modelcontextprotocol/server'
import express from 'express'
import { identityOf } from './attached.ts'
import { type McpResource, protectMcp } from './mcp.ts'
import type { ResourceOptions } from './settings.ts'
import { startIssuer, type TestIssuer } from './testing/issuer.ts'

let issuer: TestIssuer
const lasting = { exp: 4_000_000_000 }

before(async () => {
  issuer = await startIssuer()
})
after(() => issuer.close())

type Served = { url: string; close: () => Promise<unknown> }

/** The address is part of what is protected, so the socket comes first and its handler after. */
async function serve(listener: (url: string) => RequestListener): Promise<Served> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  server.on('request', listener(url))
  return {
    url,
    close: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(resolve))
    },
  }
}

const protectAt = (resource: string, more: Partial<ResourceOptions> = {}): McpResource =>
  protectMcp({ resource, issuer: issuer.url, scopes: ['notes:read'], ...more })

const whoami = (authInfo: { extra?: Record<string, unknown> } | undefined) => {
  const identity = identityOf(authInfo?.extra)
  return { content: [{ type: 'text' as const, text: `${identity.subject} by ${identity.clientId}` }] }
}

/** A server of generation 1, without sessions, behind whatever guards it. */
function generation1(guard: express.RequestHandler): express.Express {
  const app = express()
  app.use(guard)
  app.all('/mcp', async (request, response) => {
    const server = new McpServer1({ name: 'notes', version: '1.0.0' })
    server.registerTool('whoami', {}, ({ authInfo }) => whoami(authInfo))
    // The SDK's own types leave the absence of a session generator out of its options.
    const transport = new StreamableHTTPServerTransport({})
    await server.connect(transport as Parameters<typeof server.connect>[0])
    await transport.handleRequest(request, response)
  })
  return app
}

// The SDK declares optional members in a way that is not quite Node's; what it is made for is Node's.
const listenerOf = (handler: Parameters<typeof toNodeHandler>[0]) => toNodeHandler(handler) as RequestListener

function generation2(): ReturnType<typeof createMcpHandler> {
  return createMcpHandler(() => {
    const server = new McpServer2({ name: 'notes', version: '2.0.0' })
    server.registerTool('whoami', {}, ({ http }) => whoami(http?.authInfo))
    const scopeChallenge = requireScopes('notes:read', 'notes:erase')
    server.registerTool('erase', { scopeChallenge }, () => ({ content: [] }))
    return server
  })
}

const ways: [string, (url: string) => RequestListener][] = [
  ['generation 1 on Express', (url) => generation1(protectAt(url).express)],
  [
    'generation 2 as a web-standard handler',
    (url) => listenerOf({ fetch: protectAt(url).fetch(generation2().fetch) }),
  ],
  ['generation 2 on node:http', (url) => protectAt(url).node(listenerOf(generation2()))],
]

for (const [name, listener] of ways) {
  describe(name, () => {
    let served: Served
    before(async () => {
      served = await serve(listener)
    })
    after(() => served.close())
    const sign = (claims: object = {}) => issuer.sign({ aud: served.url, ...lasting, ...claims })
    const requestInit = (token: string) => ({
      requestInit: { headers: { authorization: `Bearer ${token}` } },
    })

    test('MS-05 RS-11 a tool learns who calls it, from clients of both generations', async () => {
      const url = new URL(served.url)
      const first = new Client1({ name: 'test', version: '1.0.0' })
      await first.connect(
        new Transport1(url, requestInit(await sign())) as Parameters<typeof first.connect>[0],
      )
      const second = new Client2({ name: 'test', version: '2.0.0' })
      await second.connect(new Transport2(url, requestInit(await sign())))
      for (const client of [first, second]) {
        const { content } = await client.callTool({ name: 'whoami', arguments: {} })
        assert.deepEqual(content, [{ type: 'text', text: 'usr_mia by notes-cli' }])
        await client.close()
      }
    })

    test('MS-02 MS-03 MS-04 MS-06 MS-07 every method needs a token, and the challenge names scope and metadata', async () => {
      for (const method of ['POST', 'GET', 'DELETE']) {
        const headers = { 'mcp-session-id': 'stolen', accept: 'application/json, text/event-stream' }
        const response = await fetch(served.url, { method, headers })
        assert.equal(response.status, 401, method)
        const challenge = response.headers.get('www-authenticate') ?? ''
        const place = served.url.replace('/mcp', '/.well-known/oauth-protected-resource/mcp')
        assert.match(challenge, /^Bearer scope="notes:read", resource_metadata="/)
        assert.ok(challenge.includes(`resource_metadata="${place}"`))
        assert.ok(!challenge.includes('error=') && !challenge.includes('offline_access'))
        const document = (await (await fetch(place)).json()) as Record<string, unknown>
        assert.deepEqual([document.resource, document.authorization_servers], [served.url, [issuer.url]])
      }
    })

    test('MS-03 MS-05 a token for another server is 401, too little scope 403, nonsense in the header 400', async () => {
      const status = async (authorization: string) =>
        (await fetch(served.url, { method: 'POST', headers: { authorization } })).status
      assert.equal(await status(`Bearer ${await sign({ aud: 'https://other.example.com/mcp' })}`), 401)
      assert.equal(await status(`Bearer ${await sign({ scope: 'other' })}`), 403)
      assert.equal(await status('Bearer a b'), 400)
    })
  })
}

test('MS-04 MX-11 generation 2: a tool that needs more says so in a challenge that leads to the same metadata', async () => {
  const served = await serve((url) => listenerOf({ fetch: protectAt(url).fetch(generation2().fetch) }))
  try {
    const challenges: (string | null)[] = []
    const watched = async (url: string | URL, init?: RequestInit) => {
      const response = await fetch(url, init)
      if (response.status === 403) challenges.push(response.headers.get('www-authenticate'))
      return response
    }
    const headers = { authorization: `Bearer ${await issuer.sign({ aud: served.url, ...lasting })}` }
    const client = new Client2({ name: 'test', version: '2.0.0' }, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new Transport2(new URL(served.url), { requestInit: { headers }, fetch: watched }))
    await assert.rejects(client.callTool({ name: 'erase', arguments: {} }))
    const place = served.url.replace('/mcp', '/.well-known/oauth-protected-resource/mcp')
    assert.ok(challenges[0]?.includes('error="insufficient_scope"'))
    assert.ok(challenges[0]?.includes('scope="notes:read notes:erase"'))
    assert.ok(challenges[0]?.includes(`resource_metadata="${place}"`))
    await client.close()
  } finally {
    await served.close()
  }
})

describe('the own guards of the SDK', () => {
  test('generation 1: a verifier for requireBearerAuth, with errors that it understands', async () => {
    const served = await serve((url) => {
      const mcp = protectAt(url)
      const verifier = mcp.verifier((message) => new InvalidTokenError(message))
      const resourceMetadataUrl = mcp.resource.metadata.url
      return generation1(requireBearerAuth({ verifier, resourceMetadataUrl, expectedResource: new URL(url) }))
    })
    try {
      const status = async (token: string) => {
        const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
        return (await fetch(served.url, { method: 'POST', headers, body: '{}' })).status
      }
      assert.equal(await status('nonsense'), 401)
      assert.equal(await status(await issuer.sign({ ...lasting })), 401)
      assert.notEqual(await status(await issuer.sign({ aud: served.url, ...lasting })), 401)
    } finally {
      await served.close()
    }
  })

  test('RS-13 an outage is not taken for a bad token', async () => {
    const away = await startIssuer()
    const token = await away.sign(lasting)
    await away.close()
    const verifier = protectMcp({ resource: 'https://api.example.com/notes', issuer: away.url }).verifier(
      (message) => new InvalidTokenError(message),
    )
    await assert.rejects(verifier.verifyAccessToken(token), { code: 'network' })
  })
})
