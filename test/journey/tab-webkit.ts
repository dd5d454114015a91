// Tabs in WebKit: the small browser of WebKitGTK under Xvfb, driven by WebKitWebDriver in plain W3C WebDriver over fetch.
// The interface is tab.ts.

import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from '../support/free-port.ts'
import { evened, type Tab, type Tabs, until } from './tab.ts'
import { isExecutable } from './tab-firefox.ts'

export type FoundWebKit = {
  readonly driver: string
  readonly browser: string
  /** Empty where there is a screen already. */
  readonly screen: string
  readonly missing: string | undefined
}

/** Debian's `webkit2gtk-driver` brings driver and browser; without a screen it also takes `xvfb`. */
export function findWebKit(env: Record<string, string | undefined> = process.env): FoundWebKit {
  const onPath = (name: string) =>
    (env.PATH ?? '')
      .split(delimiter)
      .filter(Boolean)
      .map((folder) => join(folder, name))
      .find(isExecutable)
  const driver = onPath('WebKitWebDriver') ?? ''
  const browser = miniBrowsers().find(isExecutable) ?? ''
  const screen = env.DISPLAY || env.WAYLAND_DISPLAY ? '' : onPath('Xvfb')
  const lacks = [
    driver === '' && 'WebKitWebDriver (webkit2gtk-driver)',
    browser === '' && 'the MiniBrowser of WebKitGTK',
    screen === undefined && 'a screen or Xvfb (xvfb)',
  ].filter((what) => what !== false)
  const missing = lacks.length === 0 ? undefined : `no WebKit here: ${lacks.join(', ')} is not installed`
  return { driver, browser, screen: screen ?? '', missing }
}

function miniBrowsers(): string[] {
  const libraries = ['/usr/lib', '/usr/libexec', '/usr/lib64'].flatMap((root) => [
    root,
    ...below(root, /linux-gnu/),
  ])
  return libraries.flatMap((folder) => below(folder, /^webkit2?gtk-/).map((one) => join(one, 'MiniBrowser')))
}

