// The programs in examples/, run as anybody would run them: real processes against a real server, approved at the real pages.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { launchChromium } from './support/chromium.ts'
import { addResource, type Ran, runExample, startExample } from './support/example.ts'
import { freePort } from './support/free-port.ts'
import { addClient, addMia, mia, openPerson, type Person } from './support/person.ts'
import { type RunningServer, startServer } from './support/process.ts'

let server: RunningServer
let person: Person
let home = ''

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'countersign-example-'))
  server = await startServer({ env: { COUNTERSIGN_REGISTRATION: 'open' } })
  await addMia('--data', server.data)
  person = openPerson(() => server.issuer)
  await person.signIn()
})
after(async () => {
  await server.stop()
  rmSync(home, { recursive: true, force: true })
})

const env = (more: Record<string, string> = {}) => ({ COUNTERSIGN_SERVER: server.issuer, ...more })

/** Runs a program that shows a link and a code, and allows what it asks for. */
async function runAndAllow(
  path: string,
  more: Record<string, string> = {},
  args: string[] = [],
): Promise<Ran> {
  const asked = /^Open (\S+) and enter (\S+)\n/
  let deciding: Promise<void> | undefined
  const ran = await runExample(path, {
    home,
    env: env(more),
    args,
    onTalk: (talk) => {
      const [, link, code] = asked.exec(talk) ?? []
      if (code === undefined || deciding !== undefined) return undefined
      assert.equal(link, `${server.issuer}/device`)
      deciding = person.decide(code, 'allow').then(() => {})
      return deciding
    },
  })
  assert.match(ran.stderr, asked)
  await deciding
  return ran
}

test('whoami asks once and names the person; the second run knows without asking', async () => {
  const first = await runAndAllow('whoami/main.ts')
  assert.deepEqual([first.code, first.stdout], [0, `${mia.email}\n`])

  const second = await runExample('whoami/main.ts', { home, env: env() })
  assert.deepEqual(second, { code: 0, stdout: `${mia.email}\n`, stderr: '' })
})

test('protect-an-api: a program gets a token for the API, writes with it and reads; without one it is told where to go', async () => {
  const RESOURCE = `http://localhost:${await freePort()}/notes`
  await addResource(server.data, RESOURCE, { 'notes:read': 'read your notes', 'notes:write': 'write notes' })
  const api = await startExample('protect-an-api/main.ts', { home, env: env({ RESOURCE }) })
  try {
    const called = await runAndAllow('protect-an-api/call.ts', { RESOURCE }, ['buy milk'])
    assert.deepEqual([called.code, called.stdout], [0, '["buy milk"]\n'])
    const refused = await fetch(RESOURCE)
    assert.equal(refused.status, 401)
    assert.match(
      refused.headers.get('www-authenticate') ?? '',
      /^Bearer scope="notes:read", resource_metadata="/,
    )
  } finally {
    await api.stop()
  }
})

for (const [generation, path] of [
  [1, 'protect-an-mcp-server/generation-1.ts'],
  [2, 'protect-an-mcp-server/main.ts'],
] as const) {
  test(`protect-an-mcp-server: a client signs in from the 401 on and calls a tool, server of generation ${generation}`, async () => {
    const RESOURCE = `http://localhost:${await freePort()}/mcp`
    await addResource(server.data, RESOURCE, { 'notes:read': 'read your notes' })
    const clientId = `notes-client-${generation}`
    const callback = ['--redirect-uri', 'http://127.0.0.1/callback']
    await addClient(clientId, undefined, '--grant', 'authorization_code', ...callback, '--data', server.data)
    const mcp = await startExample(path, { home, env: env({ RESOURCE }) })
    try {
      for (const more of [{}, { CLIENT_ID: clientId }]) {
        let coming: Promise<Response> | undefined
        const ran = await runExample('protect-an-mcp-server/client.ts', {
          home,
          env: env({ RESOURCE, ...more }),
          onTalk: (talk) => {
            const [, link] = /^Open (\S+)\n/m.exec(talk) ?? []
            if (link === undefined || coming !== undefined) return undefined
            coming = person.authorize(new URL(link)).then((back) => fetch(back))
            return coming
          },
        })
        assert.equal((await coming)?.status, 200, ran.stderr)
        assert.equal(ran.code, 0, ran.stderr)
        const by = 'CLIENT_ID' in more ? clientId : '\\S+'
        assert.match(ran.stdout, new RegExp(`^usr_\\S+ by ${by}\n$`))
      }
    } finally {
      await mcp.stop()
    }
  })
}

test('connect-an-account: a person connects with the element on the page, and the application calls the API for them', async () => {
  const ADDRESS = `http://localhost:${await freePort()}`
  const app = await startExample('connect-an-account/main.ts', { home, env: env({ ADDRESS }) })
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    await page.goto(ADDRESS)
    await page.getByText('No account at Countersign is connected.').waitFor()
    await page.getByRole('button', { name: 'Connect Countersign' }).click()
    const code = await page.locator('countersign-connect code').textContent()
    await person.decide(code ?? '', 'allow')
    await page.getByText('Countersign is connected.').waitFor()
    await page.getByText(mia.email).waitFor()
  } finally {
    await browser.close()
    await app.stop()
  }
})
