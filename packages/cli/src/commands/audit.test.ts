// `countersign audit`, `consents` and the administrators among `users`, as a program on an embedded database: through pipes, as
// tables for people, as JSON for scripts, with exit codes. The log itself is tested in @countersign/server.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openStore } from '@countersign/server'
import { type Finished, freshEnvironment, runProgram } from '../testing/run-program.ts'

const env = freshEnvironment()
let data: string
before(async () => {
  data = mkdtempSync(join(tmpdir(), 'countersign-audit-'))
  await run(['users', 'add', 'mia@example.com', '--password-stdin'], 'correct horse battery staple')
  await run(['users', 'make-admin', 'mia@example.com'])
  await run(['clients', 'add', 'acme', '--name', 'Acme', '--public'])
  await run(['clients', 'remove', 'acme'])
  await run(['users', 'remove-admin', 'mia@example.com'])
})
after(() => rmSync(data, { recursive: true }))

function run(args: string[], input = ''): Promise<Finished> {
  return runProgram([...args, '--data', data], env, { input })
}

type Entry = { sequence: number; event: string; previous_hash: string; hash: string; detail: object }

async function list(...more: string[]): Promise<string[]> {
  const { code, stdout, stderr } = await run(['audit', 'list', '--json', ...more])
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  return (JSON.parse(stdout) as Entry[]).map(({ event }) => event)
}

const events = [
  'account.added',
  'account.admin_granted',
  'client.added',
  'client.removed',
  'account.admin_removed',
]

test('what was done is listed, the newest first, and narrowed by what and when', async () => {
  assert.deepEqual(await list(), events.toReversed())
  assert.deepEqual(await list('--limit', '2'), events.toReversed().slice(0, 2))
  assert.deepEqual(await list('--event', 'client'), ['client.removed', 'client.added'])
  assert.deepEqual(await list('--event', 'client.added', '--client', 'acme'), ['client.added'])
  assert.equal((await list('--account', 'mia@example.com')).length, 3)
  assert.deepEqual(await list('--until', '1h'), [])
  assert.equal((await list('--since', '1h')).length, 5)
  const { stdout } = await run(['audit', 'list', '--event', 'client.removed'])
  assert.match(
    stdout,
    /^NR {2}WHEN +EVENT +BY +FROM +ACCOUNT +PROGRAM +SIGN-IN\n4 {3}\d{4}-\d\d-\d\d \d\d:\d\dZ {2}client\.removed {2}admin {2}- +- +acme +-\n$/,
  )
  assert.equal((await run(['audit', 'list', '--event', 'nothing'])).stdout, 'No entries.\n')
})

test('the export is one JSON object per line, in the order of the chain, and goes on after a place', async () => {
  for (const more of [[], ['--json']]) {
    const { code, stdout } = await run(['audit', 'export', ...more])
    const entries = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry)
    assert.equal(code, 0)
    assert.deepEqual(
      entries.map(({ event }) => event),
      events,
    )
    for (const [i, entry] of entries.entries())
      assert.equal(entry.previous_hash, entries[i - 1]?.hash ?? '0'.repeat(64))
  }
  assert.equal((await run(['audit', 'export', '--after', '3'])).stdout.split('\n').length, 3)
  assert.equal((await run(['audit', 'export', '--after', '5'])).stdout, '')
})

test('the log verifies, prints its end to be noted, and tells of damage with exit code 1', async () => {
  const whole = await run(['audit', 'verify'])
  assert.deepEqual([whole.code, whole.stderr], [0, '  ✓ The log is whole: 5 entries.\n'])
  assert.match(whole.stdout, /^5:[0-9a-f]{64}\n$/)
  assert.equal((await run(['audit', 'verify', '--head', whole.stdout.trim()])).code, 0)
  const other = await run(['audit', 'verify', '--head', `5:${'0'.repeat(64)}`])
  assert.deepEqual(
    [other.code, other.stdout, other.stderr],
    [1, '', '  ✗ The log was damaged.\n  entry 5: the end that was noted is not there\n'],
  )
  const store = await openStore({ path: join(data, 'countersign.db') })
  const entry = (await store.list('auditEntry')).find(({ event }) => event === 'client.added')
  assert.ok(entry)
  await store.apply([{ op: 'update', kind: 'auditEntry', record: { ...entry, clientId: 'other' } }])
  await store.close()
  const damaged = await run(['audit', 'verify', '--json'])
  assert.equal(damaged.code, 1)
  const { ok, faults } = JSON.parse(damaged.stdout) as { ok: boolean; faults: object[] }
  assert.deepEqual({ ok, faults }, { ok: false, faults: [{ sequence: 3, fault: 'changed' }] })
})

