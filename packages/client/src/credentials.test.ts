// The credential files on a real file system: modes, links, torn and corrupt files, full and forbidden
// places. Refreshing is tested in refresh.test.ts.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, test } from 'node:test'
import {
  type CredentialStore,
  freshness,
  keyOf,
  type LiveCredential,
  openStore,
  storeDirectory,
} from './credentials.ts'
import { StoreError } from './errors.ts'

let home: string
let store: CredentialStore
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'countersign-'))
  store = openStore({ directory: join(home, 'config') })
})

const live: LiveCredential = {
  version: 1,
  state: 'live',
  issuer: 'https://login.example',
  clientId: 'test-cli',
  account: { id: 'acct-1', email: 'mia@example.com' },
  signedInAt: 1000,
  accessToken: 'access',
  refreshToken: 'refresh',
  receivedAt: 1000,
  clockOffset: 0,
  expiresAt: 1600,
}
const key = keyOf(live)

function modeOf(path: string): number {
  return statSync(path).mode & 0o777
}

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof StoreError) return error.code
    throw error
  }
  return 'none'
}

test('CL-07 credentials are kept apart by issuer, client and account', () => {
  const others = [
    { ...live, issuer: 'https://other.example', accessToken: 'a' },
    { ...live, clientId: 'other-cli', accessToken: 'b' },
    { ...live, account: { id: 'acct-2' }, accessToken: 'c' },
  ]
  for (const credential of [live, ...others]) store.write(credential)
  for (const credential of [live, ...others]) assert.deepEqual(store.read(keyOf(credential)), credential)
  assert.equal(store.list('https://login.example', 'test-cli').length, 2)
})

test('CL-08 F-19 files are 0600 in a 0700 directory from the first byte, with a umask of 000 and of 777', () => {
  for (const umask of [0o000, 0o777]) {
    const directory = join(home, `umask-${umask}`)
    const before = process.umask(umask)
    try {
      openStore({ directory }).write(live)
    } finally {
      process.umask(before)
    }
    assert.equal(modeOf(directory), 0o700)
    for (const name of readdirSync(directory)) assert.equal(modeOf(join(directory, name)), 0o600)
  }
})

test('CL-08 F-19 a write replaces the file by a new one, so that no reader sees half of it', () => {
  store.write(live)
  const first = statSync(store.pathOf(key)).ino
  store.write({ ...live, accessToken: 'second' })
  assert.notEqual(statSync(store.pathOf(key)).ino, first)
  assert.deepEqual(
    readdirSync(store.directory).filter((name) => name.endsWith('.tmp')),
    [],
  )
})

test('CL-08 a file and a directory that exist with wider modes are repaired on read and on write', () => {
  store.write(live)
  chmodSync(store.pathOf(key), 0o644)
  chmodSync(store.directory, 0o755)
  assert.deepEqual(store.read(key), live)
  assert.equal(modeOf(store.pathOf(key)), 0o600)
  chmodSync(store.pathOf(key), 0o644)
  store.write(live)
  assert.equal(modeOf(store.pathOf(key)), 0o600)
  assert.equal(modeOf(store.directory), 0o700)
})

test('CL-08 a symlink is followed neither for reading nor for writing', () => {
  const elsewhere = join(home, 'elsewhere')
  writeFileSync(elsewhere, JSON.stringify(live))
  mkdirSync(store.directory)
  symlinkSync(elsewhere, store.pathOf(key))
  assert.equal(
    codeOf(() => store.read(key)),
    'store_unsafe',
  )
  assert.equal(
    codeOf(() => store.write({ ...live, accessToken: 'new' })),
    'store_unsafe',
  )
  assert.equal(JSON.parse(readFileSync(elsewhere, 'utf8')).accessToken, 'access')
})

test('CL-08 a directory that is a symlink, or no directory, is not used', () => {
  mkdirSync(join(home, 'real'))
  symlinkSync(join(home, 'real'), join(home, 'config'))
  assert.equal(
    codeOf(() => store.write(live)),
    'store_unsafe',
  )
  const file = join(home, 'file')
  writeFileSync(file, '')
  assert.notEqual(
    codeOf(() => openStore({ directory: file }).write(live)),
    'none',
  )
  assert.deepEqual(readdirSync(join(home, 'real')), [])
})

const corrupt: [string, string][] = [
  ['torn', JSON.stringify(live).slice(0, 100)],
  ['empty', ''],
  ['binary', '\u0000\u0001\u0002'],
  ['a list', '[]'],
  ['of wrong types', JSON.stringify({ ...live, accessToken: 7 })],
  ['without a state', JSON.stringify({ ...live, state: undefined })],
]
for (const [name, content] of corrupt)
  test(`CL-08 F-17 a credential file that is ${name} is set aside and reported, never overwritten silently`, () => {
    store.write(live)
    const path = store.pathOf(key)
    for (const n of [1, 2]) {
      writeFileSync(path, content)
      assert.equal(
        codeOf(() => store.read(key)),
        'credential_corrupt',
      )
      assert.equal(readFileSync(`${path}.corrupt-${n}`, 'utf8'), content)
      assert.equal(store.read(key), undefined)
    }
    store.write(live)
    assert.deepEqual(store.read(key), live)
  })

