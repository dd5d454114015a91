// The program through pipes, as scripts and CI meet it: exit codes, stdout as data, the fast token, the
// messages for what goes wrong. On a terminal: main.pty.test.ts.
import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, test } from 'node:test'
import { keyOf, type LiveCredential, openStore } from '@countersign/client/credentials'
import {
  codeOf,
  json,
  page,
  paths,
  pending,
  reset,
  type ScriptedServer,
  startScriptedServer,
} from '@countersign/client/testing'
import { type Finished, freshEnvironment, runProgram, tellingLoads } from './testing/run-program.ts'

let server: ScriptedServer
let env: Record<string, string>
beforeEach(async () => {
  server = await startScriptedServer()
  env = freshEnvironment()
})
afterEach(() => server.close())

function run(args: string[], more: Record<string, string> = {}): Promise<Finished> {
  return runProgram(args, { ...env, ...more })
}

function store(change: Partial<LiveCredential> = {}): LiveCredential {
  const now = Date.now() / 1000
  const credential: LiveCredential = {
    version: 1,
    state: 'live',
    issuer: server.issuer,
    clientId: 'countersign-cli',
    account: { id: 'acct-1', email: 'mia@example.com' },
    deviceName: 'mia@build-7',
    signedInAt: now,
    accessToken: 'ACCESS-canary-0',
    refreshToken: 'REFRESH-canary-0',
    scope: 'openid',
    receivedAt: now,
    clockOffset: 0,
    expiresAt: now + 600,
    ...change,
  }
  const files = openStore({ env })
  files.write(credential)
  files.setCurrent(keyOf(credential))
  return credential
}

const ESCAPE = '\u001b'

const expired = { receivedAt: Date.now() / 1000 - 1000, expiresAt: Date.now() / 1000 - 400 }

test('DC-05 login through pipes prints talk on stderr and nothing on stdout; then status, token and logout work', async () => {
  const login = await run(['login', '--device', '--server', server.issuer, '--device-name', 'mia@build-7'])
  assert.equal(login.code, 0)
  assert.equal(login.stdout, '')
  assert.match(login.stderr, /^ {2}On any device, open {6}http/)
  assert.match(
    login.stderr,
    / {2}✓ Signed in as mia@example\.com\n {4}This computer is listed as "mia@build-7" — /,
  )
  assert.doesNotMatch(login.stderr, /canary/)
  assert.ok(!login.stderr.includes(ESCAPE))
  // Without a name, the latest sign-in is meant.
  const status = await run(['status', '--json'])
  assert.equal(status.code, 0)
  assert.equal(JSON.parse(status.stdout).account, 'mia@example.com')
  assert.deepEqual(await run(['token']), { code: 0, stdout: 'ACCESS-canary-1\n', stderr: '' })
  const logout = await run(['logout'])
  assert.equal(logout.stderr, '  ✓ Signed out mia@example.com. Access was revoked on the server.\n')
  assert.equal(server.at(paths.revoke)[0]?.form.token, 'REFRESH-canary-1')
  assert.equal((await run(['status'])).code, 4)
})

test('login --json gives one object on stdout and JSON lines on stderr', async () => {
  server.script(paths.token, [pending, reset, json(200, { access_token: 'a', token_type: 'bearer' })])
  const { code, stdout, stderr } = await run(['login', '--device', '--server', server.issuer, '--json'])
  assert.equal(code, 0)
  assert.equal(JSON.parse(stdout).status, 'signed_in')
  const events = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  assert.deepEqual(
    events.map(({ event }) => event),
    ['code', 'waiting', 'offline'],
  )
  assert.equal(events[0].user_code, 'WDJB-MJHT')
})

test('DC-16 two signals at once cancel once: the server is still told, and the exit code is 130', async () => {
  server.on(paths.token, () => {})
  // As under `npm run`, where the group gets the signal and npm passes it on.
  const result = await runProgram(['login', '--device', '--server', server.issuer], env, {
    onStderr: (text, child) => {
      if (!text.includes('Waiting') || child.killed) return
      child.kill('SIGINT')
      child.kill('SIGTERM')
    },
  })
  assert.equal(result.code, 130)
  assert.match(result.stderr, / {2}Cancelled\. Nothing was signed in\.\n$/)
  assert.equal(server.at(paths.revoke)[0]?.form.token, 'DEVICE-CODE-canary')
})

