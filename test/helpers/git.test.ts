// git with a sign-in at our server: a real clone and push against a server that checks the token, the exact words of the
// protocol, and git's own configuration. A token goes to the hosts that the helper was installed for, and to no other.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { protect } from '@countersign/resource'
import { addResource } from '../support/example.ts'
import { type GitServer, startGitServer } from '../support/git-server.ts'
import { openSignedInHome, type SignedInHome, tokenIn } from './signed-in-home.ts'

const notGiven = 'https://elsewhere.acme.test'
let home: SignedInHome
let git: GitServer

before(async () => {
  home = await openSignedInHome()
  git = await guardedGit()
  // All that tokens may be for has to be asked for at the sign-in (RFC 8707 §2.2).
  await home.signIn('--resource', git.url, '--scope', 'openid profile email notes:read')
})
after(async () => {
  await git.close()
  await home.close()
})
afterEach(() => home.fresh())

/** Demands a token of our server for this very host. git before 2.46 can only send it as the password of Basic. */
async function guardedGit(): Promise<GitServer> {
  const site = await startGitServer((url) => {
    const api = protect({ resource: url, issuer: home.server.issuer })
    return async (request) => {
      const given = tokenIn(request)
      const verified = given === undefined ? undefined : await api.verifyToken(given)
      return verified?.ok ? undefined : 'Bearer realm="notes", Basic realm="notes"'
    }
  })
  await addResource(home.server.data, site.url, { 'notes:read': 'read your notes' })
  return site
}

test('git clone and push over http work through the helper, against a server that checks the token', async () => {
  const without = await home.tool('git', [
    'clone',
    '--quiet',
    `${git.url}/notes.git`,
    join(home.path(), 'nothing'),
  ])
  assert.notEqual(without.code, 0)

  // The server of notes takes no token that is for somebody else, so the helper asks for one of its own.
  await home.install('git', '--host', git.url, '--for', git.url)
  const clone = join(home.path(), 'notes')
  const cloned = await home.tool('git', ['clone', '--quiet', `${git.url}/notes.git`, clone])
  assert.equal(cloned.code, 0, cloned.stderr)
  assert.equal(readFileSync(join(clone, 'README'), 'utf8'), 'kept behind a sign-in\n')
  writeFileSync(join(clone, 'README'), 'changed\n')
  const as = ['-C', clone, '-c', 'user.name=Mia', '-c', 'user.email=mia@example.com']
  assert.equal((await home.tool('git', [...as, 'commit', '--quiet', '-a', '-m', 'second'])).code, 0)
  const pushed = await home.tool('git', [...as, 'push', '--quiet'])
  assert.equal(pushed.code, 0, pushed.stderr)

  const [, major, minor] = /(\d+)\.(\d+)/.exec((await home.tool('git', ['--version'])).stdout) ?? []
  const speaksBearer = Number(major) > 2 || (Number(major) === 2 && Number(minor) >= 46)
  assert.ok(git.schemes.includes(speaksBearer ? 'Bearer' : 'Basic'), git.schemes.join())
})

test('a helper that keeps passwords on disk does not get the token', async () => {
  await home.tool('git', ['config', '--global', 'credential.helper', 'store'])
  await home.install('git', '--host', git.url, '--for', git.url)
  assert.equal(
    (await home.tool('git', ['clone', '--quiet', `${git.url}/notes.git`, join(home.path(), 'notes')])).code,
    0,
  )
  assert.equal(existsSync(join(home.path(), '.git-credentials')), false)
  // For every other host it is what it was.
  const others = await home.tool('git', ['config', '--get-urlmatch', 'credential.helper', notGiven])
  assert.equal(others.stdout, 'store\n')
})

test('git helper: Bearer where git knows it, else a password; with the end of the token, and never saved', async () => {
  await home.install('git', '--host', 'https://git.acme.test')
  const asked = 'protocol=https\nhost=git.acme.test\n'
  const value = await home.token()
  const bearer = await home.run(
    ['helper', 'git', 'get'],
    `capability[]=authtype\ncapability[]=state\n${asked}\n`,
  )
  assert.match(
    bearer.stdout,
    /^capability\[\]=authtype\nauthtype=Bearer\ncredential=(\S+)\nephemeral=1\npassword_expiry_utc=\d{10}\n$/,
  )
  assert.ok(bearer.stdout.includes(`credential=${value}\n`))
  const basic = await home.run(['helper', 'git', 'get'], `${asked}\n`)
  assert.match(basic.stdout, /^username=oauth2\npassword=\S+\npassword_expiry_utc=\d{10}\n$/)
  const named = await home.run(['helper', 'git', 'get'], `${asked}username=mia\n\n`)
  assert.match(named.stdout, /^username=mia\n/)
  for (const action of ['store', 'erase', 'capability', 'something-new'])
    assert.deepEqual(await home.run(['helper', 'git', action], `${asked}password=x\n`), silent, action)
})

