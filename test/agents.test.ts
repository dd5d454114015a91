// Agents and scripts at the real program and a real server: a login in two steps that no process waits for, smaller tokens,
// and a program that gets one in its environment. The parts by themselves: packages/client/src/{pending,exchange}.test.ts.
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { decodeJwt } from 'jose'
import { addResource } from './support/example.ts'
import { addClient, addMia, openPerson, type Person } from './support/person.ts'
import { type Exit, type RunningServer, runProgram, startProgram, startServer } from './support/process.ts'

const notes = 'https://notes.example/api'
const secret = 'an-api-of-notes-with-a-long-secret-42'
let server: RunningServer
let person: Person
const homes: string[] = []

before(async () => {
  server = await startServer()
  await addMia('--data', server.data)
  await addResource(server.data, notes, { 'notes:read': 'read your notes', 'notes:write': 'write notes' })
  const grants = ['--grant', 'device_code', '--grant', 'refresh_token']
  const scopes = ['openid', 'profile', 'email', 'notes:read', 'notes:write'].flatMap((scope) => [
    '--scope',
    scope,
  ])
  await addClient('agent-cli', undefined, ...grants, ...scopes, '--data', server.data)
  await addClient('notes-api', secret, '--introspects-all', '--data', server.data)
  person = openPerson(() => server.issuer)
  await person.signIn()
})
after(async () => {
  await server.stop()
  for (const home of homes) rmSync(home, { recursive: true, force: true })
})

type Agent = {
  home: string
  run: (args: string[], more?: { env?: Record<string, string>; input?: string }) => Promise<Exit>
  env: Record<string, string>
}

function agent(env: Record<string, string> = {}): Agent {
  const home = mkdtempSync(join(tmpdir(), 'countersign-agent-'))
  homes.push(home)
  const all = {
    COUNTERSIGN_SERVER: server.issuer,
    COUNTERSIGN_CLIENT_ID: 'agent-cli',
    COUNTERSIGN_STORE: 'file',
    ...env,
  }
  return {
    home,
    env: all,
    run: (args, more = {}) => runProgram(args, { home, ...more, env: { ...all, ...more.env } }),
  }
}

const data = (exit: Exit): Record<string, unknown> => JSON.parse(exit.stdout)
const everything = ['--scope', 'openid email notes:read notes:write', '--resource', notes]

async function signedIn(...flags: string[]): Promise<Agent> {
  const it = agent()
  const begun = data(await it.run(['login', '--no-wait', '--json', ...flags]))
  await person.decide(String(begun.user_code), 'allow')
  const done = await it.run(['login', '--resume', String(begun.flow), '--wait', '20', '--json'])
  assert.equal(done.code, 0, done.stdout + done.stderr)
  return it
}

