// A tool that needs more than the sign-in gave: the server's challenge names everything that the call needs, the official
// clients of both generations ask for it on top of what they have, and the call then succeeds.

import assert from 'node:assert/strict'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { protectMcp } from '@countersign/resource'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer, requireScopes } from '@modelcontextprotocol/server'
import { addResource } from '../support/example.ts'
import { addClient, addMia, openPerson, type Person } from '../support/person.ts'
import { type RunningServer, startServer } from '../support/process.ts'
import { signIn } from './official-client.ts'

let server: RunningServer
let person: Person
let site: Server
let resource = ''

before(async () => {
  server = await startServer()
  const where = ['--data', server.data]
  await addMia(...where)
  const redirect = ['--redirect-uri', 'http://127.0.0.1/callback']
  await addClient('stepper', undefined, '--grant', 'authorization_code', ...redirect, ...where)
  person = openPerson(() => server.issuer)
  await person.signIn()
  site = createServer()
  await new Promise<void>((resolve) => site.listen(0, 'localhost', resolve))
  resource = `http://localhost:${(site.address() as AddressInfo).port}/mcp`
  await addResource(server.data, resource, { 'notes:read': 'read your notes', 'notes:write': 'write notes' })
  const mcp = protectMcp({ resource, issuer: server.issuer, scopes: ['notes:read'] })
  const handler = createMcpHandler(() => {
    const notes = new McpServer({ name: 'notes', version: '1.0.0' })
    const scopeChallenge = requireScopes('notes:read', 'notes:write')
    notes.registerTool('write', { scopeChallenge }, () => ({ content: [{ type: 'text', text: 'written' }] }))
    return notes
  })
  site.on('request', toNodeHandler({ fetch: mcp.fetch(handler.fetch) }) as RequestListener)
})
after(async () => {
  site.closeAllConnections()
  site.close()
  await server.stop()
})

for (const generation of [1, 2] as const) {
  test(`MX-11 MS-04 RS-07 the client of generation ${generation} gets what a tool needs, on top of what it has`, async () => {
    const how = {
      server: resource,
      browser: (url: URL) => person.authorize(url),
      registered: { client_id: 'stepper', issuer: server.issuer },
    }
    const { memory, callTool, finish, close } = await signIn(generation, how)
    const scopes = () => memory.authorizationUrl?.searchParams.get('scope')?.split(' ') ?? []
    assert.ok(!scopes().includes('notes:write'))
    await assert.rejects(callTool('write'))
    assert.ok(scopes().includes('notes:read') && scopes().includes('notes:write'), scopes().join(' '))
    assert.ok(memory.authorizationUrl)
    await finish(await person.authorize(memory.authorizationUrl))
    assert.equal(await callTool('write'), 'written')
    await close()
  })
}
