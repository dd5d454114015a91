// An MCP server on stdio whose tool acts for a person, with the official SDK of generation 2. The first call answers with a link (or
// has the client open it); once the person has allowed, the next call just works, and so does every later process.
// The same with generation 1 is generation-1.ts; test/mcp/stdio-sign-in.test.ts runs both.

import { mcpSignIn } from '@countersign/client'
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

const issuer = process.env.COUNTERSIGN_SERVER ?? 'http://localhost:4000'

serveStdio(() => {
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
      inputSchema: z.object({ return_code: z.string().optional() }),
    },
    signIn,
  )
  return server
})
