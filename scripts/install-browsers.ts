// Gets the browsers of the tests onto a machine that has none: Chromium by the platform's package manager, else by Playwright;
// Firefox and WebKit where apt has them, for the journeys that are skipped without them.
// Finding one that is there already, and starting it, is test/support/chromium.ts and test/journey/engines.ts.

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { engines } from '../test/journey/engines.ts'
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
    for (const command of commands) {
      const trouble = run(command)
      if (trouble !== undefined) tried.push(trouble)
    }
    const installed = findChromium()
    // Some distributions ship a stand-in that only says where the browser moved to.
    if (installed !== undefined && starts(installed)) return installed
  }
  throw new Error(
    `No Chromium for the browser tests: install one or name it in CHROMIUM_PATH. Tried:\n\n${tried.join('\n\n')}`,
  )
}

/** Firefox and WebKit, where that is one step; their journeys say for themselves why they are skipped elsewhere. */
export function installOtherEngines(say: (line: string) => void): void {
  if (engines().every(({ missing }) => missing === undefined)) return
  if (process.getuid?.() !== 0 || !exists('apt-get')) return
  const packages = ['firefox-esr', 'webkit2gtk-driver', 'xvfb']
  say(`Installing ${packages.join(', ')} for the browser tests`)
  const update: Command = ['apt-get', 'update', '-q']
  const install: Command = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', ...packages]
  const trouble = run(update) ?? run(install)
  if (trouble !== undefined) say(`They could not be installed, and their journeys are skipped:\n${trouble}`)
}

/** What went wrong, with the program's words; undefined when nothing did. */
function run([program, ...args]: Command): string | undefined {
  const result = spawnSync(program, args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: 8 * 60_000,
  })
  if (result.status === 0) return undefined
  return `${program} ${args.join(' ')}\n${result.error ?? `${result.stdout}${result.stderr}`}`
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