const endings: [string, () => void, number, RegExp][] = [
  [
    'denied',
    () => server.on(paths.token, json(400, { error: 'access_denied' })),
    3,
    /You chose "Don't allow"/,
  ],
  [
    'expired',
    () => server.on(paths.token, json(400, { error: 'expired_token' })),
    5,
    /^ {2}✗ The code expired after 10 minutes\.$/m,
  ],
  [
    'refused by policy',
    () => server.on(paths.device, json(400, { error: 'unauthorized_client', error_description: 'Off here' })),
    7,
    /Refused by the server: Off here/,
  ],
  [
    'a proxy',
    () => {
      server.on(paths.metadata, page(403, 'Zscaler'))
      server.on(paths.openid, page(403, 'Zscaler'))
    },
    6,
    /✗ 127\.0\.0\.1:\d+ answered a web page instead of data \(status 403, "Zscaler"\)\. A proxy is in the way: countersign doctor/,
  ],
  ['not a sign-in server', () => server.on(paths.metadata, page(404, 'x')), 1, /is not a sign-in server/],
  [
    'an unknown error',
    () => server.on(paths.token, json(400, { error: 'invalid_grant' })),
    1,
    /nvalid_grant/,
  ],
  ['a broken answer', () => server.on(paths.device, json(200, {})), 6, /answered without a usable code/],
]
for (const [name, arrange, code, message] of endings)
  test(`DC-11 the exit code of a login that ends with ${name} is ${code}, and nothing is stored`, async () => {
    arrange()
    const result = await run(['login', '--device', '--server', server.issuer])
    assert.equal(result.code, code)
    assert.match(result.stderr, message)
    assert.equal(openStore({ env }).list().length, 0)
  })

test('a server that is not there exits 6 and is named', async () => {
  const { issuer } = server
  await server.close()
  const result = await run(['login', '--device', '--server', issuer])
  assert.equal(result.code, 6)
  assert.match(result.stderr, /✗ Could not reach 127\.0\.0\.1:\d+ \(ECONNREFUSED\)\. Try: countersign doctor/)
  server = await startScriptedServer()
})

test('CL-19 login in CI without a terminal exits 4 without a request, --device forces it', async () => {
  const result = await run(['login', '--server', server.issuer], { GITHUB_ACTIONS: 'true' })
  assert.equal(result.code, 4)
  assert.match(
    result.stderr,
    /✗ Not signed in, and this is CI \(GITHUB_ACTIONS\)\. Use one of:\n {6}COUNTERSIGN_TOKEN/,
  )
  assert.equal(server.received.length, 0)
  const forced = await run(['login', '--server', server.issuer, '--device'], { GITHUB_ACTIONS: 'true' })
  assert.equal(forced.code, 0)
})

test('CL-19 token in CI, without a sign-in, says what to set and asks nobody', async () => {
  const result = await run(['token', '--server', server.issuer], { CI: 'true' })
  assert.equal(result.code, 4)
  assert.match(result.stderr, /✗ Not signed in, and this is CI \(CI\)\. Use one of:\n {6}COUNTERSIGN_TOKEN/)
  const json = await run(['token', '--server', server.issuer, '--json'], { CI: 'true' })
  assert.equal(JSON.parse(json.stdout).code, 'sign_in_required')
  assert.equal(server.received.length, 0)
})

test('DC-20 the device tells its name, version and agent for the approval page', async () => {
  await run(['login', '--server', server.issuer, '--device-name', 'mia@aurora'], { CLAUDECODE: '1' })
  const form = server.at(paths.device)[0]?.form
  assert.equal(form?.device_name, 'mia@aurora')
  assert.equal(form?.agent, 'Claude Code')
  assert.match(form?.client_version ?? '', /^\d+\.\d+\.\d+/)
  assert.equal(form?.scope, 'openid profile email')
})

test('CL-09 token with a good stored token asks nobody and loads neither parser nor OAuth library nor server', async () => {
  store()
  const result = await run(['token'], tellingLoads(env.HOME ?? ''))
  assert.equal(result.stdout, 'ACCESS-canary-0\n')
  assert.match(result.stderr, /credentials\.ts/)
  assert.doesNotMatch(result.stderr, /commander|oauth4webapi|packages\/server|sqlite|uqr|program\.ts/)
  assert.equal(server.received.length, 0)
})

test('CL-09 RT-12 fifty token commands with an expired token make one refresh, and all print a valid token', async () => {
  store(expired)
  const all = await Promise.all(Array.from({ length: 50 }, () => run(['token'])))
  assert.deepEqual(new Set(all.map(({ stdout }) => stdout)), new Set(['ACCESS-canary-1\n']))
  assert.deepEqual(new Set(all.map(({ code }) => code)), new Set([0]))
  assert.equal(server.at(paths.token).length, 1)
})

test('CL-10 token: 4 when nobody is signed in or the server ended it, 6 when it cannot be reached', async () => {
  assert.equal((await run(['token', '--server', server.issuer])).code, 4)
  store(expired)
  server.on(paths.token, reset)
  const offline = await run(['token'])
  assert.equal(offline.code, 6)
  assert.equal(offline.stdout, '')
  server.on(paths.token, json(400, { error: 'invalid_grant' }))
  const ended = await run(['token'])
  assert.equal(ended.code, 4)
  assert.equal(
    ended.stderr,
    `  ✗ The sign-in was ended by the server. Run: countersign login --server ${server.issuer}\n`,
  )
  const status = await run(['status', '--json'])
  assert.equal(status.code, 4)
  assert.equal(JSON.parse(status.stdout).state, 'ended_by_server')
})

