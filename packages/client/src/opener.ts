// Opens a link in the person's browser. Whatever goes wrong is told to the caller as a hint and never thrown: the link
// stands in the terminal anyway. No shell is involved (CL-05). Not here: which browser, and whether at all
// (environment.ts, transport.ts).
import { type ChildProcess, spawn } from 'node:child_process'
import type { Opener } from './environment.ts'

/** `onFailure` may be called once, at any time later, with a few words. */
export async function openBrowser(
  link: string,
  opener: Opener,
  onFailure: (why: string) => void,
): Promise<void> {
  let told = false
  const fail = (why: string): void => {
    if (!told) onFailure(why)
    told = true
  }
  try {
    const child = opener.command ? start(link, opener.command) : await startDefault(link, opener.application)
    child.on('error', (error) => fail(reasonOf(error)))
    child.on('exit', (code) => {
      if (code !== null && code !== 0) fail(`it ended with code ${code}`)
    })
    child.unref()
  } catch (error) {
    fail(reasonOf(error))
  }
}

// Not with our terminal: what a browser prints would go through the lines of the login.
function start(link: string, [command = '', ...given]: readonly string[]): ChildProcess {
  const named = given.some((argument) => argument.includes('%s'))
  const args = named ? given.map((argument) => argument.replaceAll('%s', link)) : [...given, link]
  return spawn(command, args, { stdio: 'ignore', detached: true })
}

async function startDefault(link: string, application: string | undefined): Promise<ChildProcess> {
  const { default: open } = await import('open')
  return open(link, application === undefined ? {} : { app: { name: application } })
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it cannot be started'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}

/** Asks for an address as a browser of Windows would, from WSL; resolves when that is over, however it went. */
export function fetchFromWindows(address: string): Promise<void> {
  return new Promise((resolve) => {
    const args = ['--silent', '--max-time', '3', '--noproxy', '*', '--output', 'NUL', address]
    const child = spawn('curl.exe', args, { stdio: 'ignore', timeout: 4000 })
    child.once('error', () => resolve())
    child.once('close', () => resolve())
  })
}
