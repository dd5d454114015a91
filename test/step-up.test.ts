// A command in a real terminal whose API wants more than the sign-in has: the person allows it, and the same command goes on. The API
// is guarded by @countersign/resource, the server is ours. Without a terminal: packages/client/src/session.step-up.test.ts.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { nodeGuard, protect } from '@countersign/resource'
import { addResource } from './support/example.ts'
import { addClient, addMia, openPerson, type Person } from './support/person.ts'
import { type RunningServer, runProgram, startServer } from './support/process.ts'
import { endTerminals, runInPty } from './support/pty.ts'

const program = join(import.meta.dirname, '..', 'packages', 'client', 'src', 'testing', 'call-api.ts')
let server: RunningServer
let person: Person
let api: Server
let address = ''
let home = ''

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'countersign-step-up-'))
  server = await startServer()
  await addMia('--data', server.data)
  api = createServer()
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve))
  address = `http://127.0.0.1:${(api.address() as AddressInfo).port}/notes`
  await addResource(server.data, address, { 'notes:read': 'read your notes', 'notes:erase': 'erase them' })
  const scopes = ['openid', 'email', 'notes:read', 'notes:erase'].flatMap((scope) => ['--scope', scope])
  const grants = ['--grant', 'device_code', '--grant', 'refresh_token']
  await addClient('acme', undefined, ...grants, ...scopes, '--data', server.data)
  const notes = protect({ resource: address, issuer: server.issuer, scopes: ['notes:read', 'notes:erase'] })
  const erase = nodeGuard<IncomingMessage, ServerResponse>(
    notes,
    (_request, response) => {
      response.end('erased')
    },
    { scopes: ['notes:erase'] },
  )
  api.on('request', erase)
  person = openPerson(() => server.issuer)
  await person.signIn()
  const args = [
    'login',
    '--json',
    '--resource',
    address,
    '--scope',
    'openid notes:read',
    '--client-id',
    'acme',
  ]
  const options = {
    home,
    env: { COUNTERSIGN_SERVER: server.issuer, COUNTERSIGN_CONFIG_DIR: join(home, 'config') },
  }
  const begun = JSON.parse((await runProgram([...args, '--no-wait'], options)).stdout)
  await person.decide(begun.user_code, 'allow')
  const done = await runProgram(['login', '--resume', begun.flow, '--wait', '20', '--json'], options)
  assert.equal(done.code, 0, done.stdout)
})
after(async () => {
  endTerminals()
  api.closeAllConnections()
  api.close()
  await server.stop()
  rmSync(home, { recursive: true, force: true })
})

type Ran = { code: number; stdout: string; stderr: string }

/** Not `spawnSync`: the API is served by this process. */
function runInPipes(): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...words()], { env: env() }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
    })
  })
}

const words = () => [server.issuer, 'acme', address]
const env = () => ({ PATH: process.env.PATH ?? '', HOME: home, ACME_CONFIG_DIR: join(home, 'config') })

test('CL-18 CL-19 without a terminal the command ends with what to run', async () => {
  const ran = await runInPipes()
  assert.equal(ran.code, 4)
  assert.match(
    ran.stderr,
    /This needs one more permission: notes:erase\. Run: acme login --scope "openid notes:read notes:erase"/,
  )
})

test('SU-06 CL-18 on a terminal one more permission is asked for, and the command goes on', async () => {
  const terminal = runInPty(words(), { ...env(), SSH_CONNECTION: '1' }, { cols: 80, rows: 24, program })
  await terminal.until('This needs one more permission: notes:erase.')
  assert.doesNotMatch(terminal.text(), /Opening your browser/)
  await terminal.until(/enter the code\s+([A-Z-]{9})/)
  const [, code = ''] = /enter the code\s+([A-Z-]{9})/.exec(terminal.text()) ?? []
  await person.decide(code, 'allow')
  await terminal.until('answer 200 erased')
  assert.equal(await terminal.ended, 0)
  assert.ok(!terminal.text().includes('Already signed in'))
  const again = await runInPipes()
  assert.deepEqual([again.code, again.stdout], [0, 'answer 200 erased\n'])
})
