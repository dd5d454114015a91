// Several servers and accounts, and projects that choose among them, with the real program: switch, link, status, the
// question about a server that nobody has used. Who outranks whom in detail: client/src/resolve.test.ts.
import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { keyOf, type LiveCredential, openStore } from '@countersign/client/credentials'
import { endTerminals, runInPty } from '../../../test/support/pty.ts'
import { freshEnvironment, runProgram } from './testing/run-program.ts'

let env: Record<string, string>
let cwd = ''
beforeEach(() => {
  env = freshEnvironment()
  cwd = join(env.HOME ?? '', 'work', 'project')
  mkdirSync(cwd, { recursive: true })
})
afterEach(endTerminals)

const run = (args: string[], more: Record<string, string> = {}, where = cwd) =>
  runProgram(args, { ...env, ...more }, { cwd: where })

function signIn(host: string, name: string, more: Partial<LiveCredential> = {}, renews = true): void {
  const now = Date.now() / 1000
  const credential: LiveCredential = {
    version: 1,
    state: 'live',
    issuer: `https://${host}`,
    clientId: 'countersign-cli',
    account: { id: `id-${name}`, email: `${name}@example.com` },
    signedInAt: now,
    accessToken: `${name} at ${host}`,
    ...(renews ? { refreshToken: 'REFRESH-canary' } : {}),
    scope: 'openid',
    receivedAt: now,
    clockOffset: 0,
    expiresAt: now + 600,
    ...more,
  }
  const store = openStore({ env })
  store.write(credential)
  store.setCurrent(keyOf(credential))
}

const token = async (more?: Record<string, string>, ...args: string[]) =>
  (await run(['token', ...args], more)).stdout.trim()

function hostileCheckout(text = '{"server":"https://evil.example"}'): void {
  mkdirSync(join(cwd, '.countersign'))
  writeFileSync(join(cwd, '.countersign', 'config.json'), text)
}

test('switch names the account that is used from then on, here and at other servers', async () => {
  signIn('one.example', 'mia')
  signIn('one.example', 'work')
  signIn('two.example', 'zoe')
  assert.equal(await token(), 'zoe at two.example')
  const done = await run(['switch', 'mia@example.com'])
  assert.deepEqual([done.code, done.stderr], [0, '  ✓ Countersign now uses mia@example.com   one.example\n'])
  assert.equal(await token(), 'mia at one.example')
  const json = await run(['switch', 'id-work', '--json'])
  assert.deepEqual(JSON.parse(json.stdout), {
    account: 'work@example.com',
    subject: 'id-work',
    server: 'https://one.example',
  })
  assert.equal(await token({}, '--account', 'MIA@example.com'), 'mia at one.example')
  assert.equal(await token({ COUNTERSIGN_ACCOUNT: 'zoe@example.com' }), 'zoe at two.example')
})

test('switch never chooses by itself: through a pipe the account has to be named, and has to be there', async () => {
  signIn('one.example', 'mia')
  signIn('one.example', 'work')
  const unnamed = await run(['switch'])
  assert.equal(unnamed.code, 2)
  assert.match(unnamed.stderr, /Name one: (mia|work)@example\.com \(one\.example\), /)
  const unknown = await run(['switch', 'nobody'])
  assert.deepEqual([unknown.code, /Nobody is signed in as nobody/.test(unknown.stderr)], [2, true])
  assert.equal(await token(), 'work at one.example')
  const elsewhere = await run(['switch', 'mia@example.com', '--server', 'https://two.example'])
  assert.equal(elsewhere.code, 4)
})

test('switch asks on a terminal, by number', async () => {
  signIn('one.example', 'mia')
  signIn('two.example', 'zoe')
  const terminal = runInPty(['switch'], env, { cols: 80, rows: 24, cwd })
  await terminal.until(/Which one\? \[1-2\]/)
  assert.match(terminal.text(), /^ {2,}\d {2}zoe@example\.com {3}two\.example {3}\(in use\)$/m)
  const [, number = ''] = /(\d) {2}mia@/.exec(terminal.text()) ?? []
  terminal.type(`${number}\r`)
  assert.equal(await terminal.ended, 0)
  assert.equal(await token(), 'mia at one.example')
  const second = runInPty(['switch'], env, { cols: 80, rows: 24, cwd })
  await second.until(/Which one/)
  second.type('7\r')
  assert.equal(await second.ended, 2)
  assert.equal(await token(), 'mia at one.example')
})

