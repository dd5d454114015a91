// How the tool of macOS is spoken to, with a stand-in that keeps its word; and choosing between keychain and file with
// keychains that work, refuse, forget or are absent. A real Secret Service, and one that blocks: test/keychain.test.ts.
import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, test } from 'node:test'
import { keyOf, type LiveCredential } from './credential.ts'
import type { StoreKind } from './credentials.ts'
import { openFileStore } from './file-store.ts'
import { type Keychain, KeychainError, openKeychain, proveKeychain } from './keychain.ts'
import { virtualSystem } from './testing/virtual-time.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'countersign-'))
})

/** Speaks as `security` does: items by service and account, 44 for none, commands on stdin after -i. */
const SECURITY = `#!/bin/sh
cd "$(dirname "$0")"
echo "$*" >> arguments
if [ "$1" = -i ]; then read -r line; set -- $line; fi
case "$1" in
  add-generic-password) shift; echo "$7" > "item-$3-$5" ;;
  find-generic-password) [ -f "item-$3-$5" ] || exit 44; cat "item-$3-$5" ;;
  delete-generic-password) rm "item-$3-$5" 2>/dev/null || exit 44 ;;
esac`

function standIn(script: string): string {
  const path = join(home, 'security')
  writeFileSync(path, script)
  chmodSync(path, 0o755)
  return path
}

function mac(script = SECURITY): Keychain {
  return openKeychain({
    service: 'acme',
    env: { PATH: process.env.PATH },
    platform: 'darwin',
    security: standIn(script),
  })
}

test('CL-08 on macOS items are written, read and removed by its own tool, and no secret is an argument', () => {
  const keychain = mac()
  proveKeychain(keychain, 'probe', 'c2VjcmV0')
  keychain.write('key-1', 'Zmlyc3Q=')
  keychain.write('key-1', 'c2Vjb25k')
  assert.equal(keychain.read('key-1'), 'c2Vjb25k')
  assert.equal(keychain.read('key-2'), undefined)
  keychain.remove('key-1')
  keychain.remove('key-1')
  assert.equal(keychain.read('key-1'), undefined)
  assert.doesNotMatch(readFileSync(join(home, 'arguments'), 'utf8'), /c2Vj|Zmly/)
})

test('CL-08 a keychain that refuses, is not there, or forgets at once is told apart', () => {
  const troubleOf = (keychain: Keychain): string => {
    try {
      proveKeychain(keychain, 'probe', 'c2VjcmV0')
      return 'none'
    } catch (error) {
      return error instanceof KeychainError ? error.trouble : String(error)
    }
  }
  assert.equal(troubleOf(mac('#!/bin/sh\nexit 51')), 'refused')
  assert.equal(troubleOf(mac('#!/bin/sh\n[ "$1" = -i ] && exit 0; exit 44')), 'refused')
  const absent = openKeychain({ service: 'acme', env: {}, platform: 'darwin', security: join(home, 'none') })
  assert.equal(troubleOf(absent), 'absent')
  assert.equal(troubleOf(openKeychain({ service: 'acme', env: {}, platform: 'linux' })), 'absent')
  assert.throws(() => openKeychain({ service: 'two words', env: {} }), TypeError)
})

const live: LiveCredential = {
  version: 1,
  state: 'live',
  issuer: 'https://login.example',
  clientId: 'test-cli',
  account: { id: 'acct-1' },
  signedInAt: 1000,
  accessToken: 'access',
  refreshToken: 'refresh',
  receivedAt: 1000,
  clockOffset: 0,
}
const noGlances = { read: () => undefined, write: () => {}, remove: () => {} }
const system = virtualSystem()

/** As a process of its own would open it. */
function store(keychain: Keychain, asked?: StoreKind) {
  return openFileStore({ directory: join(home, 'config'), keychain, asked, glances: noGlances, system })
}

