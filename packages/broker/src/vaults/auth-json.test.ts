import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { system } from '@countersign/client/system'
import type { Connection } from '../connection.ts'
import { SettingError, VaultError } from '../errors.ts'
import { authJsonVault } from './auth-json.ts'

type Logged = [event: string, detail: Readonly<Record<string, string>>]

async function withVault(
  work: (home: {
    vault: ReturnType<typeof authJsonVault>
    folder: string
    path: string
    logged: Logged[]
    one: (changes?: Partial<Connection>) => Connection
  }) => Promise<void>,
  below = 'auth.json',
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-auth-json-'))
  const path = join(folder, below)
  const logged: Logged[] = []
  const log = (_level: string, event: string, detail: Readonly<Record<string, string>>) => {
    logged.push([event, detail])
  }
  const one = (changes: Partial<Connection> = {}): Connection => ({
    id: 'c1',
    version: '',
    person: 'mia',
    place: path,
    provider: 'openai-codex',
    account: { id: changes.id ?? 'c1', name: 'Mia' },
    label: 'Mia',
    tokens: { accessToken: 'access', refreshToken: 'refresh', expiresAt: null, scopes: [] },
    flow: 'f1',
    ended: null,
    createdAt: 1_700_000_000,
    updatedAt: 1_700_000_000,
    ...changes,
  })
  try {
    await work({ vault: authJsonVault({ path, log }), folder, path, logged, one })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const isVaultError = (code: string) => (error: unknown) => error instanceof VaultError && error.code === code

test('put, list, find, remove, as any vault', () =>
  withVault(async ({ vault, path, one }) => {
    assert.equal(vault.placeOf('mia'), path)
    assert.deepEqual(await vault.list(path, 'mia'), [])
    assert.equal(await vault.put(one(), null), 'stored')
    assert.equal(await vault.put(one(), null), 'conflict')
    const [found] = await vault.list(path, 'mia')
    assert.ok(found)
    assert.deepEqual(found, { ...one(), version: found.version })
    assert.deepEqual(await vault.find(path, 'mia', 'c1'), found)
    assert.equal(await vault.put({ ...found, label: 'Work' }, found.version), 'stored')
    assert.equal(await vault.put({ ...found, label: 'Late' }, found.version), 'conflict')
    assert.equal(await vault.remove(found), 'conflict')
    const now = await vault.find(path, 'mia', 'c1')
    assert.equal(now?.label, 'Work')
    assert.equal(await vault.remove(now), 'removed')
    assert.equal(await vault.find(path, 'mia', 'c1'), undefined)
  }))

test('S3 3.6 the file is its owner’s alone whatever the umask is, and so is the directory that is made for it', () =>
  withVault(async ({ vault, folder, path, one }) => {
    for (const umask of [0o000, 0o777]) {
      const before = process.umask(umask)
      try {
        await vault.put(one({ id: String(umask) }), null)
      } finally {
        process.umask(before)
      }
      assert.equal(statSync(path).mode & 0o777, 0o600)
      assert.equal(statSync(join(folder, 'new')).mode & 0o777, 0o700)
      assert.equal(statSync(join(folder, 'new', 'deep')).mode & 0o777, 0o700)
    }
    chmodSync(path, 0o644)
    await vault.put(one({ id: 'again' }), null)
    assert.equal(statSync(path).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(join(folder, 'new', 'deep')).sort(), ['auth.json', 'auth.lock'])
  }, 'new/deep/auth.json'))

for (const text of [
  '{"version": 1, "credential_po',
  '[1]',
  '{"credential_pool": {"openai-codex": {"a": 1}}}',
]) {
  test(`a file that cannot be understood is set aside and never overwritten: ${text}`, () =>
    withVault(async ({ vault, folder, path, logged, one }) => {
      writeFileSync(path, text, { mode: 0o644 })
      assert.deepEqual(await vault.list(path, 'mia'), [])
      assert.equal(readFileSync(path, 'utf8'), text)
      await vault.put(one(), null)
      const asides = readdirSync(folder).filter((name) => name.startsWith('auth.json.unreadable-'))
      assert.equal(asides.length, 1)
      assert.match(asides[0] ?? '', /^auth\.json\.unreadable-\d{8}T\d{6}Z$/)
      const aside = join(folder, asides[0] ?? '')
      assert.equal(readFileSync(aside, 'utf8'), text)
      assert.equal(statSync(aside).mode & 0o777, 0o600)
      assert.deepEqual(logged.at(-1), ['auth_json.set_aside', { path, aside }])
      assert.equal((await vault.list(path, 'mia')).length, 1)
      // A second one in the same second gets another name.
      writeFileSync(path, text)
      await vault.put(one(), null)
      assert.equal(readdirSync(folder).filter((name) => name.includes('unreadable')).length, 2)
    }))
}

test('what is no file, or cannot be opened, is left alone and said', () =>
  withVault(async ({ vault, path, logged, one }) => {
    mkdirSync(path)
    await assert.rejects(vault.list(path, 'mia'), isVaultError('vault_unreadable'))
    await assert.rejects(vault.put(one(), null), isVaultError('vault_unreadable'))
    assert.deepEqual(logged.at(-1), ['auth_json.failed', { path, code: 'vault_unreadable', reason: '' }])
    assert.ok(statSync(path).isDirectory())
    const under = join(path, 'auth.json')
    writeFileSync(under, '{}')
    await assert.rejects(vault.list(join(under, 'auth.json'), 'mia'), isVaultError('vault_unreadable'))
  }))

test(
  'a file that may not be read is not touched',
  { skip: process.getuid?.() === 0 && 'root may read it' },
  () =>
    withVault(async ({ vault, path, one }) => {
      writeFileSync(path, '{"a": 1}', { mode: 0o000 })
      await assert.rejects(vault.put(one(), null), isVaultError('vault_unreadable'))
      chmodSync(path, 0o600)
      assert.equal(readFileSync(path, 'utf8'), '{"a": 1}')
    }),
)

test('links stay links: the file behind them is replaced', () =>
  withVault(async ({ vault, folder, one }) => {
    mkdirSync(join(folder, 'real'))
    mkdirSync(join(folder, 'store'))
    symlinkSync('real', join(folder, 'home'))
    symlinkSync('../store/mia.json', join(folder, 'real', 'auth.json'))
    const place = join(folder, 'home', 'auth.json')
    // The first put meets a link to what is not there yet, the second one to a file.
    for (const id of ['c1', 'c2']) assert.equal(await vault.put(one({ id, place }), null), 'stored')
    assert.ok(lstatSync(place).isSymbolicLink())
    assert.equal((await vault.list(place, 'mia')).length, 2)
    assert.equal((await vault.list(join(folder, 'store', 'mia.json'), 'mia')).length, 2)
    assert.deepEqual(readdirSync(join(folder, 'real')).sort(), ['auth.json', 'auth.lock'])
    assert.deepEqual(readdirSync(join(folder, 'store')).sort(), ['mia.json', 'mia.lock'])
  }))

test(
  'a service that runs as root leaves the file to whose directory it is',
  {
    skip: process.getuid?.() !== 0 && 'only root can give a file away',
  },
  () =>
    withVault(async ({ vault, path, folder, one }) => {
      const { chownSync } = await import('node:fs')
      chownSync(folder, 12345, 12345)
      for (const id of ['c1', 'c2']) {
        await vault.put(one({ id }), null)
        for (const name of ['auth.json', 'auth.lock']) assert.equal(statSync(join(folder, name)).uid, 12345)
      }
      chownSync(path, 23456, 23456)
      await vault.put(one({ id: 'c3' }), null)
      assert.equal(statSync(path).uid, 23456)
    }),
)

test(
  'a service that runs as root follows no link of a person to what is somebody else’s',
  {
    skip: process.getuid?.() !== 0 && 'only root could write there',
  },
  () =>
    withVault(async ({ vault, path, folder, one }) => {
      const { chownSync, lchownSync, unlinkSync } = await import('node:fs')
      const [theirs, other] = [join(folder, 'theirs'), join(folder, 'other')]
      for (const each of [theirs, other]) mkdirSync(each)
      writeFileSync(join(other, 'auth.json'), 'root’s own')
      writeFileSync(join(theirs, 'real.json'), '{}')
      for (const each of [theirs, join(theirs, 'real.json')]) chownSync(each, 12345, 12345)
      const refused = async (place: string) => {
        await assert.rejects(vault.list(place, 'mia'), isVaultError('vault_unwritable'))
        await assert.rejects(vault.put(one({ place }), null), isVaultError('vault_unwritable'))
      }
      const link = (target: string, at: string) => {
        symlinkSync(target, at)
        lchownSync(at, 12345, 12345)
      }
      const place = join(theirs, 'auth.json')
      for (const target of [join(other, 'auth.json'), '../other/auth.json', join(other, 'new.json')]) {
        link(target, place)
        await refused(place)
        unlinkSync(place)
      }
      link('../other', join(theirs, 'home'))
      await refused(join(theirs, 'home', 'auth.json'))
      await refused(join(theirs, 'home', 'new', 'auth.json'))
      assert.equal(readFileSync(join(other, 'auth.json'), 'utf8'), 'root’s own')
      assert.deepEqual(readdirSync(other), ['auth.json'])
      link('real.json', place)
      assert.equal(await vault.put(one({ place }), null), 'stored')
      symlinkSync(place, path)
      assert.equal((await vault.list(path, 'mia')).length, 1)
    }),
)

test('bytes that are no text are kept aside, and so is nothing stored that could not be read again', () =>
  withVault(async ({ vault, path, folder, one }) => {
    const bytes = Buffer.concat([Buffer.from('{"note":"'), Buffer.from([0xff, 0xe9]), Buffer.from('"}')])
    writeFileSync(path, bytes)
    await vault.put(one(), null)
    const aside = readdirSync(folder).find((name) => name.includes('.unreadable-'))
    assert.deepEqual(readFileSync(join(folder, aside ?? '')), bytes)
    const large = `{"kept":"${'a'.repeat(16 * 1024 * 1024 - 20)}"}`
    writeFileSync(path, large)
    await assert.rejects(vault.put(one({ id: 'c2' }), null), isVaultError('vault_unwritable'))
    assert.equal(readFileSync(path, 'utf8'), large)
    assert.deepEqual(await vault.list(path, 'mia'), [])
  }))

test('a writer that takes no lock loses nothing either: what it wrote last moment is noticed', () =>
  withVault(async ({ path, one }) => {
    let once = true
    const rude = {
      ...system,
      // Asked between reading the file and replacing it.
      randomBytes: (count: number) => {
        if (once) writeFileSync(path, '{"version": 1, "rude": true}')
        once = false
        return system.randomBytes(count)
      },
    }
    const vault = authJsonVault({ path, system: rude })
    assert.equal(await vault.put(one(), null), 'stored')
    const document = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
    assert.equal(document.rude, true)
    assert.equal((await vault.list(path, 'mia')).length, 1)

    const randomBytes = (count: number) => {
      writeFileSync(path, '{}')
      return system.randomBytes(count)
    }
    const ruder = { ...system, randomBytes }
    const put = authJsonVault({ path, system: ruder }).put(one({ id: 'c2' }), null)
    await assert.rejects(put, isVaultError('vault_locked'))
    assert.equal(readFileSync(path, 'utf8'), '{}')
  }))

test('a burst of writers of one process loses nothing', () =>
  withVault(async ({ vault, path, one }) => {
    const other = authJsonVault({ path })
    const ids = Array.from({ length: 300 }, (_, i) => `c${i}`)
    const outcomes = await Promise.all(ids.map((id, i) => (i % 2 ? other : vault).put(one({ id }), null)))
    assert.ok(outcomes.every((outcome) => outcome === 'stored'))
    const found = await vault.list(path, 'mia')
    assert.deepEqual(found.map(({ id }) => id).sort(), ids.sort())
  }))

test('of writers that saw the same version one wins', () =>
  withVault(async ({ vault, path, one }) => {
    await vault.put(one(), null)
    const [seen] = await vault.list(path, 'mia')
    assert.ok(seen)
    const labels = Array.from({ length: 20 }, (_, i) => `label ${i}`)
    const outcomes = await Promise.all(
      labels.map((label, i) =>
        (i % 2 ? authJsonVault({ path }) : vault).put({ ...seen, label }, seen.version),
      ),
    )
    assert.equal(outcomes.filter((outcome) => outcome === 'stored').length, 1)
    assert.equal((await vault.list(path, 'mia'))[0]?.label, labels[outcomes.indexOf('stored')])
  }))

test('temporary files of a writer that was killed are swept an hour later', () =>
  withVault(async ({ vault, folder, one }) => {
    const left = ['auth.json.tmp.17.0a', 'auth.json.tmp.18.0b', 'other.json.tmp.19.0c']
    for (const name of left) writeFileSync(join(folder, name), 'secret')
    for (const name of [left[0], left[2]])
      utimesSync(join(folder, name ?? ''), system.now() - 3700, system.now() - 3700)
    await vault.put(one(), null)
    assert.deepEqual(
      left.map((name) => existsSync(join(folder, name))),
      [false, true, true],
    )
  }))

test('S3-8 which file is whose is asked once, and a credential goes where it was asked for', () =>
  withVault(async ({ folder, one }) => {
    let profile = 'first'
    let asked = 0
    const vault = authJsonVault({
      path: (person) => {
        asked += 1
        return join(folder, profile, person, 'auth.json')
      },
    })
    const place = vault.placeOf('mia')
    profile = 'second'
    await vault.put(one({ place }), null)
    assert.equal((await vault.list(place, 'mia'))[0]?.place, place)
    const found = await vault.find(place, 'mia', 'c1')
    await vault.put({ ...one({ place }), label: 'x' }, found?.version ?? '')
    assert.equal(asked, 1)
    assert.ok(existsSync(join(folder, 'first', 'mia', 'auth.json')))
    assert.ok(!existsSync(join(folder, 'second')))
    assert.throws(() => authJsonVault({ path: '' }), SettingError)
    assert.throws(() => authJsonVault({ path: () => '' }).placeOf('mia'), SettingError)
  }))

test('S3-6 a renewal keeps other programs waiting, and only them, and not for ever', () =>
  withVault(async ({ vault, path, one }) => {
    await vault.put(one(), null)
    const hasty = authJsonVault({ path, lockTimeoutSeconds: 0.1 })
    const [seen] = await vault.list(path, 'mia')
    assert.ok(seen)
    const during = vault.during ?? assert.fail()
    const order: string[] = []
    let other: Promise<unknown> | undefined
    const tokens = { ...seen.tokens, refreshToken: 'next' }
    await during(path, async () => {
      await assert.rejects(hasty.put(one({ id: 'c2' }), null), isVaultError('vault_locked'))
      other = authJsonVault({ path })
        .put(one({ id: 'c3' }), null)
        .then(() => order.push('other'))
      assert.equal(await vault.put({ ...seen, tokens }, seen.version), 'stored')
      assert.equal((await vault.find(path, 'mia', 'c1'))?.tokens.refreshToken, 'next')
      order.push('ours')
    })
    await assert.rejects(
      during(path, async () => {
        throw new Error('of the work')
      }),
      /of the work/,
    )
    assert.equal(await authJsonVault({ path }).put(one({ id: 'c4' }), null), 'stored')
    await other
    assert.deepEqual(order, ['ours', 'other'])

    const quick = { ...system, sleep: (_s: number, signal?: AbortSignal) => system.sleep(0.01, signal) }
    const stuck = authJsonVault({ path, system: quick })
    await stuck.during?.(path, async () => {
      assert.equal(await vault.put(one({ id: 'c5' }), null), 'stored')
    })
    assert.equal((await vault.list(path, 'mia')).length, 4)
  }))
