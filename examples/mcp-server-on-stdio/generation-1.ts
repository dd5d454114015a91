// The MCP server of main.ts with the official SDK of generation 1: the same tools, the same guard, another way to serve.
// What it does is said there; test/mcp/stdio-sign-in.test.ts runs both.

import { mcpSignIn } from '@countersign/client'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { z } from 'zod'

const issuer = process.env.COUNTERSIGN_SERVER ?? 'http://localhost:4000'

const server = new McpServer({ name: 'whoami', version: '1.0.0' })
const { guard, session, signIn } = mcpSignIn({
  issuer,
  clientId: 'countersign-cli',
  scope: 'openid profile email',
  deviceName: 'the whoami tool',
  server,
})
server.registerTool(
  'whoami',
  { description: 'Who is signed in' },
  guard(async () => {
    const answer = await session.fetch(`${issuer}/oauth/userinfo`)
    const { email } = (await answer.json()) as { email: string }
    return { content: [{ type: 'text' as const, text: email }] }
  }),
)
server.registerTool(
  'sign_in',
  {
    description: 'Signs the person in. With return_code: the characters that their browser shows',
    inputSchema: { return_code: z.string().optional() },
  },
  signIn,
)
await server.connect(new StdioServerTransport())
