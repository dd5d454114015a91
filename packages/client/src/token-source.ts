// Where a session's tokens come from: the sign-in's own access token, or, with a resource or a scope, a smaller one that is
// kept in memory only and got again when it ends. One request at a time, however many calls want it.
// Not here: how either is got (refresh.ts, exchange.ts).
import { type CredentialKey, type CredentialStore, freshness, type LiveCredential } from './credentials.ts'
import type { MetadataCache } from './discover.ts'
import { type ChildToken, childToken, type Narrowing } from './exchange.ts'
import { freshCredential } from './refresh.ts'
import { unitedScopes } from './scopes.ts'
import type { System } from './system.ts'

export type TokenSource = {
  key: CredentialKey
  resource: string | undefined
  credential: () => Promise<LiveCredential>
  /** `refused` is a token that has just been refused: another one is got, however fresh it looks. */
  token: (refused?: string) => Promise<string>
  /** A new one, from now on with these scopes too; undefined where tokens carry everything anyway. */
  widen: (scope: string | undefined) => Promise<string> | undefined
}

export type TokenSourceOptions = {
  store: CredentialStore
  key: CredentialKey
  system: System
  cache: MetadataCache
  narrowing: Narrowing
}

export function createTokenSource(options: TokenSourceOptions): TokenSource {
  const { store, key, system, cache, narrowing } = options
  const credential = (refused?: string): Promise<LiveCredential> =>
    freshCredential({ store, key, system, cache, ...(refused === undefined ? {} : { refused }) })
  const common = { key, resource: narrowing.resource, credential: () => credential() }
  if (narrowing.resource === undefined && narrowing.scope === undefined)
    return {
      ...common,
      token: async (refused) => (await credential(refused)).accessToken,
      widen: () => undefined,
    }

  let { scope } = narrowing
  let kept: ChildToken | undefined
  let underWay: Promise<ChildToken> | undefined
  const fresh = (): Promise<ChildToken> => {
    const asking =
      underWay ??
      childToken({ store, key, system, cache, resource: narrowing.resource, scope }).finally(() => {
        if (underWay === asking) underWay = undefined
      })
    underWay = asking
    return asking
  }
  const token = async (refused?: string): Promise<string> => {
    const usable = kept && kept.accessToken !== refused && freshness(kept, system.now()) !== 'stale'
    if (!usable) kept = await fresh()
    return kept?.accessToken ?? ''
  }
  return {
    ...common,
    token,
    widen: (more) => {
      // Without a scope of its own it has all that the sign-in has; a new one may have more by now.
      if (scope !== undefined) scope = unitedScopes(scope, more).scope
      kept = undefined
      underWay = undefined
      return token()
    },
  }
}
