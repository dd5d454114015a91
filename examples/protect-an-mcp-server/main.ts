// An MCP server that needs a sign-in, with the official SDK of generation 2: it serves the revision 2026-07-28 and, to older
// clients, the ones before. The three lines of `protectMcp`, `mcp.fetch` and `scopes` are all that protects it.
// The same with generation 1 is generation-1.ts; who calls it is client.ts; test/examples.test.ts runs all three.

import { identityOf, protectMcp } from '@countersign/resource'
import { serve } from '@hono/node-server'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'

const resource = process.env.RESOURCE ?? 'http://localhost:3001/mcp'
const issuer = process.env.COUNTERSIGN_SERVER ?? 'http://localhost:4000'

const mcp = protectMcp({ resource, issuer, name: 'Notes', scopes: ['notes:read'] })

const handler = createMcpHandler(({ authInfo }) => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  const { subject, clientId } = identityOf(authInfo?.extra)
  server.registerTool('whoami', { description: 'Who is signed in, and by which program' }, () => ({
    content: [{ type: 'text', text: `${subject} by ${clientId}` }],
  }))
  return server
})

serve({ fetch: mcp.fetch(handler.fetch), hostname: 'localhost', port: Number(new URL(resource).port) }, () =>
  console.log(`MCP server at ${resource}`),
)
