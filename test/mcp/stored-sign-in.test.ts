// One sign-in by the program, then the official MCP clients of both generations on what it stored, against the example servers of
// both generations and a real authorization server. What happens when something goes wrong: packages/client/src/mcp.test.ts.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { mcpAuth, openStore } from '@countersign/client'
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { addResource, startExample } from '../support/example.ts'
import { freePort } from '../support/free-port.ts'
import { addClient, addMia, openPerson } from '../support/person.ts'
import { type RunningServer, runProgram, startServer } from '../support/process.ts'

let server: RunningServer
let home = ''
const stops: (() => unknown)[] = []

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'countersign-mcp-'))
  server = await startServer()
  await addMia('--data', server.data)
  const grants = ['--grant', 'device_code', '--grant', 'refresh_token']
  const scopes = ['openid', 'email', 'notes:read'].flatMap((scope) => ['--scope', scope])
  await addClient('agent-cli', undefined, ...grants, ...scopes, '--data', server.data)
})
after(async () => {
  for (const stop of stops) await stop()
  await server.stop()
  rmSync(home, { recursive: true, force: true })
})

const env = () => ({
  COUNTERSIGN_SERVER: server.issuer,
  COUNTERSIGN_CLIENT_ID: 'agent-cli',
  COUNTERSIGN_STORE: 'file',
  COUNTERSIGN_CONFIG_DIR: join(home, 'config'),
})

async function startMcpServer(path: string): Promise<string> {
  const RESOURCE = `http://localhost:${await freePort()}/mcp`
  await addResource(server.data, RESOURCE, { 'notes:read': 'read your notes' })
  const example = { home, env: { RESOURCE, COUNTERSIGN_SERVER: server.issuer } }
  stops.push((await startExample(path, example)).stop)
  return RESOURCE
}

async function signIn(resource: string): Promise<void> {
  const args = ['login', '--json', '--resource', resource, '--scope', 'openid email notes:read']
  const begun = JSON.parse((await runProgram([...args, '--no-wait'], { home, env: env() })).stdout)
  const person = openPerson(() => server.issuer)
  await person.signIn()
  await person.decide(begun.user_code, 'allow')
  const resume = ['login', '--resume', begun.flow, '--wait', '20', '--json']
  assert.equal((await runProgram(resume, { home, env: env() })).code, 0)
}

for (const [generation, path] of [
  [1, 'protect-an-mcp-server/generation-1.ts'],
  [2, 'protect-an-mcp-server/main.ts'],
] as const)
  test(`MX-08 MX-14 MX-17 the stored sign-in is an authProvider for a server of generation ${generation}`, async () => {
    const resource = await startMcpServer(path)
    await signIn(resource)
    const auth = mcpAuth({
      issuer: server.issuer,
      clientId: 'agent-cli',
      resource,
      store: openStore({ env: env() }),
    })

    const client2 = new Client2({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } })
    await client2.connect(new Transport2(new URL(resource), { authProvider: auth, fetch: auth.fetch }))
    assert.match(JSON.stringify(await client2.callTool({ name: 'whoami', arguments: {} })), /by agent-cli/)
    await client2.close()

    const client1 = new Client1({ name: 'test', version: '1.0.0' })
    const transport = new Transport1(new URL(resource), { authProvider: auth.generation1, fetch: auth.fetch })
    await client1.connect(transport as Parameters<typeof client1.connect>[0])
    assert.match(JSON.stringify(await client1.callTool({ name: 'whoami', arguments: {} })), /by agent-cli/)
    await client1.close()
  })

test('CL-18 a sign-in that was made for another server says what to run', async () => {
  const resource = await startMcpServer('protect-an-mcp-server/main.ts')
  const auth = mcpAuth({
    issuer: server.issuer,
    clientId: 'agent-cli',
    resource,
    store: openStore({ env: env() }),
  })
  const client = new Client2({ name: 'test', version: '1.0.0' })
  const connecting = client.connect(new Transport2(new URL(resource), { authProvider: auth }))
  await assert.rejects(connecting, {
    code: 'sign_in_required',
    reason: 'more_access',
    needs: { scope: 'openid email notes:read', missing: [], resource },
  })
})
