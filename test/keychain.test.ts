// The keychain as the real program meets it: a real Secret Service, one that went away, one that never answers; and
// moving between keychain and file. How long a token takes from there is measured by the benchmark.
// The forms on disk are tested in packages/client/src/sealed.test.ts.

import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { openStore } from '@countersign/client/credentials'
import { json, paths, type ScriptedServer, startScriptedServer, tokensOf } from '@countersign/client/testing'
import { expireSignIn } from './support/expire.ts'
import { type Keyring, keyringMissing, startKeyring, startSilentBus } from './support/keyring.ts'
import { type Exit, runProgram, startProgram } from './support/process.ts'

const missing = keyringMissing()
const withKeyring = missing === undefined ? {} : { skip: missing }

let server: ScriptedServer
let home: string
let env: Record<string, string>
let keyring: Keyring | undefined

before(async () => {
  if (missing === undefined) keyring = await startKeyring()
})
after(() => keyring?.stop())
beforeEach(async () => {
  server = await startScriptedServer()
  home = mkdtempSync(join(tmpdir(), 'countersign-keychain-'))
  env = { COUNTERSIGN_CONFIG_DIR: home }
})
afterEach(async () => {
  await server.close()
  rmSync(home, { recursive: true, force: true })
})

function run(args: string[], more: Record<string, string> = {}): Promise<Exit> {
  return runProgram(args, { env: { ...env, ...more }, home })
}

async function login(more: Record<string, string> = {}, ...flags: string[]): Promise<Exit> {
  return run(['login', '--device', '--server', server.issuer, ...flags], more)
}

/** The one credential file. */
function stored(): { path: string; text: string } {
  const [path, ...others] = globSync(join(home, 'credentials', '127.0.0.1*.json'))
  assert.ok(path)
  assert.deepEqual(others, [])
  return { path, text: readFileSync(path, 'utf8') }
}

async function statusOf(more: Record<string, string> = {}): Promise<Record<string, unknown>> {
  return JSON.parse((await run(['status', '--json'], more)).stdout)
}

test(
  'CL-08 where a keychain answers, the tokens are sealed in the file and their key is in the keychain',
  withKeyring,
  async () => {
    const bus = keyring?.env
    const { code, stderr } = await login(bus)
    assert.equal(code, 0, stderr)
    const { text } = stored()
    assert.doesNotMatch(text, /canary/)
    assert.match(text, /"email": "mia@example.com"/)
    assert.equal((await run(['token'], bus)).stdout, 'ACCESS-canary-1\n')
    assert.equal((await statusOf(bus)).kept_in, 'keychain')
    assert.match(
      (await run(['status'], bus)).stdout,
      /stored {4}keychain \+ file ~\/credentials\/\S+ \(0600\)\n/,
    )
  },
)

test('CL-08 CL-09 a renewal and a sign-out work with the keychain', withKeyring, async () => {
  const bus = keyring?.env
  await login(bus)
  server.on(paths.token, json(200, tokensOf('2')))
  expire()
  assert.equal((await run(['token'], bus)).stdout, 'ACCESS-canary-2\n')
  assert.doesNotMatch(stored().text, /canary/)
  const { stderr } = await run(['logout'], bus)
  assert.match(stderr, /Access was revoked on the server/)
  assert.equal(server.at(paths.revoke).at(-1)?.form.token, 'REFRESH-canary-2')
  assert.deepEqual(globSync(join(home, 'credentials', '127.0.0.1*.json')), [])
})

/** The sign-in as it is an hour later, written by a program that can reach the keychain. */
function expire(): void {
  expireSignIn(openStore({ env: { ...env, ...keyring?.env } }))
}

