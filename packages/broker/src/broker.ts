// The broker as its users see it: what it takes and what it gives. Nothing happens here; it is put together in create-broker.ts
// from flows.ts (connecting), tokens.ts (renewing) and handler.ts (HTTP).

import type { System } from '@countersign/client/system'
import type { EndedWhy } from './connection.ts'
import type { FlowState, Shown } from './flow.ts'
import type { Provider } from './provider.ts'
import type { BrokerStore } from './store.ts'
import type { Vault } from './vault.ts'

export interface BrokerOptions {
  /** The providers that are on; any other is refused by name. */
  readonly providers: readonly Provider[]
  /** Memory, SQLite or PostgreSQL: memoryStore, sqliteStore, postgresStore. */
  readonly store: BrokerStore
  /** 32 bytes, kept outside the store: what secrets are sealed under. */
  readonly key: Uint8Array
  /** By default connections are sealed into `store`. */
  readonly vault?: Vault
  /**
   * Where providers of kind `redirect` send the browser back to; each to a place of its own below it, named by its id
   * (`…/callback/github`), which is what is registered there.
   */
  readonly redirectUri?: string
  readonly log?: (level: 'info' | 'warn', event: string, detail: Readonly<Record<string, unknown>>) => void
  readonly system?: System
}

/** Who asks. A flow belongs to the session that started it, a connection to the person. */
export interface Owner {
  readonly person: string
  /** Any text that only this session of this person has, such as its cookie; only its digest is kept. */
  readonly session: string
}

export interface StartRequest {
  readonly provider: string
  readonly label?: string | undefined
  readonly scopes?: readonly string[] | undefined
  /** Renew this connection, with the same or more scopes, instead of making one. */
  readonly connection?: string | undefined
  /** Where the application wants the browser after a redirect: a path of its own. */
  readonly returnTo?: string | undefined
}

/** Everything a page may know of a flow. */
export interface FlowView {
  readonly id: string
  readonly provider: string
  readonly state: FlowState
  readonly shown: Shown
  /** Seconds since the epoch. */
  readonly expiresAt: number
  readonly secondsLeft: number
  readonly intervalSeconds: number
  /** A fixed sentence; only with state `error`. */
  readonly error: string | undefined
  readonly returnTo: string | undefined
}

export interface ConnectionView {
  readonly id: string
  readonly provider: string
  readonly providerName: string
  readonly account: { readonly id: string; readonly name: string } | null
  readonly label: string
  readonly scopes: readonly string[]
  readonly ended: EndedWhy | null
  /** Seconds since the epoch. */
  readonly createdAt: number
  readonly updatedAt: number
}

export interface TokenOptions {
  /** Which of several connections; by default the newest that works and has the scopes. */
  readonly connection?: string | undefined
  readonly scopes?: readonly string[] | undefined
  /** The token lives for at least so many seconds more, by default 60, or for half of its whole life where that is less. */
  readonly minValidity?: number | undefined
  /** An access token that the provider's API answered with 401: never handed out again. */
  readonly rejected?: string | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ConnectedToken {
  readonly accessToken: string
  /** Seconds since the epoch; null where the provider does not say. */
  readonly expiresAt: number | null
  readonly scopes: readonly string[]
  readonly connection: ConnectionView
}

/** `failed`: the connection must be connected again. */
export interface BrokerEvent {
  readonly type: 'connected' | 'refreshed' | 'failed' | 'disconnected'
  readonly person: string
  readonly provider: string
  readonly connection: string
  readonly why?: EndedWhy
}

export interface Broker {
  readonly providers: readonly Pick<Provider, 'id' | 'name' | 'docs' | 'kind'>[]
  /** The unfinished flow of this session if there is one for the same thing; any other unfinished one is cancelled. */
  start(owner: Owner, request: StartRequest): Promise<FlowView>
  /** Throws RequestError `flow_not_found` for a flow of anybody else, as for one that never was. */
  status(owner: Owner, flowId: string): Promise<FlowView>
  /** The status once it is another than `seen`, or after so many seconds, or when the signal aborts. */
  changed(
    owner: Owner,
    flowId: string,
    seen: FlowState,
    wait: { readonly seconds: number; readonly signal?: AbortSignal },
  ): Promise<FlowView>
  /** What it was, if it was over already. Undefined for a flow of anybody else, as for one that never was. */
  cancel(owner: Owner, flowId: string): Promise<FlowView | undefined>
  /** The browser is back from a provider of kind `redirect`, at the place of the one with this id. */
  returned(owner: Owner, provider: string, query: URLSearchParams): Promise<FlowView>
  connections(person: string): Promise<readonly ConnectionView[]>
  rename(person: string, connection: string, label: string): Promise<ConnectionView>
  /** Revokes at the provider where that can be done, and forgets. `revoked` says whether the provider did. */
  disconnect(person: string, connection: string): Promise<{ readonly revoked: boolean }>
  /** Everything of a person who is gone: flows cancelled, connections disconnected. */
  forget(person: string): Promise<void>
  token(person: string, provider: string, options?: TokenOptions): Promise<ConnectedToken>
  /** The function to stop listening. What listeners throw is logged and changes nothing. */
  on(listener: (event: BrokerEvent) => void): () => void
  /** Ends what waits, finishes what is in flight; the store stays open, it is not ours. */
  close(): Promise<void>
}
