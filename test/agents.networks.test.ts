// A login in two steps whose person sits in another network than the agent: the browser shows six characters, and the agent is
// told to ask for them. The real program behind a proxy that says from where a request comes. In one network: agents.test.ts.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type ForwardingProxy, startForwardingProxy } from './support/forwarding-proxy.ts'
import { addMia, openPerson, type Person } from './support/person.ts'
import { type Exit, type RunningServer, runProgram, startServer } from './support/process.ts'

const cloud = '192.0.2.44'
let proxy: ForwardingProxy
let server: RunningServer
let person: Person
let home: string

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'countersign-agent-'))
  proxy = await startForwardingProxy()
  // Who says no address of their own comes from the machine in the cloud.
  proxy.before = ({ headers }) => {
    headers['x-forwarded-for'] ??= cloud
  }
  const args = ['--issuer', proxy.url, '--port', String(proxy.port)]
  server = await startServer({ args, env: { COUNTERSIGN_TRUSTED_PROXIES: '127.0.0.1,::1' } })
  await addMia('--data', server.data)
  person = openPerson(() => proxy.url, { 'x-forwarded-for': '198.51.100.7' })
  await person.signIn()
})
after(async () => {
  await server.stop()
  await proxy.close()
  rmSync(home, { recursive: true, force: true })
})

const run = (args: string[], input?: string): Promise<Exit> => {
  const env = { COUNTERSIGN_SERVER: proxy.url, COUNTERSIGN_STORE: 'file' }
  return runProgram(args, { home, env, ...(input === undefined ? {} : { input }) })
}
const data = (exit: Exit): Record<string, unknown> => JSON.parse(exit.stdout)

test('DV-18 CL-19 an agent elsewhere is told to ask for the characters, and signs in with them', async () => {
  const begun = data(await run(['login', '--no-wait', '--json']))
  const code = await person.decide(String(begun.user_code), 'allow')
  assert.match(code ?? '', /^\w{6}$/)
  const resume = ['login', '--resume', String(begun.flow), '--json']

  const asked = await run([...resume, '--wait', '20'])
  assert.equal(asked.code, 8, asked.stdout + asked.stderr)
  assert.deepEqual(data(asked).return_code_needed, { length: 6, tries_left: 3, wrong: false })
  assert.match(
    String(data(asked).tell_user),
    /^The browser shows 6 characters, because it is on another network\./,
  )
  assert.deepEqual((data(asked).next as string[]).slice(4, 6), ['--return-code', '<characters>'])

  const mistyped = code === 'BCDFGH' ? 'BCDFGJ' : 'BCDFGH'
  const wrong = await run([...resume, '--wait', '20', '--return-code', mistyped])
  assert.equal(wrong.code, 8, wrong.stdout + wrong.stderr)
  assert.deepEqual(data(wrong).return_code_needed, { length: 6, tries_left: 2, wrong: true })
  assert.match(String(data(wrong).tell_user), /^That was wrong\. /)

  // On stdin they are in nobody's list of processes.
  const done = await run([...resume, '--wait', '20', '--return-code', '-'], `${code?.toLowerCase()}\n`)
  assert.equal(done.code, 0, done.stdout + done.stderr)
  assert.deepEqual([data(done).status, data(done).account], ['signed_in', 'mia@example.com'])
})
