// Tabs in Firefox, by WebDriver BiDi as it stands: a WebSocket, and commands that need no script in the page, so that they work
// where scripts are off. The interface is tab.ts.

import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { evened, type Tab, type Tabs, until } from './tab.ts'

export type FoundFirefox = { readonly path: string; readonly missing: string | undefined }

/** FIREFOX_PATH, else one on the PATH. */
export function findFirefox(env: Record<string, string | undefined> = process.env): FoundFirefox {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean)
  const onPath = ['firefox-esr', 'firefox'].flatMap((name) => folders.map((folder) => join(folder, name)))
  const path = [env.FIREFOX_PATH ?? '', ...onPath].find(isExecutable)
  return path === undefined
    ? { path: '', missing: 'no Firefox here: install firefox-esr, or set FIREFOX_PATH' }
    : { path, missing: undefined }
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return path !== ''
  } catch {
    return false
  }
}

const running = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

export async function launchFirefoxTabs({ path }: FoundFirefox, scripts: boolean): Promise<Tabs> {
  const profile = mkdtempSync(join(tmpdir(), 'countersign-firefox-'))
  writeFileSync(join(profile, 'user.js'), `user_pref("javascript.enabled", ${scripts});\n`)
  const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0', 'about:blank']
  const child = spawn(path, args, {
    env: { ...process.env, HOME: profile },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  running.add(child)
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const end = async () => {
    child.kill()
    await ended
    running.delete(child)
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    const complaints: string[] = []
    const call = await connect(await listening(child), (said) => complaints.push(said))
    await call('session.new', { capabilities: {} })
    await call('session.subscribe', { events: ['log.entryAdded'] })
    return {
      complaints,
      open: () => openTab(call),
      forget: async () => {
        await call('storage.deleteCookies', {})
      },
      close: end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk
      const [, address] = /WebDriver BiDi listening on (ws:\S+)/.exec(said) ?? []
      if (address !== undefined) resolve(`${address}/session`)
    })
    child.once('close', (code) => reject(new Error(`Firefox ended with ${code}: ${said}`)))
  })
}

type Call = <T = unknown>(method: string, params: object) => Promise<T>

type Message = {
  id?: number
  type?: string
  message?: string
  result?: unknown
  method?: string
  params?: { level?: string; text?: string }
}

async function connect(address: string, complain: (said: string) => void): Promise<Call> {
  const socket = new WebSocket(address)
  const waiting = new Map<number, PromiseWithResolvers<unknown>>()
  socket.addEventListener('message', ({ data }) => {
    const said = JSON.parse(String(data)) as Message
    if (said.method === 'log.entryAdded' && said.params?.level === 'error') complain(said.params.text ?? '')
    const asked = waiting.get(said.id ?? -1)
    if (said.type === 'error') asked?.reject(new Error(`Firefox: ${said.message}`))
    else asked?.resolve(said.result)
  })
  socket.addEventListener('close', () => {
    for (const asked of waiting.values()) asked.reject(new Error('Firefox has gone'))
  })
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener('open', () => resolve())
    socket.addEventListener('error', () => reject(new Error(`no answer at ${address}`)))
  })
  let last = 0
  return async <T>(method: string, params: object) => {
    last += 1
    const asked = Promise.withResolvers<unknown>()
    waiting.set(last, asked)
    socket.send(JSON.stringify({ id: last, method, params }))
    return asked.promise as Promise<T>
  }
}

type FoundNode = { sharedId: string; value: NodeValue }
type NodeValue = { nodeType: number; nodeValue?: string; children?: { value: NodeValue }[] }

async function openTab(call: Call): Promise<Tab> {
  const { context } = await call<{ context: string }>('browsingContext.create', { type: 'tab' })
  // Higher than any page, so that nothing has to be scrolled to.
  await call('browsingContext.setViewport', { context, viewport: { width: 1100, height: 8000 } })
  const find = async (value: string): Promise<FoundNode | undefined> => {
    const locator = { type: 'css', value }
    const serializationOptions = { maxDomDepth: 30 }
    const asked = { context, locator, maxNodeCount: 1, serializationOptions }
    return (await call<{ nodes: FoundNode[] }>('browsingContext.locateNodes', asked)).nodes[0]
  }
  const address = async (): Promise<string> => {
    const tree = await call<{ contexts: { url: string }[] }>('browsingContext.getTree', { root: context })
    return tree.contexts[0]?.url ?? ''
  }
  const act = (actions: object) => call('input.performActions', { context, actions: [actions] })
  const press = async (keys: readonly string[]) => {
    await act({ type: 'key', id: 'keys', actions: keys.flatMap((value) => [down(value), up(value)]) })
  }
  const click = async (selector: string) => {
    // The address changes before the page is there.
    const found = await until(
      () => find(selector),
      async () => `there is no ${selector} at ${await address()}`,
    )
    const origin = { type: 'element', element: { sharedId: found.sharedId } }
    const moves = [
      { type: 'pointerMove', x: 0, y: 0, origin },
      { type: 'pointerDown', button: 0 },
    ]
    await act({ type: 'pointer', id: 'mouse', actions: [...moves, { type: 'pointerUp', button: 0 }] })
  }
  return {
    go: async (url) => {
      await call('browsingContext.navigate', { context, url, wait: 'complete' })
    },
    address,
    async text(selector) {
      const found = await find(selector)
      return found && evened(textOf(found.value))
    },
    async fill(selector, value) {
      await click(selector)
      await act({ type: 'key', id: 'keys', actions: [down(control), down('a'), up('a'), up(control)] })
      await press(['\ue017', ...value])
    },
    click,
    back: async () => {
      await call('browsingContext.traverseHistory', { context, delta: -1 })
    },
    reload: async () => {
      await call('browsingContext.reload', { context, wait: 'complete' })
    },
    close: async () => {
      await call('browsingContext.close', { context })
    },
  }
}

const textOf = ({ nodeType, nodeValue, children = [] }: NodeValue): string =>
  nodeType === 3 ? (nodeValue ?? '') : children.map(({ value }) => textOf(value)).join('')

const control = '\ue009'
const down = (value: string) => ({ type: 'keyDown', value })
const up = (value: string) => ({ type: 'keyUp', value })
