// Who is meant, by whom, and what that shadows: flag, variable, project, latest choice, default.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { createApp } from './app.ts'
import { type CredentialStore, keyOf, type LiveCredential, openStore } from './credentials.ts'
import { ProjectError } from './errors.ts'
import { writeProject } from './project.ts'
import { type Asking, environmentToken, resolveServer, resolveTarget } from './resolve.ts'
import { resolveToken } from './resolve-token.ts'
import { system } from './system.ts'
import { trustServer } from './trusted-servers.ts'

const app = createApp({ appName: 'Acme', clientId: 'acme-cli', issuer: 'https://default.example/' })
let home = ''
let cwd = ''
let store: CredentialStore
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'countersign-resolve-'))
  cwd = join(home, 'work')
  mkdirSync(cwd)
  store = openStore({ directory: join(home, 'store'), system })
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function signIn(host: string, id: string, email?: string): LiveCredential {
  const credential: LiveCredential = {
    version: 1,
    state: 'live',
    issuer: `https://${host}`,
    clientId: 'acme-cli',
    account: { id, ...(email ? { email } : {}) },
    signedInAt: 1,
    accessToken: `token of ${id} at ${host}`,
    receivedAt: system.now(),
    clockOffset: 0,
    expiresAt: system.now() + 600,
  }
  store.write(credential)
  store.setCurrent(keyOf(credential))
  return credential
}

const link = (host: string, account?: string) =>
  writeProject(cwd, { server: `https://${host}`, account }, app, system)

function asking(flags: Asking['flags'] = {}, env: Record<string, string> = {}): Asking {
  return { flags, env: { HOME: home, ...env }, cwd, app, store }
}

test('the server: flag, variable, project, latest choice, default; each shadows the rest in that order', () => {
  assert.deepEqual(resolveServer(asking()), {
    server: 'https://default.example',
    source: 'default',
    detail: 'the default of Acme',
    shadowed: [],
  })
  signIn('latest.example', 'a')
  assert.equal(resolveServer(asking()).source, 'global')
  trustServer(store.directory, 'https://project.example', system)
  const path = link('project.example')
  assert.equal(resolveServer(asking()).detail, path)
  const told = { ACME_SERVER: 'https://env.example/' }
  assert.equal(resolveServer(asking({}, told)).detail, 'ACME_SERVER')
  const won = resolveServer(asking({ server: 'https://flag.example' }, told))
  assert.deepEqual([won.server, won.source, won.detail], ['https://flag.example', 'flag', '--server'])
  assert.deepEqual(
    won.shadowed.map(({ value, source }) => [source, value]),
    [
      ['environment', 'https://env.example'],
      ['project', 'https://project.example'],
      ['global', 'https://latest.example'],
      ['default', 'https://default.example'],
    ],
  )
})

test('a sign-in does not follow the latest choice, but follows the project', () => {
  signIn('latest.example', 'a')
  assert.equal(resolveServer({ ...asking(), forSignIn: true }).server, 'https://default.example')
  link('latest.example')
  assert.equal(resolveServer({ ...asking(), forSignIn: true }).source, 'project')
})

test('without any server the ways to name one are told', () => {
  const nowhere = createApp({ appName: 'Acme', clientId: 'acme-cli' })
  assert.throws(
    () => resolveServer({ ...asking(), app: nowhere }),
    /give --server, set ACME_SERVER, or run: acme link/,
  )
})

test('a project chooses among servers that were used, trusted or built in, and never a new one', () => {
  link('evil.example')
  assert.throws(
    () => resolveServer(asking()),
    (error) =>
      error instanceof ProjectError &&
      error.code === 'server_untrusted' &&
      error.server === 'https://evil.example' &&
      /acme link --server https:\/\/evil\.example/.test(error.message),
  )
  assert.equal(resolveServer(asking({ server: 'https://default.example' })).source, 'flag')
  trustServer(store.directory, 'https://evil.example', system)
  assert.equal(resolveServer(asking()).server, 'https://evil.example')
  link('used.example')
  signIn('used.example', 'a')
  assert.equal(resolveServer(asking()).source, 'project')
  link('default.example')
  assert.equal(resolveServer(asking()).source, 'project')
})