test('link binds a directory and all below it, and switch says when that overrules it', async () => {
  signIn('one.example', 'mia')
  signIn('two.example', 'zoe')
  const linked = await run(['link', '--server', 'https://one.example/', '--account', 'mia@example.com'])
  assert.equal(
    linked.stderr,
    '  ✓ This directory uses one.example as mia@example.com (.countersign/config.json)\n',
  )
  const file = join(cwd, '.countersign', 'config.json')
  assert.deepEqual(JSON.parse(readFileSync(file, 'utf8')), {
    server: 'https://one.example',
    account: 'mia@example.com',
  })
  const below = join(cwd, 'deep', 'er')
  mkdirSync(below, { recursive: true })
  assert.equal((await run(['token'], {}, below)).stdout, 'mia at one.example\n')
  assert.equal((await run(['token'], {}, join(cwd, '..'))).stdout, 'zoe at two.example\n')
  assert.equal(await token({ COUNTERSIGN_SERVER: 'https://two.example' }), 'zoe at two.example')
  const shown = await run(['link', '--show', '--json'], {}, below)
  assert.deepEqual(JSON.parse(shown.stdout), {
    linked: true,
    file,
    server: 'https://one.example',
    account: 'mia@example.com',
  })
  const overruled = await run(['switch', 'zoe@example.com'])
  assert.match(overruled.stderr, /! Not here: .*config\.json says https:\/\/one\.example\./)
  assert.equal((await run(['link', '--remove'])).code, 0)
  assert.ok(!existsSync(join(cwd, '.countersign')))
  assert.deepEqual([(await run(['link', '--show'])).code, await token()], [1, 'zoe at two.example'])
})

test('link without flags writes down what is in use; a server must be named by its address', async () => {
  signIn('one.example', 'mia')
  await run(['link'])
  assert.deepEqual(JSON.parse((await run(['link', '--show', '--json'])).stdout).account, 'mia@example.com')
  for (const address of ['acme', 'ftp://x.example', 'https://a:b@x.example', 'http://x.example'])
    assert.equal((await run(['link', '--server', address])).code, 2, address)
})

test('a checkout cannot choose a server that nobody has used: no token, no sign-in, a sentence', async () => {
  signIn('one.example', 'mia')
  hostileCheckout()
  for (const [args, more] of [
    [['token'], {}],
    [['token'], { COUNTERSIGN_TOKEN: 'from-the-environment' }],
    [['status', '--json'], {}],
    [['login', '--device'], {}],
    [['logout'], {}],
  ] as const) {
    const { code, stdout, stderr } = await run([...args], more)
    assert.equal(code, 4, args.join(' '))
    assert.match(stdout + stderr, /names https:\/\/evil\.example, which was never used on this computer/)
    assert.doesNotMatch(stdout, /from-the-environment|mia at/)
  }
  const env = { COUNTERSIGN_TOKEN: 'from-the-environment', COUNTERSIGN_SERVER: 'https://one.example' }
  assert.equal(await token(env), 'from-the-environment')
  assert.equal(await token({}, '--server', 'https://one.example'), 'mia at one.example')
})

test('on a terminal the server of a checkout is asked about, once; no is the default', async () => {
  signIn('one.example', 'mia')
  hostileCheckout()
  const refused = runInPty(['token'], env, { cols: 100, rows: 24, cwd })
  await refused.until(/Trust it from now on\? \[y\/N\]/)
  assert.match(refused.text(), /https:\/\/evil\.example/)
  refused.type('\r')
  assert.equal(await refused.ended, 4)
  const allowed = runInPty(['status'], env, { cols: 100, rows: 24, cwd })
  await allowed.until(/Trust it/)
  allowed.type('y\r')
  assert.equal(await allowed.ended, 4)
  assert.match(allowed.text(), /Not signed in\. Run: countersign login/)
  assert.match((await run(['status'])).stdout, /Not signed in\./)
})