/** Counts what is asked of it. */
function counted(keychain: Keychain): Keychain & { calls: string[] } {
  const calls: string[] = []
  return {
    calls,
    read: (name) => {
      calls.push('read')
      return keychain.read(name)
    },
    write: (name, secret) => {
      calls.push('write')
      keychain.write(name, secret)
    },
    remove: (name) => {
      calls.push('remove')
      keychain.remove(name)
    },
  }
}

const refusing = (trouble: KeychainError['trouble']): Keychain => {
  const refuse = (): never => {
    throw new KeychainError(trouble, 'a test')
  }
  return { read: refuse, write: refuse, remove: refuse }
}

test('CL-08 a keychain that answers is proved once; later sign-ins and renewals only read the key', () => {
  const keychain = counted(mac())
  assert.deepEqual(store(keychain).choose(), { kind: 'keychain', why: 'answered', news: false })
  assert.deepEqual(keychain.calls.splice(0), ['write', 'read', 'remove', 'write', 'read'])
  const again = store(keychain)
  again.choose()
  again.write(live)
  assert.deepEqual(again.read(keyOf(live)), live)
  assert.deepEqual(keychain.calls.splice(0), ['read'])
  const renewal = store(keychain)
  assert.deepEqual(renewal.read(keyOf(live)), live)
  renewal.write({ ...live, accessToken: 'newer' })
  assert.deepEqual(keychain.calls.splice(0), ['read'])
  assert.equal(renewal.entry(keyOf(live))?.keptIn, 'keychain')
  renewal.list()
  renewal.current(live.issuer, live.clientId)
  assert.deepEqual(keychain.calls, [])
})

test('CL-08 a keychain that fails is told once, left alone for a day, and asked again then', () => {
  for (const trouble of ['silent', 'refused'] as const) {
    home = mkdtempSync(join(tmpdir(), 'countersign-'))
    const keychain = counted(refusing(trouble))
    assert.deepEqual(store(keychain).choose(), { kind: 'file', why: trouble, news: true })
    assert.deepEqual(store(keychain).choose(), { kind: 'file', why: trouble, news: false })
    assert.equal(keychain.calls.length, 1)
    system.pass(86_401)
    store(keychain).choose()
    assert.equal(keychain.calls.length, 2)
  }
})

test('CL-08 a machine without a keychain is no news, and nothing is remembered of it', () => {
  assert.deepEqual(store(refusing('absent')).choose(), { kind: 'file', why: 'absent', news: false })
  assert.equal(existsSync(join(home, 'config', 'store.json')), false)
})

test('CL-08 a keychain that was asked for and fails ends the sign-in before it begins', () => {
  assert.throws(() => store(refusing('silent'), 'keychain').choose(), { code: 'keychain_unavailable' })
})

test('CL-08 a token in hand is kept even if the keychain fails at that moment', () => {
  const keychain = mac()
  const opened = store(keychain)
  opened.choose()
  const later = store(refusing('refused'))
  later.write(live)
  assert.deepEqual(later.read(keyOf(live)), live)
  assert.equal(later.entry(keyOf(live))?.keptIn, 'file')
})

test('CL-08 a renewal keeps the kind of its entry; only asking moves it', () => {
  const keychain = mac()
  store(keychain).choose()
  store(keychain, 'file').write(live)
  store(keychain).write({ ...live, accessToken: 'newer' })
  assert.equal(store(keychain).entry(keyOf(live))?.keptIn, 'file')
  store(keychain, 'keychain').write(live)
  store(keychain).write({ ...live, accessToken: 'newest' })
  assert.equal(store(keychain).entry(keyOf(live))?.keptIn, 'keychain')
  store(keychain, 'file').write(live)
  assert.equal(store(keychain).entry(keyOf(live))?.keptIn, 'file')
})

test('CL-08 a locked keychain hides no account, and its error is not one that asks to sign in again', () => {
  const keychain = mac()
  const opened = store(keychain)
  opened.choose()
  opened.write(live)
  const locked = store(refusing('silent'))
  assert.equal(locked.list().length, 1)
  assert.throws(() => locked.read(keyOf(live)), { code: 'keychain_unavailable' })
  assert.deepEqual(store(keychain).read(keyOf(live)), live)
})
