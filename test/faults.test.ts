// What may go wrong while a sign-in is made, used and renewed, with the real program: disks, stores, proxies, networks.
// Each ends in its sentence and exit code, and afterwards the credential is there byte for byte, or a newer one is.
// Keychains: keychain.test.ts; clocks: wrong-clock.test.ts; many processes: refresh-storm.test.ts.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  globSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { keyOf, openStore } from '@countersign/client/credentials'
import {
  type Handler,
  json,
  page,
  paths,
  reset,
  type ScriptedServer,
  startScriptedServer,
  text,
  tokensOf,
  truncated,
} from '@countersign/client/testing'
import { expireSignIn } from './support/expire.ts'
import { type Exit, runProgram, startProgram } from './support/process.ts'
import { type Interceptor, startInterceptor } from './support/tls-interceptor.ts'

let server: ScriptedServer
let home: string
let env: Record<string, string>
const mounts: string[] = []

beforeEach(async () => {
  server = await startScriptedServer()
  home = mkdtempSync(join(tmpdir(), 'countersign-faults-'))
  env = { COUNTERSIGN_CONFIG_DIR: join(home, 'config') }
})
afterEach(async () => {
  await server.close()
  for (const path of mounts.splice(0)) spawnSync('umount', [path])
  rmSync(home, { recursive: true, force: true })
})

function run(args: string[], more: Record<string, string> = {}): Promise<Exit> {
  return runProgram(args, { env: { ...env, ...more } })
}

function login(more: Record<string, string> = {}): Promise<Exit> {
  return run(['login', '--device', '--server', server.issuer], more)
}

async function signedIn(): Promise<void> {
  const { code, stderr } = await login()
  assert.equal(code, 0, stderr)
}

/** The sign-in as it is an hour later. */
function expire(): void {
  expireSignIn(openStore({ env }), server.issuer)
}

function credentialPath(): string {
  const [path] = globSync(join(home, 'config', 'credentials', '127.0.0.1*.json'))
  assert.ok(path)
  return path
}

function contents(): string {
  return readFileSync(credentialPath(), 'utf8')
}

/** Signed in, with an access token that must be renewed; the returned function asserts that nothing of it was lost. */
async function needsRenewal(): Promise<() => Promise<void>> {
  await signedIn()
  expire()
  const before = contents()
  return async () => {
    assert.equal(contents(), before)
    server.on(paths.token, json(200, tokensOf('2')))
    server.on(paths.metadata, wellBehaved)
    rmSync(credentialPath().replace(/json$/, 'failed'), { force: true })
    const { code, stdout, stderr } = await run(['token'])
    assert.deepEqual([code, stdout], [0, 'ACCESS-canary-2\n'], stderr)
  }
}

const wellBehaved: Handler = (request, response) => {
  const metadata = {
    issuer: server.issuer,
    token_endpoint: `${server.issuer}${paths.token}`,
    response_types_supported: ['code'],
  }
  return json(200, metadata)(request, response)
}

const passing: [string, Handler, RegExp][] = [
  [
    'HTML from a proxy',
    page(403, 'Zscaler'),
    /✗ 127\.0\.0\.1:\d+ answered a web page instead of data \(status 403, "Zscaler"\)\. A proxy is in the way: countersign doctor\n/,
  ],
  ['503', json(503, {}), /✗ 127\.0\.0\.1:\d+ is not available \(status 503\)\. Try again later\.\n/],
  ['503 in plain text', text(503, 'down'), /is not available \(status 503\)\. Try again later\.\n/],
  [
    '429 with Retry-After',
    json(429, { error: 'slow_down' }, { 'retry-after': '30' }),
    /is not available \(status 429\)\. Try again in (30|29) s\.\n/,
  ],
  ['a reset connection', reset, /✗ Could not reach 127\.0\.0\.1:\d+ \(\w+\)\. Try: countersign doctor\n/],
  ['half an answer', truncated, /✗ Could not reach 127\.0\.0\.1:\d+ \(.+\)\. Try: countersign doctor\n/],
  [
    'half a JSON',
    text(200, '{"access', { 'content-type': 'application/json' }),
    /✗ 127\.0\.0\.1:\d+ answered something that is not JSON\.\n/,
  ],
  [
    'a redirect',
    text(302, '', { location: 'https://elsewhere.example/' }),
    /✗ 127\.0\.0\.1:\d+ answered with a redirect\.\n/,
  ],
]
for (const [name, handler, sentence] of passing)
  for (const path of [paths.token, paths.metadata])
    test(`CL-10 CL-15 CL-16 a renewal that meets ${name} at ${path} exits 6 and keeps the sign-in`, async () => {
      const assertKept = await needsRenewal()
      server.on(path, handler)
      if (path === paths.metadata) server.on(paths.openid, handler)
      const { code, stdout, stderr } = await run(['token'])
      assert.deepEqual([code, stdout], [6, ''], stderr)
      assert.match(stderr, sentence)
      await assertKept()
    })

