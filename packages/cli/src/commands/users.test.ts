// `countersign users link`, `unlink`, `show` and `disconnect`, as a program on an embedded database: whose account somebody elsewhere is.
// The other commands of the group are in audit.test.ts; what a link is good for is tested in @countersign/server.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { openStore } from '@countersign/server'
import { type Finished, freshEnvironment, runProgram } from '../testing/run-program.ts'

const env = freshEnvironment()
const subject = ['--issuer', 'https://idp.example', '--subject', '00u1', '--tenant', 'acme']
let data: string
before(async () => {
  data = mkdtempSync(join(tmpdir(), 'countersign-users-'))
  await run(['users', 'add', 'mia@example.com', '--password-stdin'], 'correct horse battery staple')
})
after(() => rmSync(data, { recursive: true }))

function run(args: string[], input = ''): Promise<Finished> {
  return runProgram([...args, '--data', data], env, { input })
}

test('JB-11 a subject is linked, unlinked once, and only where it was linked', async () => {
  const linked = await run(['users', 'link', 'mia@example.com', ...subject, '--json'])
  assert.equal(linked.code, 0, linked.stderr)
  assert.equal((JSON.parse(linked.stdout) as { email: string }).email, 'mia@example.com')
  const other = await run(['users', 'unlink', ...subject.slice(0, 4)])
  assert.deepEqual([other.code, /00u1 of https:\/\/idp\.example is not linked/.test(other.stderr)], [1, true])
  assert.equal((await run(['users', 'unlink', ...subject])).code, 0)
  assert.equal((await run(['users', 'unlink', ...subject])).code, 1)
})

test('a link needs an account, an issuer and a subject', async () => {
  assert.equal((await run(['users', 'link', 'nobody@example.com', ...subject])).code, 1)
  assert.equal((await run(['users', 'link', 'mia@example.com', '--issuer', 'https://idp.example'])).code, 2)
})

test('an account is shown with whom it is elsewhere, which an administrator takes away', async () => {
  const store = await openStore({ path: join(data, 'countersign.db') })
  const { id: accountId } = JSON.parse((await run(['users', 'show', 'mia@example.com', '--json'])).stdout)
  const record = {
    // A digest whose own beginning would be an option.
    id: '-'.repeat(43),
    version: 0,
    accountId,
    provider: 'corp',
    subject: 'mia-42',
    email: null,
    name: 'Mia There',
    createdAt: 1_800_000_000,
    lastUsedAt: null,
  }
  await store.apply([{ op: 'insert', kind: 'identity', record }])
  await store.close()
  const shown = await run(['users', 'show', 'mia@example.com'])
  assert.match(shown.stdout, /mia@example\.com[\s\S]*corp +mia-42 +Mia There +- +fbefbefbefbe\n/)
  const json = JSON.parse((await run(['users', 'show', accountId, '--json'])).stdout)
  assert.deepEqual(json.identities[0].subject, 'mia-42')
  const disconnect = () => run(['users', 'disconnect', 'mia@example.com', 'fbefbefbefbe'])
  assert.match((await disconnect()).stderr + (await disconnect()).stderr, /has no identity fbefbefbefbe/)
  assert.match((await run(['users', 'show', 'mia@example.com'])).stdout, /Nobody at another provider/)
})