test('a project file that cannot be used stops what would depend on it, and names a way around', async () => {
  signIn('one.example', 'mia')
  hostileCheckout('{"server":')
  const stopped = await run(['token'])
  assert.equal(stopped.code, 1)
  assert.match(stopped.stderr, /config\.json does not hold a JSON object/)
})

test('status says which source won and what it shadows, as in the transcript', async () => {
  signIn('two.example', 'zoe')
  signIn('one.example', 'mia', {
    scope: 'projects:read deploy:write',
    clockOffset: 12,
    authorizationExpiresAt: new Date('2127-02-19T12:00:00').getTime() / 1000,
  })
  signIn('three.example', 'max')
  await run(['link', '--server', 'https://one.example'])
  const { code, stdout } = await run(['status'], { COUNTERSIGN_TOKEN: 'x' })
  assert.equal(code, 0)
  const lines = stdout.split('\n')
  assert.equal(lines[0], '  mia@example.com   one.example   this directory (.countersign/config.json)')
  assert.match(
    lines[1] ?? '',
    /^ {4}access {4}projects:read deploy:write {5}renews itself until 19 Feb 2127$/,
  )
  assert.match(lines[2] ?? '', /^ {4}stored {4}file .*\(0600\)$/)
  assert.equal(lines[3], '    clock     12 s behind the server, corrected')
  assert.equal(lines[4], '    instead of three.example   the latest choice')
  assert.equal(lines[5], '  ! COUNTERSIGN_TOKEN is set in this shell and wins over the account above.')
  const facts = JSON.parse(
    (await run(['status', '--json'], { COUNTERSIGN_SERVER: 'https://two.example' })).stdout,
  )
  assert.deepEqual(
    [facts.account, facts.server_source, facts.server_detail],
    ['zoe@example.com', 'environment', 'COUNTERSIGN_SERVER'],
  )
  assert.deepEqual(
    facts.shadowed_servers.map(({ source }: { source: string }) => source),
    ['project', 'global', 'default'],
  )
})

test('a sign-in that has ended names the server that the next one is for, where login would not go there by itself', async () => {
  signIn('one.example', 'mia', { expiresAt: 1000 }, false)
  const elsewhere = 'Run: countersign login --server https://one.example'
  assert.ok((await run(['status'])).stdout.includes(`expired, cannot renew itself. ${elsewhere}\n`))
  assert.ok((await run(['token'])).stderr.includes(`cannot renew itself. ${elsewhere}\n`))
  const named = { COUNTERSIGN_SERVER: 'https://one.example' }
  assert.ok((await run(['token'], named)).stderr.endsWith('Run: countersign login\n'))
  const other = await run(['token', '--server', 'https://two.example'])
  assert.ok(other.stderr.endsWith('Run: countersign login --server https://two.example\n'), other.stderr)
})

test('status of an account that is not signed in says so, names who wants it, and exits 4', async () => {
  signIn('one.example', 'mia')
  const { code, stdout } = await run(['status'], { COUNTERSIGN_ACCOUNT: 'nobody@example.com' })
  assert.equal(code, 4)
  assert.match(stdout, /Not signed in as nobody@example\.com at one\.example \(COUNTERSIGN_ACCOUNT\)\./)
  const missing = await run(['token'], { COUNTERSIGN_ACCOUNT: 'nobody@example.com' })
  assert.deepEqual([missing.code, missing.stdout], [4, ''])
})

test('status --all lists every entry, and which of them can be used', async () => {
  signIn('one.example', 'mia')
  signIn('two.example', 'zoe')
  const { stdout } = await run(['status', '--all'])
  assert.match(stdout, /^ {2}mia@example\.com {3}one\.example$/m)
  assert.match(stdout, /^ {2}zoe@example\.com {3}two\.example {3}the latest choice$/m)
  const { accounts } = JSON.parse((await run(['status', '--all', '--json'])).stdout)
  assert.deepEqual(
    accounts.map(({ usable }: { usable: boolean }) => usable),
    [true, true],
  )
})
