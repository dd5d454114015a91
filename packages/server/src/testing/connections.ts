// Connections for tests of the pages, without a broker: flows end when the test says so. That they end rightly, with real providers
// and the real broker, is tested in the workspace's test/journey/connections.test.ts.

import type {
  ConnectionErrorCode,
  ConnectionEvent,
  ConnectionFlow,
  ConnectionOwner,
  ConnectionSummary,
  Connections,
} from '../connections.ts'
import { startOfTime } from './services.ts'

type Kind = ConnectionFlow['shown']['kind']

export interface TestConnections extends Connections {
  readonly made: ConnectionSummary[]
  /** What was asked, in words, in order. */
  readonly asked: string[]
  /** The next call fails so. */
  fail(code: ConnectionErrorCode | 'a fault'): void
  end(flowId: string, state: ConnectionFlow['state'], error?: string): void
  /** What the provider wants its people to open. */
  show(flowId: string, verificationUriComplete: string): void
  tell(event: ConnectionEvent): void
  /** How many wait for a change. */
  waiting(): number
}

const shownOf: Readonly<Record<Kind, ConnectionFlow['shown']>> = {
  code: {
    kind: 'code',
    userCode: 'WXYZ-1234',
    verificationUri: 'https://github.example/login/device',
    verificationUriComplete: null,
  },
  redirect: {
    kind: 'redirect',
    authorizationUrl: 'https://slack.example/oauth?state=made-here&client_id=us',
  },
  action: { kind: 'action', actionRequired: 'Sign in to Claude Code on this machine.' },
}

const providers = [
  { id: 'github', name: 'GitHub', docs: 'https://docs.example', kind: 'code' },
  { id: 'slack', name: 'Slack', docs: 'https://docs.example', kind: 'redirect' },
  { id: 'host', name: 'Claude Code', docs: 'https://docs.example', kind: 'action' },
] as const

export function testConnections(): TestConnections {
  const [made, asked]: [ConnectionSummary[], string[]] = [[], []]
  const listeners = new Set<(event: ConnectionEvent) => void>()
  let failure: string | undefined
  const ask = (what: string) => {
    asked.push(what)
    const code = failure
    failure = undefined
    if (code !== undefined) throw refused(code)
  }
  return {
    ...flowsThatWait(ask),
    providers,
    made,
    asked,
    fail: (code) => {
      failure = code
    },
    tell: (event) => {
      for (const listener of listeners) listener(event)
    },
    async connections() {
      ask('connections')
      return made
    },
    async rename(_person, connection, label) {
      ask(`rename ${connection} ${label}`)
      return made[0] as ConnectionSummary
    },
    async disconnect(_person, connection) {
      ask(`disconnect ${connection}`)
      made.length = 0
      return { revoked: connection !== 'slack-1' }
    },
    async forget() {},
    async token() {
      throw new Error('No page asks for a token.')
    },
    on(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    async close() {},
  }
}

const refused = (code: string) => Object.assign(new Error('The evidence.'), { code })

type Flows = Pick<
  TestConnections,
  'end' | 'show' | 'waiting' | 'start' | 'status' | 'changed' | 'cancel' | 'returned'
>

function flowsThatWait(ask: (what: string) => void): Flows {
  const flows = new Map<string, { owner: ConnectionOwner; flow: ConnectionFlow }>()
  const wakers = new Set<() => void>()
  const find = (owner: ConnectionOwner, id: string): ConnectionFlow => {
    const found = flows.get(id)
    if (found?.owner.person === owner.person && found.owner.session === owner.session) return found.flow
    throw refused('flow_not_found')
  }
  const change = (id: string, changes: Partial<ConnectionFlow>) => {
    const found = flows.get(id)
    if (found === undefined) throw new Error(`There is no flow ${id}.`)
    flows.set(id, { ...found, flow: { ...found.flow, ...changes } })
    for (const wake of wakers) wake()
  }
  return {
    end: (id, state, error) => change(id, { state, error }),
    show: (id, verificationUriComplete) => {
      const shown = { ...shownOf.code, verificationUriComplete } as ConnectionFlow['shown']
      change(id, { shown })
    },
    waiting: () => wakers.size,
    async start(owner, { provider, label = '', connection = '' }) {
      ask(`start ${provider} ${label} ${connection}`.trim())
      const kind = providers.find(({ id }) => id === provider)?.kind
      if (kind === undefined) throw refused('unknown_provider')
      const flow = newFlow(flows.size + 1, provider, kind)
      flows.set(flow.id, { owner, flow })
      return flow
    },
    async status(owner, id) {
      ask(`status ${id}`)
      return find(owner, id)
    },
    async changed(owner, id, seen, { signal }) {
      const flow = find(owner, id)
      if (flow.state !== seen) return flow
      await new Promise<void>((resolve) => {
        wakers.add(resolve)
        signal?.addEventListener('abort', () => resolve())
      })
      wakers.clear()
      return find(owner, id)
    },
    async cancel(owner, id) {
      ask(`cancel ${id}`)
      if (find(owner, id).state === 'pending') change(id, { state: 'cancelled' })
      return find(owner, id)
    },
    async returned(owner, provider, query) {
      ask(`returned ${provider} ${query}`)
      const id = query.get('state') ?? ''
      find(owner, id)
      // The other codes are exchanged in no time.
      if (query.get('code') !== 'slow') change(id, { state: 'success' })
      return find(owner, id)
    },
  }
}

const newFlow = (count: number, provider: string, kind: Kind): ConnectionFlow => ({
  id: String(count).padStart(32, '0'),
  provider,
  state: 'pending',
  shown: shownOf[kind],
  expiresAt: startOfTime + 900,
  secondsLeft: 900,
  intervalSeconds: 5,
  error: undefined,
  returnTo: undefined,
})

export const testConnection: ConnectionSummary = {
  id: 'github-1',
  provider: 'github',
  providerName: 'GitHub',
  account: { id: '583231', name: 'octocat' },
  label: 'Work',
  scopes: ['repo', 'admin:strange'],
  ended: null,
  createdAt: startOfTime - 7200,
  updatedAt: startOfTime - 60,
}
