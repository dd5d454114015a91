// The stored sign-in with the official MCP clients of both generations: renewing, asking for more, and where the token never goes.
// The authorization server is scripted, the MCP server is the SDK's own. With real servers: test/mcp/stored-sign-in.test.ts.
import assert from 'node:assert/strict'
import type { Server } from 'node:http'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { serve } from '@hono/node-server'
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { type CredentialStore, keyOf, type LiveCredential } from './credentials.ts'
import { type McpAuth, type McpAuthOptions, mcpAuth } from './mcp.ts'
import { numberedTokens } from './testing/answers.ts'
import { json, paths, type ScriptedServer, startScriptedServer } from './testing/scripted-server.ts'
import { keepCurrent, liveCredential, newStore } from './testing/signed-in.ts'

let issuer: ScriptedServer
let store: CredentialStore
let stored: LiveCredential
let mcp: Server
let resource = ''
/** The tokens that the MCP server takes, and what it saw. */
let good = new Set<string>()
let mayErase = new Set<string>()
let seen: (string | undefined)[] = []

before(async () => {
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'notes', version: '1.0.0' })
    for (const name of ['read', 'erase'])
      server.registerTool(name, {}, () => ({ content: [{ type: 'text', text: `${name} done` }] }))
    return server
  })
  const guarded = async (request: Request): Promise<Response> => {
    const token = request.headers.get('authorization')?.slice('Bearer '.length)
    seen.push(token)
    const refuse = (status: number, challenge: string) =>
      new Response(null, { status, headers: { 'www-authenticate': `Bearer ${challenge}` } })
    if (token === undefined) return refuse(401, 'realm="notes"')
    if (!good.has(token)) return refuse(401, 'error="invalid_token"')
    if ((await request.clone().text()).includes('"erase"') && !mayErase.has(token))
      return refuse(403, 'error="insufficient_scope", scope="read erase"')
    return handler.fetch(request)
  }
  const { promise, resolve } = Promise.withResolvers<number>()
  mcp = serve({ fetch: guarded, hostname: '127.0.0.1', port: 0 }, ({ port }) => resolve(port)) as Server
  resource = `http://127.0.0.1:${await promise}/mcp`
})
after(async () => {
  mcp.closeAllConnections()
  await new Promise((resolve) => mcp.close(resolve))
})

beforeEach(async () => {
  issuer = await startScriptedServer()
  issuer.on(paths.token, numberedTokens({ scope: 'read' }))
  store = newStore()
  stored = liveCredential(issuer.issuer, { scope: 'read' })
  keepCurrent(store, stored)
  good = new Set(['ACCESS-canary-1'])
  mayErase = new Set()
  seen = []
})
afterEach(() => issuer.close())

const open = (more: Partial<McpAuthOptions> = {}): McpAuth =>
  mcpAuth({ issuer: issuer.issuer, clientId: 'test-cli', store, resource, ...more })

type Opened = { call: (name: string) => Promise<string>; close: () => Promise<void> }

async function connect1(auth: McpAuth, withFetch: boolean): Promise<Opened> {
  const client = new Client1({ name: 'test', version: '1.0.0' })
  const options = { authProvider: auth.generation1, ...(withFetch ? { fetch: auth.fetch } : {}) }
  const transport = new Transport1(new URL(resource), options)
  await client.connect(transport as Parameters<typeof client.connect>[0])
  return {
    call: async (name) => textOf(await client.callTool({ name, arguments: {} })),
    close: () => client.close(),
  }
}

async function connect2(auth: McpAuth, withFetch: boolean): Promise<Opened> {
  const client = new Client2({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
  const options = { authProvider: auth, ...(withFetch ? { fetch: auth.fetch } : {}) }
  await client.connect(new Transport2(new URL(resource), options))
  return {
    call: async (name) => textOf(await client.callTool({ name, arguments: {} })),
    close: () => client.close(),
  }
}

function textOf(result: object): string {
  const { content = [] } = result as { content?: { text?: string }[] }
  return content.map(({ text = '' }) => text).join('')
}

for (const [generation, connect] of [
  [1, connect1],
  [2, connect2],
] as const)
  describe(`generation ${generation}`, () => {
    for (const withFetch of [false, true])
      test(`MX-08 MX-14 the token is one for this server alone${withFetch ? ', with our fetch' : ''}`, async () => {
        const client = await connect(open(), withFetch)
        assert.equal(await client.call('read'), 'read done')
        await client.close()
        assert.deepEqual([...new Set(seen)], ['ACCESS-canary-1'])
        assert.deepEqual(
          issuer.at(paths.token).map(({ form }) => form.resource),
          [resource],
        )
      })

    test('CL-09 a token that is refused in between is renewed, and the call goes on', async () => {
      const client = await connect(open(), true)
      good = new Set(['ACCESS-canary-2'])
      assert.equal(await client.call('read'), 'read done')
      await client.close()
    })

    test('MX-11 a call that needs more asks once, with all scopes, and goes on', async () => {
      const asked: unknown[] = []
      const auth = open({
        onStepUp: async (needs) => {
          asked.push(needs)
          store.write({ ...stored, refreshToken: 'REFRESH-canary-more', scope: 'read erase' })
          good.add('ACCESS-canary-2')
          mayErase.add('ACCESS-canary-2')
          return 'retry'
        },
      })
      const client = await connect(auth, true)
      assert.equal(await client.call('erase'), 'erase done')
      await client.close()
      assert.deepEqual(asked, [{ scope: 'openid read erase', missing: ['erase'], resource }])
      assert.equal(issuer.at(paths.token).at(-1)?.form.refresh_token, 'REFRESH-canary-more')
    })

    test('CL-19 without a sign-in it ends with that, and nothing is asked of the issuer', async () => {
      store.remove(keyOf(stored))
      await assert.rejects(connect(open(), false), { code: 'sign_in_required' })
      assert.equal(issuer.at(paths.token).length, 0)
    })
  })

test('generation 2 renews without our fetch too', async () => {
  const client = await connect2(open(), false)
  good = new Set(['ACCESS-canary-2'])
  assert.equal(await client.call('read'), 'read done')
  await client.close()
})

test('MX-04 CL-07 a token for one server goes to no other place', async () => {
  const auth = open()
  const elsewhere = new URL('https://mcp.example/mcp')
  await assert.rejects(auth.onUnauthorized({ serverUrl: elsewhere }), /is not within/)
  await assert.rejects(auth.generation1.validateResourceURL(elsewhere), /is not within/)
  issuer.on('/metadata', json(200, {}))
  await auth.fetch(`${issuer.issuer}/metadata`)
  assert.equal(issuer.at('/metadata')[0]?.headers.authorization, undefined)
  for (const near of [`${resource}x`, `${new URL(resource).origin}/`]) await auth.fetch(near)
  assert.deepEqual(seen, [undefined, undefined])
})
