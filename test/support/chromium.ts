// A real Chromium for tests: finds the executable on the machine and starts it through playwright-core.
// Installing one when none is found is scripts/install-browsers.ts.

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type Browser, chromium, type LaunchOptions } from 'playwright-core'

const names = [
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'chrome',
  'microsoft-edge',
]
const elsewhere = [
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
]

/** The browser to use: CHROMIUM_PATH, else one on the PATH, else in a usual place, else Playwright's own. */
export function findChromium(env: Record<string, string | undefined> = process.env): string | undefined {
  const named = env.CHROMIUM_PATH
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named
    throw new Error(`CHROMIUM_PATH names ${named}, which is not a program that can be run`)
  }
  const folders = (env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const onPath = names.flatMap((name) => folders.map((folder) => join(folder, name)))
  return [...onPath, ...elsewhere, chromium.executablePath()].find(isExecutable)
}

/** Options for `chromium.launch` and `chromium.launchPersistentContext`. */
export function chromiumOptions(options: LaunchOptions = {}): LaunchOptions {
  const executablePath = findChromium()
  if (executablePath === undefined) {
    throw new Error('No Chromium on this machine. `npm test` installs one; or set CHROMIUM_PATH.')
  }
  return { executablePath, headless: true, ...options, args: [...chromiumFlags(), ...(options.args ?? [])] }
}

export function launchChromium(options: LaunchOptions = {}): Promise<Browser> {
  return chromium.launch(chromiumOptions(options))
}

function chromiumFlags(): string[] {
  // Tests talk to loopback only, so the browser has nothing to fetch, update or try over other protocols.
  const quiet = [
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ]
  // Chromium's sandbox refuses to start as root, which is how containers run tests.
  return process.getuid?.() === 0 ? ['--no-sandbox', ...quiet] : quiet
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