test('CL-08 a corrupt credential is reported and set aside, and the next login works', async () => {
  const credential = store()
  const files = openStore({ env })
  writeFileSync(files.pathOf(keyOf(credential)), '{"version":1,')
  const result = await run(['token'])
  assert.equal(result.code, 4)
  assert.match(result.stderr, /✗ The stored sign-in could not be read\. It was set aside as .*\.corrupt-1\./)
  assert.ok(readdirSync(files.directory).some((name) => name.endsWith('.corrupt-1')))
  assert.equal((await run(['login', '--device', '--server', server.issuer])).code, 0)
  assert.equal((await run(['token'])).stdout, 'ACCESS-canary-1\n')
})

test('COUNTERSIGN_TOKEN wins, and status says what it shadows', async () => {
  store()
  const more = { COUNTERSIGN_TOKEN: 'from-the-environment' }
  assert.equal((await run(['token'], more)).stdout, 'from-the-environment\n')
  const status = await run(['status'], more)
  assert.equal(status.code, 0)
  assert.match(status.stdout, /^ {2}mia@example\.com {3}127/)
  assert.match(
    status.stdout,
    / {2}! COUNTERSIGN_TOKEN is set in this shell and wins over the account above\./,
  )
  const facts = JSON.parse((await run(['status', '--json'], more)).stdout)
  assert.equal(facts.source, 'environment')
  assert.equal(facts.shadowed.account, 'mia@example.com')
  const login = await run(['login', '--device', '--server', server.issuer], more)
  assert.equal(login.code, 0)
  assert.match(login.stderr, /! COUNTERSIGN_TOKEN is set in this shell/)
})

test('RV-12 logout without a server removes what is stored and says where to revoke', async () => {
  store()
  server.on(paths.revoke, reset)
  const { code, stderr } = await run(['logout'])
  assert.equal(code, 0)
  assert.equal(
    stderr,
    `  ✓ Removed from this computer. ! The server could not be told; revoke at\n    ${server.issuer}/account\n`,
  )
  assert.equal((await run(['token'])).code, 4)
})

const calls: [string[], number, RegExp][] = [
  [['logni'], 2, /✗ Unknown command 'logni'\. Did you mean login\?$/m],
  [['login', '--nope'], 2, /✗ Unknown option '--nope'/],
  [['login', '--device', '--server', 'not a url'], 2, /is not the address of a server/],
  [['login', '--device', '--server', 'http://login.example'], 1, /is not https/],
  [['token', 'extra'], 2, /✗ Too many arguments/],
  [['clients', 'add', 'x'], 2, /✗ Required option '--name <name>'/],
  [['users', 'adding'], 2, /Did you mean add/],
]
for (const [args, code, message] of calls)
  test(`countersign ${args.join(' ')} exits ${code} and says why`, async () => {
    const result = await run(args)
    assert.equal(result.code, code)
    assert.match(result.stderr, message)
    assert.equal(result.stdout, '')
  })

test('a mistake in the call is data, too, where that was asked for', async () => {
  const { code, stdout } = await run(['token', '--nope', '--json'])
  assert.equal(code, 2)
  assert.deepEqual(JSON.parse(stdout), {
    status: 'error',
    code: 'usage',
    message: "Unknown option '--nope'. Did you mean --scope?",
  })
})

for (const name of [
  'login',
  'logout',
  'status',
  'token',
  'switch',
  'link',
  'serve',
  'users',
  'clients',
  'keys',
  'grants',
])
  test(`countersign ${name} --help and help ${name} exit 0, on stdout`, async () => {
    const [flag, word] = await Promise.all([run([name, '--help']), run(['help', name])])
    for (const { code, stdout, stderr } of [flag, word]) {
      assert.equal(code, 0)
      assert.equal(stderr, '')
      assert.match(stdout, new RegExp(`^Usage: countersign ${name}`))
    }
  })

test('DC-07 what a server writes cannot steer the terminal', async () => {
  const evil = 'WDJB\u001b]0;owned\u0007-MJHT'
  server.on(paths.device, json(200, { ...codeOf(server.issuer), user_code: evil }))
  server.on(paths.userinfo, json(200, { sub: 'acct-1', email: 'mia\u001b[2J@example.com' }))
  const { stderr } = await run(['login', '--device', '--server', server.issuer])
  assert.ok(!stderr.includes(ESCAPE) && !stderr.includes('\u0007'))
})