const silent = { code: 0, signal: null, stdout: '', stderr: '' }

test('git helper: no other host, scheme, port or name gets a token', async () => {
  await home.install('git', '--host', 'https://git.acme.test')
  const asked = [
    'protocol=https\nhost=git.acme.test.evil.test\n',
    'protocol=https\nhost=evil.test\n',
    'protocol=https\nhost=git.acme.test:8443\n',
    'protocol=http\nhost=git.acme.test\n',
    'protocol=https\nhost=git.acme.test@evil.test\n',
    'protocol=https\nhost=evil.test/git.acme.test\n',
    'protocol=https\nhost=evil.test#git.acme.test\n',
    'protocol=ssh\nhost=git.acme.test\n',
    'host=git.acme.test\n',
    '',
  ]
  for (const input of asked) {
    const { code, stdout } = await home.run(['helper', 'git', 'get'], input)
    assert.deepEqual([code, stdout], [0, ''], input)
  }
})

test('git helper: what was refused is renewed, and a sign-in that is missing ends the search', async () => {
  await home.install('git', '--host', 'https://git.acme.test')
  const asked = 'protocol=https\nhost=git.acme.test\n'
  const before = await home.token()
  await home.run(['helper', 'git', 'erase'], `${asked}username=oauth2\npassword=${before}\n`)
  assert.notEqual(await home.token(), before)
  const empty = mkdtempSync(join(home.path(), 'empty-'))
  await home.run(['helper', 'install', 'git', '--host', 'https://git.acme.test'], '', {
    COUNTERSIGN_CONFIG_DIR: empty,
  })
  const missing = await home.run(['helper', 'git', 'get'], asked, { COUNTERSIGN_CONFIG_DIR: empty })
  assert.deepEqual([missing.code, missing.stdout], [4, 'quit=1\n'])
  assert.match(missing.stderr, /Not signed in\. Run: countersign login/)
})

test('installing for git twice changes nothing, another helper stays, and removing leaves what was there', async () => {
  const path = join(home.path(), '.gitconfig')
  writeFileSync(
    path,
    '# mine\n[user]\n\tname = Mia\n[credential "https://other.acme.test"]\n\thelper = theirs\n',
  )
  const original = readFileSync(path, 'utf8')
  const printed = await home.install('git', '--host', 'https://git.acme.test', '--print')
  assert.match(
    printed.stdout,
    /^git config --global --add credential\.https:\/\/git\.acme\.test\.helper ''\n/,
  )
  assert.equal(readFileSync(path, 'utf8'), original)
  await home.install('git', '--host', 'https://git.acme.test')
  const installed = readFileSync(path, 'utf8')
  assert.ok(installed.startsWith(original))
  const again = await home.install('git', '--host', 'https://git.acme.test')
  assert.match(again.stderr, /already/)
  assert.equal(readFileSync(path, 'utf8'), installed)
  const foreign = await home.run(['helper', 'install', 'git', '--host', 'https://other.acme.test'])
  assert.deepEqual([foreign.code, readFileSync(path, 'utf8')], [1, installed])
  assert.match(foreign.stderr, /asks another helper for https:\/\/other\.acme\.test \(theirs\); that stays/)
  await home.install('git', '--remove')
  assert.equal(readFileSync(path, 'utf8'), original)
  assert.equal((await home.run(['helper', 'git', 'get'], 'protocol=https\nhost=git.acme.test\n')).stdout, '')
})

test('a token is promised to https hosts only, whole ones, and a host has to be named', async () => {
  const table: [string[], RegExp][] = [
    [['git', '--host', 'http://git.acme.test'], /sent to https hosts only/],
    [['git', '--host', 'https://git.acme.test/team'], /whole hosts/],
    [['git', '--host', 'https://mia:secret@git.acme.test'], /is not the address of a host/],
    [['git'], /ame the host that git may send the token to/],
    [['svn', '--host', 'https://git.acme.test'], /none of git, docker, kubectl, npm/],
    [[], /ame what to install for/],
  ]
  for (const [args, expected] of table) {
    const { code, stderr } = await home.run(['helper', 'install', ...args])
    assert.equal(code, 2, stderr)
    assert.match(stderr, expected)
  }
})
