// An application with the custom element on its pages, for tests in a real browser: a broker with scripted providers and a clock that
// stands still, behind a real server whose pages allow nothing but its own files. What is tested is element.test.ts.

import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { createBroker } from '../../packages/broker/src/create-broker.ts'
import { createConnectHandler } from '../../packages/broker/src/handler.ts'
import { connectListener } from '../../packages/broker/src/node-listener.ts'
import { memoryStore } from '../../packages/broker/src/stores/memory.ts'
import { testKey } from '../../packages/broker/src/testing/broker-world.ts'
import { scriptedProvider } from '../../packages/broker/src/testing/scripted-provider.ts'
import { virtualClock } from '../../packages/broker/src/testing/virtual-clock.ts'
import { launchChromium } from '../support/chromium.ts'

const base = '/api/onboarding/oauth'

export type ElementWorld = Awaited<ReturnType<typeof startElementWorld>>

export async function startElementWorld() {
  const clock = virtualClock()
  const server = createServer().listen(0, 'localhost')
  await once(server, 'listening')
  const at = `http://localhost:${(server.address() as AddressInfo).port}`
  const providers = providersOf(at)
  const broker = createBroker({
    providers: Object.values(providers),
    store: memoryStore(),
    key: testKey,
    system: clock,
    redirectUri: `${at}${base}/callback`,
  })
  const owner = (request: Request) => {
    const [, person, session] = /who=(\w+)\.(\w+)/.exec(request.headers.get('cookie') ?? '') ?? []
    return person === undefined || session === undefined ? undefined : { person, session }
  }
  const listener = connectListener(createConnectHandler(broker, { owner, system: clock }))
  server.on('request', (request, response) => listener(request, response, () => serveFile(request, response)))
  const browser = await launchChromium()
  const complaints: string[] = []
  return {
    at,
    broker,
    clock,
    complaints,
    ...providers,
    /** A browser of its own, signed in as `person.session`. */
    async open(who: string, options: BrowserContextOptions = {}): Promise<Page> {
      const context = await browser.newContext({ baseURL: at, ...options })
      context.setDefaultTimeout(15_000)
      context.on('console', (message) => {
        if (message.type() === 'error' && !/status of [45]\d\d|ERR_FAILED|favicon/.test(message.text()))
          complaints.push(message.text())
      })
      await context.addCookies([{ name: 'who', value: who, url: at }])
      return context.newPage()
    },
    async close() {
      await browser.close()
      await broker.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

function providersOf(at: string) {
  const acme = scriptedProvider({
    id: 'acme',
    name: 'Acme',
    kind: 'redirect',
    returned: (_remembered, query) => ({ type: 'further', remembered: { code: query.get('code') ?? '' } }),
  })
  const begin = acme.begin
  acme.begin = async (context, asked) => {
    const begun = await begin(context, asked)
    const authorizationUrl = `${at}/authorize?state=${asked.state}`
    return begun.type === 'begun' ? { ...begun, shown: { kind: 'redirect', authorizationUrl } } : begun
  }
  const github = scriptedProvider({ id: 'github', name: 'GitHub' })
  const claude = scriptedProvider({ id: 'claude', name: 'Claude', kind: 'action' })
  return { acme, github, claude }
}

function serveFile(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const [type, text] = fileOf(pathname, searchParams) ?? ['text/plain', undefined]
  response.setHeader('content-type', `${type}; charset=utf-8`)
  response.setHeader('content-security-policy', "default-src 'self'; require-trusted-types-for 'script'")
  response.writeHead(text === undefined ? 404 : 200).end(text ?? 'not here')
}

type File = readonly [type: string, text: string]

function fileOf(path: string, query: URLSearchParams): File | undefined {
  switch (path) {
    case '/page.css':
      return ['text/css', styles]
    case '/heard.js':
      return ['text/javascript', heard]
    case '/react.js':
      return ['text/javascript', reactBundle()]
    case '/vue.js':
      return ['text/javascript', readFileSync(vueFile, 'utf8')]
    case '/with-react.js':
      return ['text/javascript', withReact]
    case '/with-vue.js':
      return ['text/javascript', withVue]
    case '/authorize':
      return [
        'text/html',
        page('Acme', `<a href="${base}/callback/acme?code=c0de&state=${query.get('state')}">Allow</a>`),
      ]
    case '/settings':
      return ['text/html', page('Settings', elementOf(query.get('provider') ?? 'github'), element)]
    case '/twice':
      return ['text/html', page('Twice', elementOf('github'), element, `${element}?again`)]
    case '/with-react':
      return ['text/html', page('React', '<div id="root"></div>', element, '/react.js', '/with-react.js')]
    case '/with-vue':
      return ['text/html', page('Vue', '<div id="root"></div>', element, '/with-vue.js')]
    default:
      return undefined
  }
}

const element = `${base}/element.js`
const names: Readonly<Record<string, string>> = { github: 'GitHub', acme: 'Acme', claude: 'Claude' }
const elementOf = (provider: string) =>
  `<countersign-connect provider="${provider}" name="${names[provider]}"></countersign-connect>`

const page = (title: string, content: string, ...scripts: string[]) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${title}</title><link rel="stylesheet" href="/page.css">
<script src="/heard.js"></script></head>
<body><main><h1>${title}</h1>${content}</main>
${scripts.map((src) => `<script type="module" src="${src}"></script>`).join('\n')}</body></html>`

const styles = `:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { margin: 1.5rem; background: Canvas; color: CanvasText }`

const heard = `window.heard = []
for (const type of ['countersign-connected', 'countersign-failed'])
  document.addEventListener(type, (event) => window.heard.push([type, event.detail]))`

const withReact = `const { createElement, useState } = window.React
function Settings() {
  const [provider, setProvider] = useState('claude')
  const [last, setLast] = useState('nothing yet')
  return createElement('div', null,
    createElement('button', { id: 'change', onClick: () => setProvider('github') }, 'Change'),
    createElement('countersign-connect', {
      provider, name: provider === 'github' ? 'GitHub' : 'Claude', 'oncountersign-connected': (event) => setLast(event.detail.provider),
    }),
    createElement('output', null, last))
}
window.ReactDOM.createRoot(document.getElementById('root')).render(createElement(Settings))`

const withVue = `import { createApp, h, ref } from '/vue.js'
createApp({
  setup() {
    const provider = ref('claude')
    const last = ref('nothing yet')
    return () => h('div', [
      h('button', { id: 'change', onClick: () => (provider.value = 'github') }, 'Change'),
      h('countersign-connect', {
        provider: provider.value, name: provider.value === 'github' ? 'GitHub' : 'Claude', 'onCountersign-connected': (event) => (last.value = event.detail.provider),
      }),
      h('output', last.value),
    ])
  },
}).mount('#root')`

const require = createRequire(import.meta.url)
const vueFile = join(dirname(require.resolve('vue/package.json')), 'dist', 'vue.runtime.esm-browser.prod.js')

/** React comes as CommonJS only: its four files, each in a function of its own, as any bundler would put them. */
function reactBundle(): string {
  const dom = createRequire(require.resolve('react-dom/package.json'))
  const files = {
    react: join(dirname(require.resolve('react/package.json')), 'cjs', 'react.production.js'),
    scheduler: join(dirname(dom.resolve('scheduler/package.json')), 'cjs', 'scheduler.production.js'),
    'react-dom': join(dirname(require.resolve('react-dom/package.json')), 'cjs', 'react-dom.production.js'),
    client: join(dirname(require.resolve('react-dom/package.json')), 'cjs', 'react-dom-client.production.js'),
  }
  const parts = Object.entries(files).map(([name, file]) => {
    const text = readFileSync(file, 'utf8')
    return `modules[${JSON.stringify(name)}] = (() => { const module = { exports: {} }; ((module, exports) => {${text}})(module, module.exports); return module.exports })()`
  })
  return `const modules = {}, require = (name) => modules[name], process = { env: { NODE_ENV: 'production' } }
${parts.join('\n')}
Object.assign(window, { React: modules.react, ReactDOM: modules.client })`
}