test('CL-10 DC-13 a server that says how long to wait is left alone until then, by every process', async () => {
  await needsRenewal()
  server.on(paths.token, json(429, {}, { 'retry-after': '50' }))
  const before = server.at(paths.token).length
  const codes = await Promise.all(Array.from({ length: 6 }, async () => (await run(['token'])).code))
  assert.deepEqual(new Set(codes), new Set([6]))
  assert.equal(server.at(paths.token).length, before + 1)
})

test('CL-09 a signal in the middle of a renewal waits for the answer, which is kept', async () => {
  await needsRenewal()
  const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  server.on(paths.token, async (request, response) => {
    arrive()
    await released
    await json(200, tokensOf('3'))(request, response)
  })
  const program = startProgram(['token'], { env })
  await arrived
  process.kill(program.pid, 'SIGTERM')
  await new Promise((resolve) => setTimeout(resolve, 200))
  release()
  assert.equal((await program.exit).signal, 'SIGTERM')
  assert.match(contents(), /REFRESH-canary-3/)
})

/** A file system of its own for the config, small or read-only; why not, where that cannot be had. */
function mountConfig(options: string): string | undefined {
  const path = join(home, 'config')
  const aside = join(home, 'aside')
  mkdirSync(path, { recursive: true })
  renameSync(path, aside)
  mkdirSync(path)
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path])
  if (status !== 0) return 'no file system can be mounted here'
  mounts.push(path)
  cpSync(aside, path, { recursive: true })
  return undefined
}

test('CL-08 a full disk: nothing is spent, nothing is lost, and the sentence says so', async (t) => {
  const assertKept = await needsRenewal()
  const reason = mountConfig('size=64k,mode=700')
  if (reason) return t.skip(reason)
  const { bfree, bsize } = statfsSync(join(home, 'config'))
  const filler = join(home, 'config', 'filler')
  writeFileSync(filler, Buffer.alloc(bfree * bsize))
  const asked = server.received.length
  const before = contents()
  for (const args of [['token'], ['login', '--device', '--server', server.issuer]]) {
    const { code, stderr } = await run(args)
    assert.equal(code, 1, stderr)
    assert.match(stderr, /✗ The disk is full: \S+ could not be written\.\n/)
    assert.equal(contents(), before)
  }
  // A sign-in may look for the server before it finds that it could keep nothing; nobody is asked for a token.
  assert.deepEqual(
    server.received
      .slice(asked)
      .map(({ path }) => path)
      .filter((path) => path === paths.token),
    [],
  )
  rmSync(filler)
  await assertKept()
})

test('CL-08 a read-only home: what is stored is used; what would have to be written is refused before it is asked for', async (t) => {
  await signedIn()
  const reason = mountConfig('size=1m,mode=700')
  if (reason) return t.skip(reason)
  spawnSync('mount', ['-o', 'remount,ro', join(home, 'config')])
  assert.equal((await run(['token'])).stdout, 'ACCESS-canary-1\n')
  assert.equal((await run(['status'])).code, 0)
  const { code, stderr } = await login()
  assert.equal(code, 1)
  assert.match(stderr, /✗ Cannot write \S+ \(EROFS\)\.\n/)
  assert.equal(server.at(paths.token).length, 1)
  spawnSync('mount', ['-o', 'remount,rw', join(home, 'config')])
  expire()
  spawnSync('mount', ['-o', 'remount,ro', join(home, 'config')])
  const renewal = await run(['token'])
  assert.equal(renewal.code, 1)
  assert.match(renewal.stderr, /✗ Cannot write \S+( \(EROFS\))?\.\n/)
  assert.equal(server.at(paths.token).length, 1)
})