function below(folder: string, name: RegExp): string[] {
  try {
    return readdirSync(folder)
      .filter((entry) => name.test(entry))
      .map((entry) => join(folder, entry))
  } catch {
    return []
  }
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export async function launchWebKitTabs(found: FoundWebKit, scripts: boolean): Promise<Tabs> {
  const home = mkdtempSync(join(tmpdir(), 'countersign-webkit-'))
  const screen = found.screen === '' ? undefined : await startScreen(found.screen)
  const port = await freePort('127.0.0.1')
  const driver = start(found.driver, [`--port=${port}`, '--host=127.0.0.1'], {
    ...(screen === undefined ? {} : { DISPLAY: screen.display, GDK_BACKEND: 'x11' }),
    HOME: home,
    XDG_RUNTIME_DIR: home,
    LIBGL_ALWAYS_SOFTWARE: '1',
    // Its sandbox needs user namespaces, which containers do not have; it only ever sees our own pages.
    WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1',
  })
  const end = async () => {
    await Promise.all([stop(driver), screen && stop(screen.process)])
    rmSync(home, { recursive: true, force: true })
  }
  try {
    const session = await openSession(`http://127.0.0.1:${port}`, found.browser, scripts)
    const first = String(await session('GET', '/window'))
    return {
      complaints: [],
      open: () => openTab(session, first),
      forget: () => forget(session),
      async close() {
        await session('DELETE', '').catch(() => {})
        await end()
      },
    }
  } catch (error) {
    await end()
    throw error
  }
}

/** The driver answers when it has asked for it, and what the page was still fetching may bring a cookie back. */
async function forget(session: Call): Promise<void> {
  for (let left = 100; ; left--) {
    await session('DELETE', '/cookie')
    await new Promise((resolve) => setTimeout(resolve, 20))
    const kept = (await session('GET', '/cookie')) as unknown[]
    if (kept.length === 0) return
    if (left === 0) throw new Error(`WebKit keeps ${kept.length} cookies`)
  }
}

type Call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => Promise<unknown>

async function openSession(driver: string, binary: string, scripts: boolean): Promise<Call> {
  // What the driver cannot follow, and waits for without end: a page that comes back out of memory, and Back to a page that
  // had a process of its own because of Cross-Origin-Opener-Policy.
  const followable = ['--enable-page-cache=FALSE', '--features=-CrossOriginOpenerPolicy']
  const args = ['--automation', ...followable, `--enable-javascript=${scripts ? 'TRUE' : 'FALSE'}`]
  const capabilities = { alwaysMatch: { 'webkitgtk:browserOptions': { binary, args } } }
  const call: Call = async (method, path, body) => {
    const response = await fetch(driver + path, {
      method,
      ...(method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {}),
      signal: AbortSignal.timeout(30_000),
    })
    const { value } = (await response.json()) as { value: unknown }
    if (!response.ok) throw new Error(`WebKitWebDriver: ${method} ${path}: ${JSON.stringify(value)}`)
    return value
  }
  // The driver says nothing when it is ready; it refuses connections until then.
  for (let left = 100; ; left--) {
    try {
      const { sessionId } = (await call('POST', '/session', { capabilities })) as { sessionId: string }
      return (method, path, body) => call(method, `/session/${sessionId}${path}`, body)
    } catch (error) {
      if (left === 0 || !/ECONNREFUSED/.test(String((error as Error).cause))) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

async function openTab(call: Call, beside: string): Promise<Tab> {
  await call('POST', '/window', { handle: beside })
  const { handle } = (await call('POST', '/window/new', { type: 'tab' })) as { handle: string }
  const here: Call = async (method, path, body) => {
    await call('POST', '/window', { handle })
    return call(method, path, body)
  }
  const find = async (selector: string): Promise<string | undefined> => {
    const found = (await here('POST', '/elements', { using: 'css selector', value: selector })) as object[]
    return found[0] && (Object.values(found[0])[0] as string)
  }
  const on = async (selector: string): Promise<string> => {
    // The address changes before the page is there.
    const id = await until(
      () => find(selector),
      async () => `there is no ${selector} at ${String(await here('GET', '/url'))}`,
    )
    return `/element/${id}`
  }
  return {
    go: async (address) => {
      await here('POST', '/url', { url: address })
    },
    address: async () => String(await here('GET', '/url')),
    async text(selector) {
      const id = await find(selector)
      return id === undefined ? undefined : evened(String(await here('GET', `/element/${id}/text`)))
    },
    async fill(selector, value) {
      const field = await on(selector)
      await here('POST', `${field}/clear`)
      await here('POST', `${field}/value`, { text: value })
    },
    click: async (selector) => {
      await here('POST', `${await on(selector)}/click`)
    },
    back: async () => {
      await here('POST', '/back')
    },
    reload: async () => {
      await here('POST', '/refresh')
    },
    close: async () => {
      await here('DELETE', '/window')
    },
  }
}

async function startScreen(path: string): Promise<{ process: ChildProcess; display: string }> {
  const child = spawn(path, ['-displayfd', '3', '-screen', '0', '1200x900x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  running.add(child)
  const number = await new Promise<string>((resolve, reject) => {
    child.stdio[3]?.once('data', (data: Buffer) => resolve(data.toString().trim()))
    child.once('exit', (code) => reject(new Error(`Xvfb ended with ${code}`)))
  })
  return { process: child, display: `:${number}` }
}

function start(path: string, args: string[], env: Record<string, string>): ChildProcess {
  const child = spawn(path, args, { env: { PATH: process.env.PATH, ...env }, stdio: 'ignore' })
  running.add(child)
  return child
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once('exit', resolve))
  if (child.exitCode !== null || !child.kill()) return
  await ended
  running.delete(child)
}
