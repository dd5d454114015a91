// Gets a Chromium for the tests onto a machine that has none: by the platform's package manager, else by Playwright.
// Finding one that is there already, and starting it, is test/support/chromium.ts.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { findChromium } from '../test/support/chromium.ts'

const playwright = join(import.meta.dirname, '..', 'node_modules', 'playwright-core', 'cli.js')

type Command = [program: string, ...args: string[]]

/** The path of a Chromium that starts; installs one when there is none; throws with what was tried when that fails. */
export async function installChromium(say: (line: string) => void): Promise<string> {
  const present = findChromium()
  if (present !== undefined) return present
  const tried: string[] = []
  for (const commands of waysToInstall()) {
    say(`Installing Chromium for the browser tests: ${commands.at(-1)?.join(' ')}`)
    for (const [program, ...args] of commands) {
      const result = spawnSync(program, args, {
        encoding: 'utf8',
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
        timeout: 8 * 60_000,
      })
      if (result.status !== 0) {
        tried.push(`${program} ${args.join(' ')}\n${result.error ?? `${result.stdout}${result.stderr}`}`)
      }
    }
    const installed = findChromium()
    // Some distributions ship a stand-in that only says where the browser moved to.
    if (installed !== undefined && starts(installed)) return installed
  }
  throw new Error(
    `No Chromium for the browser tests: install one or name it in CHROMIUM_PATH. Tried:\n\n${tried.join('\n\n')}`,
  )
}

function waysToInstall(): Command[][] {
  const isRoot = process.getuid?.() === 0
  const byPlatform: Command[][] = [
    [
      ['apt-get', 'update', '-q'],
      ['apt-get', 'install', '-y', '-q', '--no-install-recommends', 'chromium'],
    ],
    [['dnf', 'install', '-y', 'chromium']],
    [['apk', 'add', '--no-cache', 'chromium']],
    [['pacman', '-Sy', '--noconfirm', 'chromium']],
  ]
  const byPlaywright: Command = isRoot
    ? [process.execPath, playwright, 'install', '--with-deps', 'chromium']
    : [process.execPath, playwright, 'install', 'chromium']
  const present = byPlatform.filter(([first]) => isRoot && first !== undefined && exists(first[0]))
  return [...present, [byPlaywright]]
}

function exists(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}

function starts(browser: string): boolean {
  return spawnSync(browser, ['--version'], { stdio: 'ignore', timeout: 30_000 }).status === 0
}