test('the account: flag, variable, project, latest choice; by id or by address in any case', () => {
  signIn('x.example', 'a', 'a@x.example')
  signIn('x.example', 'b', 'b@x.example')
  signIn('x.example', 'c', 'c@x.example')
  const account = (flags?: Asking['flags'], env?: Record<string, string>) =>
    resolveTarget(asking(flags, env)).account
  assert.equal(account(), 'c')
  link('x.example', 'A@x.example')
  assert.equal(account(), 'a')
  assert.equal(account({}, { ACME_ACCOUNT: 'b' }), 'b')
  const { named, shadowedAccounts } = resolveTarget(asking({ account: 'c' }, { ACME_ACCOUNT: 'b' }))
  assert.equal(named?.detail, '--account')
  assert.deepEqual(
    shadowedAccounts.map(({ value, source }) => [source, value]),
    [
      ['environment', 'b'],
      ['project', 'A@x.example'],
    ],
  )
})

test('an account that is named and not signed in is never replaced by another', () => {
  signIn('x.example', 'a')
  const { account, named } = resolveTarget(asking({ account: 'nobody' }))
  assert.deepEqual([account, named?.value], [undefined, 'nobody'])
})

test('the account of a project belongs to the server of that project alone', () => {
  signIn('other.example', 'me')
  signIn('x.example', 'me')
  link('x.example', 'me')
  signIn('other.example', 'you')
  assert.equal(resolveTarget(asking({ server: 'https://other.example' })).account, 'you')
})

test('an account that is signed in at one other server chooses that server, where nobody named one', () => {
  signIn('work.example', 'w', 'mia@work.example')
  signIn('home.example', 'h', 'mia@home.example')
  const { issuer, account, chosen } = resolveTarget(asking({ account: 'mia@work.example' }))
  assert.deepEqual([issuer, account, chosen.detail], ['https://work.example', 'w', '--account'])
  const fixed = resolveTarget(asking({ account: 'mia@work.example', server: 'https://home.example' }))
  assert.deepEqual([fixed.issuer, fixed.account], ['https://home.example', undefined])
})

test('one address at two servers, or of two accounts, needs more to be said', () => {
  signIn('one.example', 'a', 'mia@example.com')
  signIn('two.example', 'b', 'mia@example.com')
  signIn('three.example', 'c')
  assert.throws(
    () => resolveTarget(asking({ account: 'mia@example.com' })),
    /by its id: a \(one\.example\), b \(two/,
  )
})

test('a token in the environment wins over everything but --account, and stays with its server', () => {
  const env = { ACME_TOKEN: 'given' }
  const token = (flags: Asking['flags'], more: Record<string, string>, server: string) =>
    environmentToken(asking(flags, { ...env, ...more }), server)
  assert.equal(token({}, {}, 'https://any.example'), 'given')
  assert.equal(token({ account: 'a' }, {}, 'https://any.example'), undefined)
  assert.equal(token({}, { ACME_ACCOUNT: 'a' }, 'https://any.example'), 'given')
  assert.equal(token({}, { ACME_SERVER: 'https://x.example/' }, 'https://x.example'), 'given')
  assert.equal(token({}, { ACME_SERVER: 'https://x.example' }, 'https://y.example'), undefined)
})

test('resolveToken tells the token and its source, or the reason why there is none', async () => {
  const ask = (flags?: Asking['flags'], env?: Record<string, string>) =>
    resolveToken({ ...asking(flags, env), system })
  const none = await ask()
  assert.equal('reason' in none && none.reason, 'not_signed_in')
  const given = await ask({}, { ACME_TOKEN: 'given' })
  assert.deepEqual('token' in given && [given.token, given.source], ['given', 'environment'])
  signIn('x.example', 'a', 'mia@example.com')
  const stored = await ask()
  assert.deepEqual(
    'token' in stored &&
      stored.source === 'stored' && [stored.token, stored.account.email, stored.server.source],
    ['token of a at x.example', 'mia@example.com', 'global'],
  )
  store.write({ ...signIn('x.example', 'a'), expiresAt: 1, receivedAt: 0 })
  const expired = await ask()
  assert.equal('reason' in expired && expired.reason, 'expired')
  link('evil.example')
  await assert.rejects(ask({}, { ACME_TOKEN: 'given' }), /never used on this computer/)
})
