// The administration commands on an embedded database beside a running server: through pipes, as tables for
// people, as JSON for scripts, and refused. What administering means is tested in @countersign/server.
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, test } from 'node:test'
import { type Finished, freshEnvironment, runProgram } from './testing/run-program.ts'
import { endServers, serveProgram } from './testing/serve-program.ts'

const password = 'correct horse battery staple'
let data: string
let env: Record<string, string>
before(async () => {
  data = mkdtempSync(join(tmpdir(), 'countersign-data-'))
  await serveProgram(data, freshEnvironment())
})
after(endServers)
beforeEach(() => {
  env = freshEnvironment()
})

function run(args: string[], input = ''): Promise<Finished> {
  return runProgram([...args, '--data', data], env, { input })
}

async function json<T>(args: string[], input = ''): Promise<T> {
  const { code, stdout, stderr } = await run([...args, '--json'], input)
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  return JSON.parse(stdout)
}

type Account = { id: string; email: string; name: string; admin: boolean; disabled_at: string | null }

test('an account is added through a pipe, listed, disabled and enabled', async () => {
  const add = ['users', 'add', 'mia@example.com', '--name', 'Mia', '--admin', '--password-stdin']
  const added = await json<Account>(add, `${password}\n`)
  assert.deepEqual(
    { email: added.email, name: added.name, admin: added.admin, disabled_at: added.disabled_at },
    { email: 'mia@example.com', name: 'Mia', admin: true, disabled_at: null },
  )
  assert.doesNotMatch(JSON.stringify(added), /horse|argon/)
  const listed = await json<Account[]>(['users', 'list'])
  assert.deepEqual(listed, [added])
  const disabled = await run(['users', 'disable', 'mia@example.com'])
  assert.equal(disabled.stderr, '  ✓ mia@example.com is disabled; its sign-ins have ended.\n')
  assert.notEqual((await json<Account[]>(['users', 'list']))[0]?.disabled_at, null)
  assert.equal((await json<Account>(['users', 'enable', added.id])).disabled_at, null)
  const { stdout } = await run(['users', 'list'])
  assert.match(
    stdout,
    /^EMAIL {12}NAME {2}ADMIN {2}DISABLED {2}SINCE {14}ID\nmia@example\.com {2}Mia {3}yes {4}- {9}\d{4}-\d\d-\d\d \d\d:\d\dZ {2}usr_/,
  )
  const again = await run(['users', 'add', 'mia@example.com', '--password-stdin'], password)
  assert.equal(again.code, 1)
  assert.match(again.stderr, /^ {2}✗ An account with this e-mail address exists already\.\n$/)
})

type Client = { id: string; scopes: string[]; public: boolean; first_party: boolean; grant_types: string[] }

test('programs are added, shown, listed and removed; the first-party one is there from the start', async () => {
  const scopes = ['--scope', 'openid', '--scope', 'email']
  assert.equal((await run(['clients', 'add', 'acme', '--name', 'Acme', '--public', ...scopes])).code, 0)
  const clients = await json<Client[]>(['clients', 'list'])
  assert.deepEqual(
    clients.map(({ id, public: isPublic, first_party }) => [id, isPublic, first_party]).sort(),
    [
      ['acme', true, false],
      ['countersign-cli', true, true],
    ],
  )
  const shown = await json<Client>(['clients', 'show', 'acme'])
  assert.deepEqual(shown.scopes, ['openid', 'email'])
  assert.deepEqual(shown.grant_types, ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'])
  assert.match(
    (await run(['clients', 'list'])).stdout,
    /\nacme +Acme +yes +- +device_code refresh_token +openid email\n/,
  )
  assert.equal((await run(['clients', 'remove', 'acme'])).code, 0)
  assert.equal((await run(['clients', 'show', 'acme'])).code, 1)
})

test('a generated secret is data, alone on stdout and shown this once; one from a pipe is not shown', async () => {
  const { stdout, stderr } = await run(['clients', 'add', 'api', '--name', 'Api'])
  assert.match(stdout, /^[\w-]{43}\n$/)
  assert.match(stderr, /Its secret, shown this once:/)
  assert.ok(!JSON.stringify(await json(['clients', 'show', 'api'])).includes(stdout.trim()))
  const own = 'a-secret-of-more-than-thirty-two-characters'
  const piped = await run(['clients', 'add', 'api2', '--name', 'Api 2', '--secret-stdin'], own)
  assert.equal(piped.code, 0)
  assert.equal(piped.stdout, '')
  assert.doesNotMatch(piped.stderr, /a-secret/)
})

test('keys are rotated, and the tables say which signs', async () => {
  type Key = { kid: string; alg: string; state: string }
  const before = await json<Key[]>(['keys', 'list'])
  assert.deepEqual([...new Set(before.map(({ state }) => state))], ['active'])
  const made = await json<Key[]>(['keys', 'rotate'])
  assert.deepEqual([...new Set(made.map(({ state }) => state))], ['next'])
  assert.equal((await json<Key[]>(['keys', 'list'])).length, before.length + made.length)
  const { stdout } = await run(['keys', 'list'])
  assert.match(stdout, /^ID +ALGORITHM +STATE +MADE +SIGNS FROM\n/)
  assert.doesNotMatch(stdout, /PRIVATE|"d"/)
})

test('without sign-ins the list of grants says so', async () => {
  assert.deepEqual(await json(['grants', 'list']), [])
  assert.equal((await run(['grants', 'list'])).stdout, 'No sign-ins.\n')
})

const refused: [string[], string, number, RegExp][] = [
  [['users', 'add', 'a@example.com'], '', 2, /--password-stdin is needed/],
  [['users', 'add', 'a@example.com', '--password-stdin'], '', 2, /nothing came through the pipe/i],
  [['users', 'add', 'a@example.com', '--password-stdin'], 'short', 2, /too short/],
  [['users', 'add', 'nobody', '--password-stdin'], password, 2, /not an e-mail address/],
  [['users', 'disable', 'nobody@example.com'], '', 1, /There is no account nobody@example\.com\./],
  [['clients', 'add', 'x', '--name', 'X', '--public', '--secret-stdin'], 's', 2, /exclude each other/],
  [['clients', 'add', 'x', '--name', 'X', '--secret-stdin'], 'short', 2, /at least 32 characters/],
  [['clients', 'add', 'not ok', '--name', 'X'], '', 2, /id: use letters/],
  [['clients', 'add', 'x', '--name', 'X', '--grant', 'password'], '', 2, /grants/],
  [['clients', 'add', 'countersign-cli', '--name', 'X', '--public'], '', 1, /exists already/],
  [['clients', 'remove', 'nothing'], '', 1, /There is no client nothing\./],
  [['grants', 'revoke', 'nothing'], '', 1, /There is no grant nothing\./],
  [['grants', 'list', '--account', 'nobody@example.com'], '', 1, /There is no account/],
  [['users', 'list', '--database-url', 'mysql://x'], '', 2, /databaseUrl/],
]
for (const [args, input, exit, message] of refused)
  test(`countersign ${args.join(' ')}${input ? ` <<< ${input}` : ''} exits ${exit} and says why`, async () => {
    const { code, stdout, stderr } = await run(args, input)
    assert.equal(code, exit)
    assert.equal(stdout, '')
    assert.match(stderr, /^ {2}✗ .*\n$/)
    assert.match(stderr, message)
  })