test('administrators are made and unmade, and without consents the list says so', async () => {
  const made = await run(['users', 'make-admin', 'mia@example.com'])
  assert.equal(made.stderr, '  ✓ mia@example.com is an administrator.\n')
  const unmade = await run(['users', 'remove-admin', 'mia@example.com', '--json'])
  assert.equal((JSON.parse(unmade.stdout) as { admin: boolean }).admin, false)
  assert.equal((await run(['consents', 'list'])).stdout, 'Nobody has agreed to anything yet.\n')
  assert.equal((await run(['consents', 'list', '--json'])).stdout, '[]\n')
})

test('what somebody agreed to is listed in a table and taken back, which the log tells', async () => {
  const store = await openStore({ path: join(data, 'countersign.db') })
  const [mia] = await store.list('account')
  assert.ok(mia)
  const record = {
    id: 'agreed',
    version: 0,
    accountId: mia.id,
    clientId: 'shop',
    redirectTarget: 'https://shop.example/cb',
    resources: [],
    scopes: ['openid', 'email'],
    clientKeys: 'x',
    createdAt: mia.createdAt,
    updatedAt: mia.createdAt,
  }
  await store.apply([{ op: 'insert', kind: 'consent', record }])
  await store.close()
  const { stdout } = await run(['consents', 'list', '--account', 'mia@example.com'])
  assert.match(stdout, /\nmia@example\.com {2}shop +https:\/\/shop\.example\/cb {2}openid email +- +\d{4}-/)
  const withdrawn = await run(['consents', 'withdraw', 'mia@example.com', 'shop'])
  assert.deepEqual(
    [withdrawn.code, withdrawn.stderr],
    [0, '  ✓ mia@example.com has agreed to nothing with shop any more.\n'],
  )
  assert.deepEqual((await list('--client', 'shop')).slice(0, 1), ['consent.withdrawn'])
})

for (const [noun, verbs] of [
  ['audit', ['list', 'export', 'verify']],
  ['consents', ['list', 'withdraw']],
  ['users', ['add', 'list', 'disable', 'enable', 'make-admin', 'remove-admin']],
] as const)
  test(`countersign ${noun} --help names every verb, and each verb its --json`, async () => {
    const { stdout } = await run([noun, '--help'])
    for (const verb of verbs) assert.match(stdout, new RegExp(`^ {2}${verb}\\b`, 'm'))
    for (const verb of verbs) assert.match((await run([noun, verb, '--help'])).stdout, /--json/)
  })

const refused: [string[], number, RegExp][] = [
  [['audit', 'list', '--since', 'yesterday'], 2, /--since takes a time/],
  [['audit', 'list', '--limit', '-1'], 2, /--limit takes a whole number/],
  [['audit', 'list', '--account', 'nobody@example.com'], 1, /There is no account/],
  [['audit', 'export', '--after', 'x'], 2, /--after takes a whole number/],
  [['audit', 'verify', '--head', '5'], 2, /--head takes/],
  [['users', 'make-admin', 'nobody@example.com'], 1, /There is no account/],
  [['consents', 'withdraw', 'mia@example.com', 'acme'], 1, /has agreed to nothing with acme/],
  [['consents', 'list', '--account', 'nobody@example.com'], 1, /There is no account/],
]
for (const [args, exit, message] of refused)
  test(`countersign ${args.join(' ')} exits ${exit} and says why`, async () => {
    const { code, stdout, stderr } = await run(args)
    assert.deepEqual([code, stdout], [exit, ''])
    assert.match(stderr, message)
  })