test('CL-07 CL-08 what cannot be read of one account is left out of the list, and left where it is', () => {
  const other = { ...live, issuer: 'https://other.example' }
  store.write(live)
  store.write(other)
  writeFileSync(store.pathOf(key), 'torn')
  assert.deepEqual(
    store.list().map(({ issuer }) => issuer),
    [other.issuer],
  )
  assert.equal(store.current(other.issuer, other.clientId), 'acct-1')
  assert.equal(readFileSync(store.pathOf(key), 'utf8'), 'torn')
  assert.deepEqual(store.read(keyOf(other)), other)
  assert.equal(store.removeLeftovers(), 1)
  assert.equal(store.removeLeftovers(), 0)
  assert.deepEqual(store.read(keyOf(other)), other)
})

test('CL-08 a file of a newer version is left alone', () => {
  store.write(live)
  const newer = JSON.stringify({ version: 3, tokens: [] })
  writeFileSync(store.pathOf(key), newer)
  assert.equal(
    codeOf(() => store.read(key)),
    'store_newer',
  )
  assert.equal(readFileSync(store.pathOf(key), 'utf8'), newer)
})

test('CL-08 a place that cannot be written is found by the probe, before anybody signs in', () => {
  const blocked = join(home, 'blocked')
  writeFileSync(blocked, '')
  assert.equal(
    codeOf(() => openStore({ directory: join(blocked, 'config') }).probe()),
    'store_unwritable',
  )
})

test('CL-08 a full disk has a code of its own, and what was stored stays', {
  skip: !existsSync('/dev/full'),
}, () => {
  store.write(live)
  // A file-size limit makes write() fail part of the way, as a full disk does.
  const script = `
    import { openStore } from ${JSON.stringify(new URL('./credentials.ts', import.meta.url).href)}
    process.on('SIGXFSZ', () => {})
    const store = openStore({ directory: ${JSON.stringify(store.directory)} })
    try { store.probe() } catch (error) { console.log(error.code) }`
  const command = `ulimit -f 1; exec "$0" --input-type=module-typescript -e "$1"`
  // The limit is for the store; Node's own cache would run into it first.
  const env = { ...process.env, NODE_DISABLE_COMPILE_CACHE: '1' }
  const out = execFileSync('bash', ['-c', command, process.execPath, script], { encoding: 'utf8', env })
  assert.equal(out.trim(), 'store_full')
  assert.deepEqual(store.read(key), live)
  assert.deepEqual(
    readdirSync(store.directory).filter((name) => name.includes('probe')),
    [],
  )
})

test('CL-08 temporary files of killed processes are swept after an hour', () => {
  store.write(live)
  const [old, young] = ['.a.json.x.tmp', '.b.json.y.tmp'].map((name) => join(store.directory, name))
  assert.ok(old && young)
  writeFileSync(old, 'secret')
  writeFileSync(young, 'secret')
  utimesSync(old, 1, 1)
  store.probe()
  assert.deepEqual([existsSync(old), existsSync(young)], [false, true])
})

test('the current account is remembered per issuer and client, and forgotten with its credential', () => {
  store.write(live)
  assert.equal(store.current(live.issuer, live.clientId), 'acct-1')
  const second = { ...live, account: { id: 'acct-2' } }
  store.write(second)
  assert.equal(store.current(live.issuer, live.clientId), undefined)
  store.setCurrent(keyOf(second))
  assert.equal(store.current(live.issuer, live.clientId), 'acct-2')
  assert.equal(store.latestIssuer(), live.issuer)
  store.remove(keyOf(second))
  assert.equal(store.current(live.issuer, live.clientId), 'acct-1')
})

test('the directory: COUNTERSIGN_CONFIG_DIR, then XDG, then ~/.config', () => {
  const table: [Record<string, string>, string][] = [
    [{ COUNTERSIGN_CONFIG_DIR: '/a/b', XDG_CONFIG_HOME: '/x', HOME: '/home/mia' }, '/a/b/credentials'],
    [{ XDG_CONFIG_HOME: '/x', HOME: '/home/mia' }, '/x/countersign/credentials'],
    [{ XDG_CONFIG_HOME: 'relative', HOME: '/home/mia' }, '/home/mia/.config/countersign/credentials'],
    [{ HOME: '/home/mia' }, '/home/mia/.config/countersign/credentials'],
  ]
  for (const [env, expected] of table) assert.equal(storeDirectory(env), expected)
})

test('CL-09 CL-11 freshness: a minute ahead, by the server’s clock, unknown when nobody said', () => {
  const day = 86_400
  const table: [Partial<LiveCredential>, number, ReturnType<typeof freshness>][] = [
    [{}, 1539, 'fresh'],
    [{}, 1540, 'stale'],
    [{}, 9999, 'stale'],
    // Our clock is a day behind the server's: the end by the server's clock is 1600 + day.
    [{ clockOffset: day, expiresAt: 1600 + day }, 1539, 'fresh'],
    [{ clockOffset: day, expiresAt: 1600 + day }, 1541, 'stale'],
    [{ clockOffset: -day, expiresAt: 1600 - day }, 1539, 'fresh'],
    [{ clockOffset: -day, expiresAt: 1600 - day }, 1541, 'stale'],
    // Our clock went back behind the moment of receipt: nothing it says can be trusted.
    [{}, 900, 'stale'],
    // Short-lived tokens are used for at least half of their life.
    [{ expiresAt: 1030 }, 1014, 'fresh'],
    [{ expiresAt: 1030 }, 1016, 'stale'],
  ]
  for (const [change, now, expected] of table) assert.equal(freshness({ ...live, ...change }, now), expected)
  const { expiresAt: _gone, ...unknown } = live
  assert.equal(freshness(unknown, 99_999), 'unknown')
})