test(
  'CL-08 a keychain that is gone later costs no sign-in: it says so, keeps everything, and exits 1',
  withKeyring,
  async () => {
    await login(keyring?.env)
    const { text } = stored()
    for (const trouble of [{}, { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere' }]) {
      const { code, stderr } = await run(['token'], trouble)
      assert.equal(code, 1)
      assert.match(
        stderr,
        /✗ There is no keychain to reach from here \(.*\)\. Nothing is lost: unlock it and try again\./,
      )
      assert.equal(stored().text, text)
      const { code: usable, stdout } = await run(['status'], trouble)
      assert.equal(usable, 4)
      assert.match(stdout, /mia@example\.com[\s\S]*! There is no keychain to reach from here/)
    }
    assert.equal((await run(['token'], keyring?.env)).stdout, 'ACCESS-canary-1\n')
  },
)

test(
  'CL-08 a keychain that answers but has lost the key asks for a new sign-in, which works',
  withKeyring,
  async () => {
    await login(keyring?.env)
    const { path, text } = stored()
    writeFileSync(path, text.replace(/"key": "[^"]+"/, '"key": "of-another-computer"'))
    const { code, stderr } = await run(['token'], keyring?.env)
    assert.equal(code, 4)
    assert.match(stderr, /✗ The keychain no longer has the key of this sign-in\. Run: countersign login/)
    assert.equal((await login(keyring?.env)).code, 0)
    assert.equal((await run(['token'], keyring?.env)).stdout, 'ACCESS-canary-1\n')
  },
)

test('CL-08 a file that was changed in any place is not believed, and set aside', withKeyring, async () => {
  await login(keyring?.env)
  const { path, text } = stored()
  writeFileSync(path, text.replace('mia@example.com', 'eve@example.com'))
  const { code, stderr } = await run(['status', '--json'], keyring?.env)
  assert.equal(code, 4, stderr)
  const token = await run(['token'], keyring?.env)
  assert.equal(token.code, 4)
  assert.equal(globSync(`${path}.corrupt-1`).length, 1)
})

test(
  'CL-08 status --store moves a sign-in to the keychain and back; so does a sign-in',
  withKeyring,
  async () => {
    const bus = keyring?.env
    await login(bus, '--store', 'file')
    assert.match(stored().text, /ACCESS-canary-1/)
    await run(['status', '--store', 'keychain'], bus)
    assert.doesNotMatch(stored().text, /canary/)
    assert.equal((await run(['token'], bus)).stdout, 'ACCESS-canary-1\n')
    await run(['status'], { ...bus, COUNTERSIGN_STORE: 'file' })
    assert.match(stored().text, /ACCESS-canary-1/)
    await login(bus)
    assert.doesNotMatch(stored().text, /canary/)
  },
)

test('CL-08 a sign-in that is being moved survives a kill at any moment', withKeyring, async () => {
  const bus = keyring?.env
  await login(bus)
  for (let round = 0; round < 12; round += 1) {
    const kind = round % 2 === 0 ? 'file' : 'keychain'
    const mover = startProgram(['status', '--store', kind], { env: { ...env, ...bus }, home })
    await new Promise((resolve) => setTimeout(resolve, 120 + round * 25))
    await mover.kill('SIGKILL')
    assert.equal((await run(['token'], bus)).stdout, 'ACCESS-canary-1\n')
  }
})

test('CL-08 a keychain that never answers is given up, told once, and not asked again; the sign-in goes to a file', async () => {
  const bus = await startSilentBus()
  try {
    const first = await login(bus.env)
    assert.equal(first.code, 0, first.stderr)
    assert.match(
      first.stderr,
      /! The keychain did not answer\. The sign-in is kept in \S+credentials \(0600\)\./,
    )
    assert.match(stored().text, /ACCESS-canary-1/)
    const second = await login(bus.env)
    assert.doesNotMatch(second.stderr, /The keychain did not answer/)
    assert.equal((await statusOf(bus.env)).keychain, 'silent')
    assert.match((await run(['status'], bus.env)).stdout, /\(0600\)\. The keychain did not answer\n/)
    const asked = await login(bus.env, '--store', 'keychain')
    assert.equal(asked.code, 1)
    assert.match(asked.stderr, /✗ The keychain did not answer \(no answer in 3 s\)/)
    assert.match(stored().text, /ACCESS-canary-1/)
  } finally {
    await bus.stop()
  }
})

test(
  'CL-08 a token in the keychain, and the keychain blocks later: an answer in seconds, and nothing is lost',
  withKeyring,
  async () => {
    await login(keyring?.env)
    const bus = await startSilentBus()
    try {
      const { code, stderr } = await run(['token'], bus.env)
      assert.equal(code, 1)
      assert.match(stderr, /✗ The keychain did not answer/)
      const out = await run(['logout'], bus.env)
      assert.equal(out.code, 0)
      assert.match(out.stderr, /! The server could not be told, as the keychain did not answer; revoke at/)
      assert.deepEqual(globSync(join(home, 'credentials', '127.0.0.1*.json')), [])
    } finally {
      await bus.stop()
    }
  },
)

test('CL-08 without any keychain the file is used and nothing is said about it', async () => {
  const { code, stderr } = await login()
  assert.equal(code, 0)
  assert.doesNotMatch(stderr, /keychain/)
  assert.equal((await statusOf()).kept_in, 'file')
})

test('CL-08 a kind of store that does not exist, or ends with the command, is a mistake in the call', async () => {
  for (const flags of [
    ['--store', 'cloud'],
    ['--store', 'memory'],
  ]) {
    const { code } = await login({}, ...flags)
    assert.equal(code, 2)
  }
  const { code, stderr } = await run(['token'], { COUNTERSIGN_STORE: 'cloud' })
  assert.equal(code, 2)
  assert.match(stderr, /COUNTERSIGN_STORE is "cloud"; it can be file, keychain or memory/)
  assert.equal(server.received.length, 0)
})