test('CL-19 DC-08 a login in two steps: one JSON object and exit 8, then the account and exit 0', async () => {
  const it = agent()
  const begun = await it.run(['login', '--no-wait', '--json', '--device-name', 'mia@aurora'])
  assert.equal(begun.code, 8, begun.stderr)
  assert.equal(begun.stderr, '')
  const { flow, user_code, expires_at, ...rest } = data(begun)
  assert.match(String(user_code), /^[A-Z]{4}-[A-Z]{4}$/)
  assert.match(String(expires_at), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  assert.deepEqual(rest, {
    status: 'pending',
    verification_uri: `${server.issuer}/device`,
    verification_uri_complete: `${server.issuer}/device/${user_code}`,
    tell_user: 'Open the link, check that it names mia@aurora, and allow.',
    next: ['countersign', 'login', '--resume', flow, '--wait', '60', '--json'],
  })
  const kept = readFileSync(join(it.home, '.config/countersign/pending', `${flow}.json`), 'utf8')
  const { deviceCode } = JSON.parse(kept)
  assert.ok(deviceCode.length > 20 && !begun.stdout.includes(deviceCode))

  const early = await it.run(['login', '--resume', String(flow), '--json'])
  assert.equal(early.code, 8)
  assert.equal(data(early).status, 'pending')

  const waiting = it.run(['login', '--resume', String(flow), '--wait', '30', '--json'])
  await person.decide(String(user_code), 'allow')
  const done = await waiting
  assert.equal(done.code, 0, done.stdout + done.stderr)
  assert.equal(data(done).status, 'signed_in')
  assert.equal(data(done).account, 'mia@example.com')
  assert.equal(data(done).device, 'mia@aurora')
  assert.deepEqual(
    readdirSync(join(it.home, '.config/countersign/pending')).filter((name) => name.endsWith('.json')),
    [],
  )
  assert.match((await it.run(['token'])).stdout, /^ey/)
})

test('an agent without a terminal gets the two steps without asking for them', async () => {
  const it = agent({ CLAUDECODE: '1' })
  const begun = await it.run(['login', '--json'])
  assert.equal(begun.code, 8, begun.stdout + begun.stderr)
  assert.equal(data(begun).status, 'pending')
})

test('DC-11 each end of a login in two steps has its code and leaves nothing behind', async () => {
  const it = agent()
  const begun = data(await it.run(['login', '--no-wait', '--json']))
  await person.decide(String(begun.user_code), 'deny')
  const denied = await it.run(['login', '--resume', String(begun.flow), '--wait', '5', '--json'])
  assert.equal(denied.code, 3)
  assert.equal(data(denied).code, 'access_denied')
  const again = await it.run(['login', '--resume', String(begun.flow), '--json'])
  assert.equal(again.code, 4)
  assert.match(
    String(data(again).message),
    /^No sign-in called f_\S+ is under way here\. Start again: countersign login --no-wait$/,
  )
  const next = data(await it.run(['login', '--no-wait', '--json']))
  const cancelled = await it.run(['login', '--cancel', String(next.flow), '--json'])
  assert.deepEqual([cancelled.code, data(cancelled).status], [0, 'cancelled'])
  await assert.rejects(person.decide(String(next.user_code), 'allow'))
})

/** Until the server holds so many polls, by what it tells whoever watches it. */
async function untilHeld(polls: number): Promise<void> {
  const wanted = new RegExp(`^countersign_held_polls ${polls}$`, 'm')
  for (const end = Date.now() + 30_000; Date.now() < end; ) {
    if (wanted.test(await (await fetch(`${server.issuer}/metrics`)).text())) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the server does not hold ${polls} polls`)
}

test('a process that is ended while it waits costs nothing: the next one goes on', async () => {
  const it = agent()
  const begun = data(await it.run(['login', '--no-wait', '--json']))
  const args = ['login', '--resume', String(begun.flow), '--wait', '60', '--json']
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    const waiting = startProgram(args, { home: it.home, env: it.env })
    await untilHeld(1)
    const ended = await waiting.kill(signal)
    assert.equal(ended.code, signal === 'SIGTERM' ? 130 : null)
    await untilHeld(0)
  }
  await person.decide(String(begun.user_code), 'allow')
  assert.equal((await it.run(args)).code, 0)
})

test('--stream is one line for every event, the last of them the outcome', async () => {
  const it = agent()
  const program = startProgram(['login', '--stream'], { home: it.home, env: it.env })
  const first = await program.readyLine()
  assert.equal(first.event, 'pending')
  await person.decide(String(first.user_code), 'allow')
  const { code, stdout } = await program.exit
  assert.equal(code, 0)
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).event)
  assert.deepEqual([lines[0], lines.at(-1)], ['pending', 'signed_in'])
})

test('where a sign-in is to be kept is said at the first step, and its server too; the second remembers both', async () => {
  const elsewhere = { COUNTERSIGN_SERVER: '', COUNTERSIGN_STORE: 'memory' }
  const it = agent(elsewhere)
  const refused = await it.run(['login', '--no-wait', '--json', '--server', server.issuer])
  assert.deepEqual([refused.code, data(refused).code], [2, 'usage'], 'in memory it would be gone at once')
  const flags = ['--server', server.issuer, '--store', 'file']
  const begun = data(await it.run(['login', '--no-wait', '--json', ...flags]))
  await person.decide(String(begun.user_code), 'allow')
  const done = await it.run(['login', '--resume', String(begun.flow), '--wait', '20', '--json'])
  assert.equal(done.code, 0, done.stdout + done.stderr)
  const token = await it.run(['token', '--server', server.issuer], { env: { COUNTERSIGN_STORE: 'file' } })
  assert.match(token.stdout, /^ey/)
})

test('--wait that is no number is wrong usage, before anybody is asked for anything', async () => {
  const exit = await agent().run(['login', '--no-wait', '--wait', 'long', '--json'])
  assert.equal(exit.code, 2)
})

test('RI-03 token --for and --scope give a smaller token, and the sign-in goes on being usable', async () => {
  const it = await signedIn(...everything)
  const small = await it.run(['token', '--for', notes, '--scope', 'notes:read', '--json'])
  assert.equal(small.code, 0, small.stdout + small.stderr)
  const claims = decodeJwt(String(data(small).access_token))
  assert.deepEqual([claims.aud, claims.scope], [notes, 'notes:read'])
  for (let turn = 0; turn < 3; turn += 1)
    assert.equal((await it.run(['token', '--scope', 'notes:write'])).code, 0)
  assert.equal((await it.run(['status'])).code, 0)
})

test('CL-18 what the sign-in does not reach ends with what to run', async () => {
  const it = await signedIn('--scope', 'openid email notes:read', '--resource', notes)
  const { code, stderr } = await it.run(['token', '--scope', 'notes:read notes:write'])
  assert.equal(code, 4)
  assert.match(
    stderr,
    /This needs one more permission: notes:write\. Run: countersign login --scope "openid email notes:read notes:write"/,
  )
  const foreign = await it.run(['token', '--for', 'https://other.example', '--json'])
  assert.equal(foreign.code, 4)
  assert.match(String(data(foreign).message), /https:\/\/other\.example/)
})

test('TX-06 a token from the environment cannot be made smaller by a program that may not exchange', async () => {
  const it = await signedIn()
  const COUNTERSIGN_TOKEN = (await it.run(['token'])).stdout.trim()
  const { code, stderr } = await it.run(['token', '--scope', 'openid'], { env: { COUNTERSIGN_TOKEN } })
  assert.equal(code, 7)
  assert.match(stderr, /Refused by the server: this program may not exchange its token/)
})

test('CL-17 token --header is a header for a pipe', async () => {
  const it = await signedIn()
  assert.match((await it.run(['token', '--header'])).stdout, /^Authorization: Bearer ey\S+\n$/)
})

const show = (name: string) => ['node', '-e', `process.stdout.write(process.env.${name} ?? '')`]

test('CL-17 exec gives the program a token of its own in its environment, and ends it afterwards', async () => {
  const it = await signedIn(...everything)
  const own = (await it.run(['token'])).stdout.trim()
  const ran = await it.run(['exec', '--scope', 'notes:read', '--', ...show('COUNTERSIGN_TOKEN')])
  assert.equal(ran.code, 0, ran.stderr)
  assert.equal(decodeJwt(ran.stdout).scope, 'notes:read')
  assert.notEqual(ran.stdout, own)
  assert.equal(await active(ran.stdout), false)
  assert.equal(await active(own), true)
  const named = await it.run(['exec', '--env', 'NOTES_TOKEN', '--', ...show('NOTES_TOKEN')])
  assert.match(named.stdout, /^ey/)
})

test('exec passes on arguments, exit codes and signals, and says what it cannot run', async () => {
  const it = await signedIn()
  const print = 'process.stdout.write(JSON.stringify(process.argv.slice(1)));process.exit(42)'
  const ran = await it.run(['exec', '--', 'node', '-e', print, '--', '--json', '-x', 'a b'])
  assert.deepEqual([ran.code, ran.stdout], [42, '["--json","-x","a b"]'])
  const missing = await it.run(['exec', '--', 'no-such-program'])
  assert.equal(missing.code, 127)
  assert.match(missing.stderr, /no-such-program was not found/)
  const wait = "process.on('SIGTERM',()=>process.exit(7));console.log('{}');setInterval(()=>{},1000)"
  const program = startProgram(['exec', '--', 'node', '-e', wait], { home: it.home, env: it.env })
  await program.readyLine()
  assert.equal((await program.kill('SIGTERM')).code, 7)
  const killed = await it.run(['exec', '--', 'node', '-e', "process.kill(process.pid,'SIGKILL')"])
  assert.equal(killed.code, 137)
})

test('exec hands on a token that was given to it, and does not end it', async () => {
  const it = await signedIn()
  const COUNTERSIGN_TOKEN = (await it.run(['token'])).stdout.trim()
  const ran = await it.run(['exec', '--env', 'OTHER', '--', ...show('OTHER')], { env: { COUNTERSIGN_TOKEN } })
  assert.equal(ran.stdout, COUNTERSIGN_TOKEN)
  assert.equal(await active(COUNTERSIGN_TOKEN), true)
})

async function active(token: string): Promise<unknown> {
  const authorization = `Basic ${Buffer.from(`notes-api:${secret}`).toString('base64')}`
  const response = await fetch(`${server.issuer}/oauth/introspect`, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams({ token }),
  })
  return (await response.json()).active
}
