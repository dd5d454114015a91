import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { system } from '@countersign/client/system'
import { VaultError } from '../errors.ts'
import { type Locker, type LockOptions, systemLockers, withFileLock } from './file-lock.ts'

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-lock-'))
  try {
    await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const options = (timeoutSeconds = 20): LockOptions => ({ system, timeoutSeconds })
const absent: Locker = ['countersign-no-such-program']
const isInstalled = ([program]: Locker) => spawnSync(program, ['--version']).error === undefined

const kinds: readonly (readonly [string, readonly Locker[]])[] = [
  ...systemLockers.map((locker) => [locker[0], [locker]] as const),
  ['SQLite, where no program can lock', [absent]],
]

for (const [name, lockers] of kinds) {
  const skip = lockers[0] === absent || isInstalled(lockers[0] ?? absent) ? false : `there is no ${name} here`
  test(`one at a time, by ${name}`, { skip }, () =>
    inFolder(async (folder) => {
      const path = join(folder, 'auth.lock')
      let inside = 0
      let done = 0
      await Promise.all(
        Array.from({ length: 6 }, () =>
          withFileLock(path, { ...options(), lockers }, async () => {
            inside += 1
            assert.equal(inside, 1)
            await system.sleep(0.002)
            inside -= 1
            done += 1
          }),
        ),
      )
      assert.equal(done, 6)
      assert.equal(statSync(path).mode & 0o777, 0o600)
    }),
  )

  test(`who waits too long is told, and the lock is whole afterwards, by ${name}`, { skip }, () =>
    inFolder(async (folder) => {
      const path = join(folder, 'auth.lock')
      await withFileLock(path, { ...options(), lockers }, () =>
        assert.rejects(
          withFileLock(path, { ...options(0.05), lockers }, async () => assert.fail('not alone')),
          (error) => error instanceof VaultError && error.code === 'vault_locked',
        ),
      )
      assert.equal(await withFileLock(path, { ...options(), lockers }, async () => 'free'), 'free')
    }),
  )
}

test('S3-6 fcntl.flock of Python is kept out, and keeps us out', { skip: noPython() }, () =>
  inFolder(async (folder) => {
    const path = join(folder, 'auth.lock')
    const attempt = `
import fcntl, sys
with open(sys.argv[1], "a+") as f:
    try:
        fcntl.flock(f.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        print("mine")
    except BlockingIOError:
        print("taken")`
    const python = () => spawnSync('python3', ['-c', attempt, path], { encoding: 'utf8' }).stdout.trim()
    await withFileLock(path, options(), async () => assert.equal(python(), 'taken'))
    assert.equal(python(), 'mine')

    const hold =
      'import fcntl, sys; f = open(sys.argv[1], "a+"); fcntl.flock(f, fcntl.LOCK_EX); print("held", flush=True); sys.stdin.read()'
    const holder = spawn('python3', ['-c', hold, path], { stdio: ['pipe', 'pipe', 'inherit'] })
    await once(holder.stdout, 'data')
    await assert.rejects(
      withFileLock(path, options(0.05), async () => {}),
      VaultError,
    )
    const waiting = withFileLock(path, options(), async () => 'after')
    holder.kill('SIGKILL')
    assert.equal(await waiting, 'after')
  }),
)

test('a killed holder leaves no lock behind', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'auth.lock')
    const lockModule = JSON.stringify(new URL('file-lock.ts', import.meta.url).href)
    const systemModule = JSON.stringify(import.meta.resolve('@countersign/client/system'))
    const script = `
      const { withFileLock } = await import(${lockModule})
      const { system } = await import(${systemModule})
      await withFileLock(process.argv[1], { system, timeoutSeconds: 20 }, async () => {
        console.log('held')
        await new Promise((resolve) => setInterval(() => {}, 1000))
      })`
    const holder = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    await once(holder.stdout, 'data')
    await assert.rejects(
      withFileLock(path, options(0.05), async () => {}),
      VaultError,
    )
    holder.kill('SIGKILL')
    assert.equal(await withFileLock(path, options(), async () => 'mine'), 'mine')
  }))

test('the file of the lock is neither emptied nor followed', () =>
  inFolder(async (folder) => {
    const path = join(folder, 'auth.lock')
    writeFileSync(path, ' ')
    await withFileLock(path, options(), async () => {})
    assert.equal(readFileSync(path, 'utf8'), ' ')
    symlinkSync('elsewhere', join(folder, 'other.lock'))
    const linked = withFileLock(join(folder, 'other.lock'), options(), async () => {})
    await assert.rejects(linked, (error) => error instanceof VaultError && error.code === 'vault_unwritable')
    assert.ok(!existsSync(join(folder, 'elsewhere')))
    const missing = withFileLock(join(folder, 'no', 'auth.lock'), options(), async () => {})
    await assert.rejects(missing, (error) => error instanceof VaultError && error.code === 'vault_unwritable')
  }))

test('a program that fails to lock is no lock', () =>
  inFolder(async (folder) => {
    const lockers: readonly Locker[] = [[process.execPath, '-e', 'process.exit(3)']]
    const locked = withFileLock(join(folder, 'auth.lock'), { ...options(), lockers }, async () => {})
    await assert.rejects(locked, (error) => error instanceof VaultError && error.code === 'vault_locked')
  }))

function noPython(): string | false {
  return spawnSync('python3', ['-c', 'import fcntl']).status === 0
    ? false
    : 'there is no python3 with fcntl here'
}
