// A real keychain for tests: a session bus of its own with a GNOME keyring on it, unlocked, in a home of its own; and
// a bus that takes calls and never answers, as a keychain does that waits for a person who is not there.
// Installing the packages is scripts/install-keyring.ts.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type Keyring = {
  /** What a program must be given to reach it. */
  env: Record<string, string>
  stop: () => Promise<void>
}

/** Why there can be no keyring here, or undefined. */
export function keyringMissing(): string | undefined {
  if (process.platform !== 'linux') return 'the Secret Service is of Linux'
  const missing = ['dbus-daemon', 'gnome-keyring-daemon'].filter(
    (program) => spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined,
  )
  return missing.length === 0 ? undefined : `not installed: ${missing.join(', ')}`
}

export async function startKeyring(): Promise<Keyring> {
  const home = mkdtempSync(join(tmpdir(), 'countersign-keyring-'))
  // Memory-backed where there is such a place, as a real session's is.
  const runtime = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'countersign-run-'))
  const own = { PATH: process.env.PATH ?? '', HOME: home, XDG_RUNTIME_DIR: runtime }
  const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address=1'], {
    env: own,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const address = await firstLine(bus)
  const env = { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: runtime }
  // It goes to the background when it can be asked, and ends with the bus.
  const { status } = spawnSync('gnome-keyring-daemon', ['--unlock', '--components=secrets'], {
    env: { ...own, ...env },
    input: 'a password of this test',
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  if (status !== 0) throw new Error(`gnome-keyring-daemon ended with ${status}`)
  return {
    env,
    stop: async () => {
      const ended = new Promise((resolve) => bus.once('close', resolve))
      bus.kill()
      await ended
      for (const folder of [home, runtime]) rmSync(folder, { recursive: true, force: true })
    },
  }
}

export type SilentBus = { env: Record<string, string>; stop: () => Promise<void> }

export async function startSilentBus(): Promise<SilentBus> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-silent-'))
  const path = join(folder, 'bus')
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume()
    server.once('end all', () => socket.destroy())
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return {
    env: { DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` },
    stop: async () => {
      server.emit('end all')
      await new Promise((resolve) => server.close(resolve))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let out = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk
      if (out.includes('\n')) resolve(out.split('\n')[0] ?? '')
    })
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`${child.spawnfile} ended with ${code}`)))
  })
}
