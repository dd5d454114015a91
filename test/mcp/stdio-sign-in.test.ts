// MCP servers on stdio that need a sign-in: the example servers of both generations as processes of the official clients of both
// generations, against a real authorization server, with and without a client that opens links.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Client as Client2 } from '@modelcontextprotocol/client'
import { StdioClientTransport as Stdio2 } from '@modelcontextprotocol/client/stdio'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as Stdio1 } from '@modelcontextprotocol/sdk/client/stdio.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { addMia, openPerson, type Person } from '../support/person.ts'
import { type RunningServer, startServer } from '../support/process.ts'

const servers = join(import.meta.dirname, '..', '..', 'examples', 'mcp-server-on-stdio')
let server: RunningServer
let person: Person
const homes: string[] = []
/** Ends what a failed test left running. */
const closings: (() => Promise<void>)[] = []

before(async () => {
  server = await startServer()
  await addMia('--data', server.data)
  person = openPerson(() => server.issuer)
  await person.signIn()
})
after(async () => {
  await Promise.all(closings.map((close) => close()))
  await server.stop()
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

type Result = { text: string; isError: boolean; data: Record<string, unknown> }
type Opened = { call: (name: string) => Promise<Result>; close: () => Promise<void> }
/** What the person does with a link that the client shows; without one the client cannot show any. */
type Visit = ((link: string) => Promise<'accept' | 'decline'>) | undefined

function processOf(file: string, home: string) {
  return {
    command: process.execPath,
    args: [join(servers, file)],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: home,
      COUNTERSIGN_SERVER: server.issuer,
      COUNTERSIGN_STORE: 'file',
    },
  }
}

async function connect1(file: string, home: string, visit: Visit): Promise<Opened> {
  const capabilities = visit === undefined ? {} : { elicitation: { url: {} } }
  const client = new Client1({ name: 'test', version: '1.0.0' }, { capabilities })
  if (visit)
    client.setRequestHandler(ElicitRequestSchema, async ({ params }) => ({
      action: await visit('url' in params ? params.url : ''),
    }))
  closings.push(() => client.close())
  await client.connect(new Stdio1(processOf(file, home)))
  return {
    call: async (name) => resultOf(await client.callTool({ name, arguments: {} })),
    close: () => client.close(),
  }
}

async function connect2(file: string, home: string, visit: Visit): Promise<Opened> {
  const capabilities = visit === undefined ? {} : { elicitation: { url: {} } }
  const options = { capabilities, versionNegotiation: { mode: 'auto' as const } }
  const client = new Client2({ name: 'test', version: '1.0.0' }, options)
  if (visit)
    client.setRequestHandler('elicitation/create', async ({ params }) => ({
      action: await visit('url' in params ? params.url : ''),
    }))
  closings.push(() => client.close())
  await client.connect(new Stdio2(processOf(file, home)))
  return {
    call: async (name) => resultOf(await client.callTool({ name, arguments: {} })),
    close: () => client.close(),
  }
}

function resultOf(result: object): Result {
  const {
    content = [],
    isError = false,
    structuredContent = {},
  } = result as {
    content?: { text?: string }[]
    isError?: boolean
    structuredContent?: Record<string, unknown>
  }
  return { text: content.map(({ text = '' }) => text).join(''), isError, data: structuredContent }
}

function freshHome(): string {
  const home = mkdtempSync(join(tmpdir(), 'countersign-stdio-'))
  homes.push(home)
  return home
}

const codeIn = (link: string): string => link.split('/').at(-1) ?? ''

for (const [client, connect] of [
  [1, connect1],
  [2, connect2],
] as const)
  for (const [generation, file] of [
    [1, 'generation-1.ts'],
    [2, 'main.ts'],
  ] as const)
    describe(`client of generation ${client}, server of generation ${generation}`, () => {
      test('MX-17 the link comes as the answer of the tool; the next call goes on, and so does the next process', async () => {
        const home = freshHome()
        const opened = await connect(file, home, undefined)
        const first = await opened.call('whoami')
        assert.equal(first.isError, true)
        assert.equal(first.data.status, 'sign_in_pending')
        assert.ok(first.text.includes(String(first.data.user_code)))
        assert.ok(first.text.includes(String(first.data.verification_uri_complete)))
        await person.decide(String(first.data.user_code), 'allow')
        const second = await opened.call('whoami')
        assert.deepEqual([second.isError, second.text], [false, 'mia@example.com'])
        await opened.close()
        const later = await connect(file, home, undefined)
        assert.equal((await later.call('whoami')).text, 'mia@example.com')
        assert.equal((await later.call('sign_in')).text, 'Signed in as mia@example.com.')
        await later.close()
      })

      test('MX-17 a client that opens links is asked to, and the same call goes on', async () => {
        const links: string[] = []
        const opened = await connect(file, freshHome(), async (link) => {
          links.push(link)
          await person.decide(codeIn(link), 'allow')
          return 'accept'
        })
        assert.equal((await opened.call('whoami')).text, 'mia@example.com')
        await opened.close()
        assert.equal(links.length, 1)
        assert.ok(links[0]?.startsWith(`${server.issuer}/device/`))
      })

      test('a person who does not open the link has said no, and the request is taken back', async () => {
        const links: string[] = []
        const opened = await connect(file, freshHome(), async (link) => {
          links.push(link)
          return 'decline'
        })
        const answer = await opened.call('whoami')
        assert.deepEqual([answer.isError, answer.data.status], [true, 'not_signed_in'])
        await opened.close()
        await assert.rejects(person.decide(codeIn(links[0] ?? ''), 'allow'))
      })
    })

test('DC-11 a person who says no on the page ends it with a sentence', async () => {
  const opened = await connect2('main.ts', freshHome(), undefined)
  const first = await opened.call('whoami')
  await person.decide(String(first.data.user_code), 'deny')
  const second = await opened.call('whoami')
  assert.deepEqual([second.isError, second.data.status], [true, 'not_signed_in'])
  await opened.close()
})
