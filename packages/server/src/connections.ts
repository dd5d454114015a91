// What the server needs of whoever connects people's accounts elsewhere: @countersign/broker fits, and the program puts the two
// together; this package knows only the shape. Pages over it are pages/connections*.ts, the exchange endpoints/token-connection.ts.

/** A flow belongs to the browser session that started it, a connection to the account. */
export interface ConnectionOwner {
  /** The account's id. */
  readonly person: string
  readonly session: string
}

export type ConnectionFlowState = 'pending' | 'success' | 'denied' | 'expired' | 'cancelled' | 'error'

export interface ConnectionFlow {
  readonly id: string
  readonly provider: string
  readonly state: ConnectionFlowState
  readonly shown:
    | {
        readonly kind: 'code'
        readonly userCode: string
        readonly verificationUri: string
        readonly verificationUriComplete: string | null
      }
    | { readonly kind: 'redirect'; readonly authorizationUrl: string }
    | { readonly kind: 'action'; readonly actionRequired: string }
  readonly expiresAt: number
  readonly secondsLeft: number
  readonly intervalSeconds: number
  readonly error: string | undefined
  readonly returnTo: string | undefined
}

export interface ConnectionSummary {
  readonly id: string
  readonly provider: string
  readonly providerName: string
  readonly account: { readonly id: string; readonly name: string } | null
  readonly label: string
  readonly scopes: readonly string[]
  /** Why it must be connected again; null while it works. */
  readonly ended: 'refused' | 'answer_lost' | null
  readonly createdAt: number
  readonly updatedAt: number
}

/** Errors that it throws carry a string `code`: see ConnectionErrorCode. */
export interface Connections {
  readonly providers: readonly {
    readonly id: string
    readonly name: string
    readonly docs: string
    readonly kind: 'code' | 'redirect' | 'action'
  }[]
  start(
    owner: ConnectionOwner,
    request: {
      readonly provider: string
      readonly label?: string | undefined
      readonly scopes?: readonly string[] | undefined
      readonly connection?: string | undefined
      readonly returnTo?: string | undefined
    },
  ): Promise<ConnectionFlow>
  status(owner: ConnectionOwner, flowId: string): Promise<ConnectionFlow>
  changed(
    owner: ConnectionOwner,
    flowId: string,
    seen: ConnectionFlowState,
    wait: { readonly seconds: number; readonly signal?: AbortSignal },
  ): Promise<ConnectionFlow>
  cancel(owner: ConnectionOwner, flowId: string): Promise<ConnectionFlow | undefined>
  returned(owner: ConnectionOwner, provider: string, query: URLSearchParams): Promise<ConnectionFlow>
  connections(person: string): Promise<readonly ConnectionSummary[]>
  rename(person: string, connection: string, label: string): Promise<ConnectionSummary>
  disconnect(person: string, connection: string): Promise<{ readonly revoked: boolean }>
  forget(person: string): Promise<void>
  token(
    person: string,
    provider: string,
    options?: {
      readonly connection?: string | undefined
      readonly scopes?: readonly string[] | undefined
      readonly minValidity?: number | undefined
      readonly rejected?: string | undefined
    },
  ): Promise<{
    readonly accessToken: string
    readonly expiresAt: number | null
    readonly scopes: readonly string[]
    readonly connection: ConnectionSummary
  }>
  on(listener: (event: ConnectionEvent) => void): () => void
  close(): Promise<void>
}

export interface ConnectionEvent {
  readonly type: 'connected' | 'refreshed' | 'failed' | 'disconnected'
  readonly person: string
  readonly provider: string
  readonly connection: string
  readonly why?: 'refused' | 'answer_lost'
}

export type ConnectionErrorCode =
  | 'invalid_request'
  | 'unknown_provider'
  | 'flow_not_found'
  | 'connection_not_found'
  | 'wrong_state'
  | 'not_entitled'
  | 'provider_unavailable'
  | 'provider_refused'
  | 'missing_fields'
  | 'not_connected'
  | 'connect_again'
  | 'more_scopes'
  | 'try_later'
  | 'vault_unreadable'
  | 'vault_locked'
  | 'vault_unwritable'
  | 'store_unavailable'
