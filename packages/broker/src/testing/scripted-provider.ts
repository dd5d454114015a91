// A provider that answers what a test says, and writes down what it was asked. Every pair of tokens it gives is another one.
// Not for production. Real and recorded providers are elsewhere (testing/provider-contract.ts).

import type { Tokens } from '../connection.ts'
import type { Account, Answer, Asked, Begun, Provider, Remembered, Renewed } from '../provider.ts'

type Scripted<Value> = Value | Promise<Value> | (() => Value | Promise<Value>)

export interface ScriptedProvider extends Provider {
  readonly asked: {
    readonly begin: Asked[]
    readonly poll: Remembered[]
    readonly refresh: Tokens[]
    readonly revoke: Tokens[]
    readonly abandon: Remembered[]
  }
  /** What it says next, in order; when there is nothing left, what it says by itself. */
  readonly begins: Scripted<Begun>[]
  readonly polls: Scripted<Answer>[]
  readonly refreshes: Scripted<Renewed>[]
  /** A new pair. */
  tokens(changes?: Partial<Tokens>): Tokens
  /** What a person's yes comes to. */
  approved(account?: Account | null): Answer
}

/** By itself it begins, says `pending` to every poll, renews, revokes. */
export function scriptedProvider(changes: Partial<Provider> = {}): ScriptedProvider {
  const asked: ScriptedProvider['asked'] = { begin: [], poll: [], refresh: [], revoke: [], abandon: [] }
  const script = { begins: [], polls: [], refreshes: [] } as Pick<
    ScriptedProvider,
    'begins' | 'polls' | 'refreshes'
  >
  let made = 0
  const tokens = (different: Partial<Tokens> = {}): Tokens => {
    made += 1
    return {
      accessToken: `access-token-${made}`,
      refreshToken: `refresh-token-${made}`,
      expiresAt: null,
      scopes: ['repo'],
      ...different,
    }
  }
  return {
    id: 'scripted',
    name: 'Scripted',
    docs: 'https://provider.example/docs',
    kind: 'code',
    refreshGraceSeconds: 0,
    asked,
    ...script,
    tokens,
    approved: (account = { id: 'account-1', name: 'ada-l' }) => ({
      type: 'tokens',
      tokens: tokens(),
      account,
    }),
    async begin(_context, wanted) {
      asked.begin.push(wanted)
      return next(script.begins, () => begunAs(changes.kind ?? 'code', asked.begin.length, wanted))
    },
    async poll(_context, remembered) {
      asked.poll.push(remembered)
      return next(script.polls, { type: 'pending' })
    },
    async refresh(_context, spent) {
      asked.refresh.push(spent)
      return next(script.refreshes, () => ({ type: 'tokens', tokens: tokens() }))
    },
    async revoke(_context, revoked) {
      asked.revoke.push(revoked)
      return true
    },
    async abandon(_context, remembered) {
      asked.abandon.push(remembered)
    },
    ...changes,
  }
}

async function next<Value>(script: Scripted<Value>[], otherwise: Scripted<Value>): Promise<Value> {
  const value = script.length === 0 ? otherwise : (script.shift() as Scripted<Value>)
  return typeof value === 'function' ? (value as () => Value | Promise<Value>)() : value
}

function begunAs(kind: Provider['kind'], number: number, { state }: Asked): Begun {
  const remembered = { deviceCode: `device-code-${number}` }
  const begun = { type: 'begun', remembered, interval: 5, lifetime: 900 } as const
  if (kind === 'action') return { ...begun, shown: { kind, actionRequired: 'Sign in on this machine.' } }
  if (kind === 'redirect')
    return {
      ...begun,
      shown: { kind, authorizationUrl: `https://provider.example/authorize?state=${state}` },
    }
  const verificationUri = 'https://provider.example/device'
  const shown = { kind, userCode: `CODE-${number}`, verificationUri, verificationUriComplete: null }
  return { ...begun, shown }
}