test('CL-07 CL-08 a corrupt sign-in is set aside, and those of other servers are untouched', async () => {
  await signedIn()
  const other = await startScriptedServer()
  try {
    await run(['login', '--device', '--server', other.issuer])
    const broken = globSync(
      join(home, 'config', 'credentials', `${new URL(server.issuer).host.replace(':', '_')}-*.json`),
    )[0]
    assert.ok(broken)
    writeFileSync(broken, contents().slice(0, 80))
    const whole = openStore({ env }).list(other.issuer)
    assert.equal((await run(['token', '--server', other.issuer])).stdout, 'ACCESS-canary-1\n')
    const { code, stderr } = await run(['token', '--server', server.issuer])
    assert.equal(code, 4)
    assert.match(
      stderr,
      /✗ The stored sign-in could not be read\. It was set aside as \S+\.corrupt-1\. Run: countersign login/,
    )
    assert.deepEqual(openStore({ env }).list(other.issuer), whole)
    assert.match((await run(['logout', '--all'])).stderr, /✓ Removed 1 unreadable file\./)
    assert.deepEqual(globSync(`${broken}*`), [])
  } finally {
    await other.close()
  }
})

test('CL-08 a sign-in of a newer version is left as it is, and said to be one', async () => {
  await signedIn()
  const newer = JSON.stringify({ version: 9, tokens: 'unknown' })
  writeFileSync(credentialPath(), newer)
  const { code, stderr } = await run(['token'])
  assert.equal(code, 1)
  assert.match(stderr, /✗ \S+ was written by a newer version of this program\.\n/)
  assert.equal(contents(), newer)
})

test('CL-08 a file that others can read is made private when it is used', async () => {
  await signedIn()
  chmodSync(credentialPath(), 0o644)
  assert.equal((await run(['token'])).code, 0)
  assert.equal(statSync(credentialPath()).mode & 0o777, 0o600)
})

test('CL-08 a symlink in the place of the file is followed neither to read nor to write', async () => {
  await signedIn()
  const elsewhere = join(home, 'elsewhere')
  const path = credentialPath()
  renameSync(path, elsewhere)
  symlinkSync(elsewhere, path)
  const before = readFileSync(elsewhere, 'utf8')
  const { code, stderr } = await run(['token'])
  assert.equal(code, 1)
  assert.match(stderr, /✗ \S+ is a symbolic link; it is not used for credentials\.\n/)
  await login()
  assert.equal(lstatSync(path).isSymbolicLink(), true)
  assert.equal(readFileSync(elsewhere, 'utf8'), before)
})

test('CL-08 a program killed while it renews leaves the old sign-in or the new one, whole', async () => {
  await signedIn()
  for (let round = 0; round < 10; round += 1) {
    expire()
    server.on(paths.token, json(200, tokensOf(String(round + 10))))
    const program = startProgram(['token'], { env })
    await new Promise((resolve) => setTimeout(resolve, 150 + round * 40))
    await program.kill('SIGKILL')
    const { code, stdout } = await run(['token'])
    assert.equal(code, 0)
    assert.match(stdout, /^ACCESS-canary-\d+\n$/)
  }
})

test('CL-16 a TLS connection that somebody looks into: the sentence names the issuer, the CA file lets it through', async () => {
  const interceptor: Interceptor = await startInterceptor(server.issuer)
  try {
    const { issuer, caFile } = interceptor
    server.on(paths.metadata, (request, response) => {
      const own = {
        issuer,
        token_endpoint: `${issuer}${paths.token}`,
        device_authorization_endpoint: `${issuer}${paths.device}`,
        revocation_endpoint: `${issuer}${paths.revoke}`,
        userinfo_endpoint: `${issuer}${paths.userinfo}`,
        response_types_supported: ['code'],
      }
      return json(200, own)(request, response)
    })
    const signIn = ['login', '--device', '--server', issuer]
    const refused = await run(signIn)
    assert.equal(refused.code, 6)
    assert.match(
      refused.stderr,
      /✗ localhost:\d+ showed a certificate that is not trusted here \(\w+, issued by "Watchful Proxy Inc"\)\. A proxy may be looking into the connection: countersign doctor\n/,
    )
    const trusting = { COUNTERSIGN_CA_FILE: caFile }
    const { code, stderr } = await run(signIn, trusting)
    assert.equal(code, 0, stderr)
    const store = openStore({ env })
    const key = keyOf(expireSignIn(store, issuer))
    const before = store.read(key)
    assert.equal((await run(['token'])).code, 6)
    assert.deepEqual(store.read(key), before)
    assert.equal((await run(['token'], trusting)).code, 0)
  } finally {
    await interceptor.stop()
  }
})
