// The authorization server scenarios of the official MCP conformance suite, as its own program runs them, against a real
// server, for the newest revision and the one before. A person at the real pages does what the program asks its reader for.
// As a public client only: wherever `none` is offered the suite uses it, also for a client that has a secret to show.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { addResource } from '../support/example.ts'
import { freePort } from '../support/free-port.ts'
import { addClient, addMia, openPerson, type Person } from '../support/person.ts'
import { type RunningServer, startServer } from '../support/process.ts'

const program = join(import.meta.dirname, '..', '..', 'node_modules', '.bin', 'conformance')
const resource = 'https://mcp.example.com/mcp'
let server: RunningServer
let person: Person
let folder = ''

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-conformance-'))
  server = await startServer()
  await addMia('--data', server.data)
  await addResource(server.data, resource, { 'notes:read': 'read your notes' })
  const more = ['--grant', 'authorization_code', '--redirect-uri', 'http://127.0.0.1/callback']
  await addClient('conformance', undefined, ...more, '--data', server.data)
  person = openPerson(() => server.issuer)
  await person.signIn()
})
after(async () => {
  await server.stop()
  rmSync(folder, { recursive: true, force: true })
})

type Check = { id: string; status: string }

/** Runs all scenarios and returns every check that was made. */
async function runScenarios(revision: string): Promise<Check[]> {
  const output = join(folder, revision)
  const where = ['--url', server.issuer, '--resource', resource, '--port', String(await freePort())]
  const args = [
    'authorization',
    ...where,
    '--client-id',
    'conformance',
    '--spec-version',
    revision,
    '--output-dir',
    output,
  ]
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  let said = ''
  let coming: Promise<unknown> | undefined
  const listen = (chunk: string) => {
    said += chunk
    const [link] = /^http\S+\/oauth\/authorize\?\S+$/m.exec(said) ?? []
    if (link === undefined || coming !== undefined) return
    coming = person.authorize(new URL(link)).then((back) => fetch(back))
    coming.catch(() => child.kill())
  }
  child.stdout.setEncoding('utf8').on('data', listen)
  child.stderr.setEncoding('utf8').on('data', listen)
  const code = await new Promise((resolve) => child.once('close', resolve))
  await coming
  assert.equal(code, 0, said)
  const files = globSync('**/checks.json', { cwd: output })
  const checks = files.flatMap((file) => JSON.parse(readFileSync(join(output, file), 'utf8')) as Check[])
  return checks.sort((a, b) => (a.id < b.id ? -1 : 1))
}

for (const revision of ['2026-07-28', '2025-11-25']) {
  test(`MA-01 MA-02 MA-03 MA-04 MA-05 MA-09 revision ${revision}: every check of every scenario succeeds`, async () => {
    const checks = await runScenarios(revision)
    assert.deepEqual(
      checks.map(({ id, status }) => [id, status]),
      [
        ['authorization-code-grant', 'SUCCESS'],
        ['authorization-server-metadata', 'SUCCESS'],
        ['authorization-server-metadata-cimd', 'SUCCESS'],
      ],
    )
  })
}
