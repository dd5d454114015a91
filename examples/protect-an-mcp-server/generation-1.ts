// The MCP server of main.ts with the official SDK of generation 1 on Express. What stands after `app.use(mcp.express)` is
// protected, and the SDK finds who it is in `authInfo`.

import { identityOf, protectMcp } from '@countersign/resource'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import express from 'express'

const resource = process.env.RESOURCE ?? 'http://localhost:3001/mcp'
const issuer = process.env.COUNTERSIGN_SERVER ?? 'http://localhost:4000'

const mcp = protectMcp({ resource, issuer, name: 'Notes', scopes: ['notes:read'] })

const app = express()
app.use(mcp.express)
app.post('/mcp', async (request, response) => {
  const server = new McpServer({ name: 'notes', version: '1.0.0' })
  server.registerTool('whoami', { description: 'Who is signed in, and by which program' }, ({ authInfo }) => {
    const { subject, clientId } = identityOf(authInfo?.extra)
    return { content: [{ type: 'text', text: `${subject} by ${clientId}` }] }
  })
  // A transport per request and no session: each request stands for itself and brings its token.
  const transport = new StreamableHTTPServerTransport({})
  response.on('close', () => void transport.close())
  await server.connect(transport as Transport)
  await transport.handleRequest(request, response)
})
app.listen(Number(new URL(resource).port), 'localhost', () => console.log(`MCP server at ${resource}`))
