// What the halves of the broker share: flows.ts with worker.ts and deliver.ts (connecting), tokens.ts (what is connected).
// Put together once, in create-broker.ts. Not here: what the users of the broker hand in (broker.ts).

import type { System } from '@countersign/client/system'
import type { Broker, BrokerEvent, BrokerOptions } from './broker.ts'
import type { Provider, ProviderContext } from './provider.ts'
import type { Seal } from './seal.ts'
import type { BrokerStore } from './store.ts'
import type { Vault } from './vault.ts'

export interface Parts {
  readonly options: BrokerOptions
  /** Those that are on, by id and by alias. */
  readonly providers: ReadonlyMap<string, Provider>
  readonly seal: Seal
  readonly store: BrokerStore
  readonly vault: Vault
  readonly system: System
  /** This process among others; differs with every start. */
  readonly holder: string
  /** Aborts when the broker closes: whatever only waits ends then. What has been sent is waited for. */
  readonly closing: AbortSignal
  readonly emit: (event: BrokerEvent) => void
  readonly log: NonNullable<BrokerOptions['log']>
  /**
   * Asks a provider one thing, at most so many seconds long, by default `longestCallSeconds` (ask-provider.ts). Whatever it throws is a fault of the
   * provider's file: logged, and thrown on.
   */
  readonly ask: <Answer>(
    provider: Provider,
    question: (context: ProviderContext) => Promise<Answer>,
    seconds?: number,
  ) => Promise<Answer>
  /** Runs on its own; `close` waits for it, and what it throws is logged. */
  readonly background: (event: string, work: () => Promise<void>) => void
}

/** What tokens.ts needs of the flows of a person. */
export interface FlowsOfPerson {
  /** Puts into the vault what is on its way there. */
  deliver(person: string): Promise<void>
  /** Cancels every unfinished flow. */
  cancel(person: string): Promise<void>
}

/** createTokens(parts, flows) of tokens.ts. */
export type TokensOfBroker = Pick<Broker, 'token' | 'connections' | 'rename' | 'disconnect' | 'forget'>

/** Shorter than a claim on a flow and not longer than needed for three requests in a row. */
export const longestCallSeconds = 25

/** Evidence for the log: what kind of error it was and its code; its message may hold anything. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const named = 'code' in error ? `${error.name} ${String(error.code)}` : error.name
  // SQLite has one code for all of its errors, and a fixed text for each.
  const said = 'errstr' in error ? `${named} ${String(error.errstr)}` : named
  return error.cause instanceof Error ? `${said}: ${reasonOf(error.cause)}` : said
}
