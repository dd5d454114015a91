// An application that mounts the handler, for tests of it: a real broker over a store in memory, scripted providers of each kind, a
// clock that stands still, and browsers with cookies of their own. The broker without HTTP is broker-world.ts. Not for production.

import type { Broker, Owner } from '../broker.ts'
import { createBroker } from '../create-broker.ts'
import { type ConnectInfo, type ConnectOptions, createConnectHandler } from '../handler.ts'
import type { Answer, Provider, Remembered } from '../provider.ts'
import { memoryStore } from '../stores/memory.ts'
import { testKey } from './broker-world.ts'
import { type ScriptedProvider, scriptedProvider } from './scripted-provider.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

export const origin = 'https://app.example'
export const basePath = '/api/onboarding/oauth'

/** One of each kind, and the two that system S3 knows. */
const scriptedProviders = {
  codex: () => scriptedProvider({ id: 'openai-codex', name: 'OpenAI Codex', aliases: ['codex'] }),
  github: () => scriptedProvider({ id: 'github', name: 'GitHub' }),
  acme: () => scriptedProvider({ id: 'acme', name: 'Acme', kind: 'redirect', returned: cameBack }),
  claude: () =>
    scriptedProvider({ id: 'anthropic', name: 'Claude', kind: 'action', aliases: ['claude', 'claude-code'] }),
}

type Name = keyof typeof scriptedProviders

function cameBack(_remembered: Remembered, query: URLSearchParams): Answer {
  const code = query.get('code')
  return code === null ? { type: 'denied' } : { type: 'further', remembered: { code } }
}

export interface ConnectWorld {
  readonly broker: Broker
  readonly providers: Readonly<Record<Name, ScriptedProvider>>
  readonly clock: VirtualClock
  browser(session?: string, person?: string): TestBrowser
  close(): Promise<void>
}

export interface Sent {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly address?: string
  readonly at?: string
  readonly signal?: AbortSignal
}

export interface TestBrowser {
  send(path: string, sent?: Sent): Promise<Response>
  /** The same, read: status and body. */
  ask(path: string, sent?: Sent): Promise<readonly [number, Record<string, unknown>]>
}

/** `on`: the providers that are on; by default all. */
export function openConnectWorld(options: Partial<ConnectOptions> = {}, on?: readonly Name[]): ConnectWorld {
  const clock = virtualClock()
  const providers = {
    codex: scriptedProviders.codex(),
    github: scriptedProviders.github(),
    acme: scriptedProviders.acme(),
    claude: scriptedProviders.claude(),
  }
  const names = on ?? (Object.keys(providers) as Name[])
  const broker = createBroker({
    providers: names.map((name): Provider => providers[name]),
    store: memoryStore(),
    key: testKey,
    redirectUri: `${origin}${basePath}/callback`,
    system: clock,
  })
  const owner = (request: Request): Owner | undefined => {
    const [person, session] = request.headers.get('x-person')?.split(' ') ?? []
    return person === undefined ? undefined : { person, session: session ?? '' }
  }
  const handler = createConnectHandler(broker, { owner, system: clock, ...options })
  const base = options.basePath ?? basePath
  return {
    broker,
    providers,
    clock,
    close: () => broker.close(),
    browser(session, person = 'ada') {
      const cookies = new Map<string, string>()
      const send = async (path: string, sent: Sent = {}) => {
        const headers = new Headers(sent.headers)
        if (session !== undefined) headers.set('x-person', `${person} ${session}`)
        if (cookies.size > 0) headers.set('cookie', [...cookies].map((pair) => pair.join('=')).join('; '))
        const info: ConnectInfo = { address: sent.address }
        const response = await handler(requestOf(`${sent.at ?? origin}${base}/${path}`, sent, headers), info)
        if (response === undefined) throw new Error(`${path} is not the handler's`)
        for (const cookie of response.headers.getSetCookie()) {
          const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
          cookies.set(name, value)
        }
        return response
      }
      const ask = async (path: string, sent?: Sent) => {
        const response = await send(path, sent)
        return [response.status, (await response.json()) as Record<string, unknown>] as const
      }
      return { send, ask }
    },
  }
}

function requestOf(url: string, { method, body, signal }: Sent, headers: Headers): Request {
  const init: RequestInit = { method: method ?? (body === undefined ? 'GET' : 'POST'), headers }
  if (signal !== undefined) init.signal = signal
  if (body !== undefined) {
    init.body = typeof body === 'string' ? body : JSON.stringify(body)
    headers.set('content-type', 'application/json')
  }
  return new Request(url, init)
}
