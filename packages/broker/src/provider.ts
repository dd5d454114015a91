// What a provider is to the broker: five things that can be asked of it, each with an answer that never throws for what the other
// side said. Builders for whole families are oauth-device.ts and oauth-code.ts beside this file; each provider is one small file
// in providers/.
// Not here: waiting, states and storing (flows.ts, tokens.ts).

import type { System } from '@countersign/client/system'
import type { Tokens } from './connection.ts'
import type { FlowProblem, Shown } from './flow.ts'

export interface Provider {
  /** a-z, 0-9 and dashes; never changes, connections are stored under it. */
  readonly id: string
  /** Other names for it in requests. */
  readonly aliases?: readonly string[]
  /** What people call it. */
  readonly name: string
  /** Where the vendor describes what this file does. */
  readonly docs: string
  readonly kind: Shown['kind']
  /** For how many seconds a used refresh token may be sent again: 0 where it may be used once, Infinity where it is never spent. */
  readonly refreshGraceSeconds: number
  begin(context: ProviderContext, asked: Asked): Promise<Begun>
  /** Asks how far it is; called at most once per interval and flow. */
  poll(context: ProviderContext, remembered: Remembered): Promise<Answer>
  /** The browser is back (kind `redirect`): what it brought, checked, as more to remember; or the end. */
  returned?(remembered: Remembered, query: URLSearchParams): Answer
  /** `account`: whose tokens these are, where that is known; tokens of anybody else are the end (OpenID Connect Core §12.2). */
  refresh(context: ProviderContext, tokens: Tokens, account?: Account | null): Promise<Renewed>
  /** Ends the tokens at the provider, where that can be done. Best effort: true when it was done. */
  revoke?(context: ProviderContext, tokens: Tokens): Promise<boolean>
  /** Tells the provider that nobody waits any more, where that can be done. */
  abandon?(context: ProviderContext, remembered: Remembered): Promise<void>
}

export interface ProviderContext {
  /** Clock, randomness, network. */
  readonly system: System
  /** Ends the call; every call is also limited in time and size (client's http.ts). */
  readonly signal: AbortSignal
  /** Evidence for the operator; never a secret. */
  readonly note: (event: string, detail: Readonly<Record<string, string | number>>) => void
}

export interface Asked {
  /** Empty: what the provider's own default is. */
  readonly scopes: readonly string[]
  /** Where the provider sends the browser back to (kind `redirect`). */
  readonly redirectUri: string
  /** Goes out with the browser and comes back; made by the broker, compared by the broker. */
  readonly state: string
}

/** Sealed into the flow between two questions; text values only. */
export type Remembered = Readonly<Record<string, string>>

export type Begun =
  | {
      readonly type: 'begun'
      readonly shown: Shown
      readonly remembered: Remembered
      /** As the provider sent it; may be anything (flow.ts reads it). */
      readonly interval?: unknown
      readonly lifetime?: unknown
    }
  /** Try again later; nothing was begun. */
  | { readonly type: 'trouble'; readonly retryAfterSeconds?: number | undefined }
  /** `missing_fields` is told apart because system S3 has a sentence of its own for it. */
  | { readonly type: 'problem'; readonly problem: FlowProblem | 'missing_fields' }

export type Answer =
  | { readonly type: 'pending'; readonly interval?: unknown }
  | { readonly type: 'slow_down'; readonly interval?: unknown }
  | { readonly type: 'trouble'; readonly retryAfterSeconds?: number | undefined }
  | { readonly type: 'further'; readonly remembered: Remembered }
  | { readonly type: 'denied' }
  | { readonly type: 'expired' }
  | { readonly type: 'problem'; readonly problem: FlowProblem }
  | { readonly type: 'tokens'; readonly tokens: Tokens; readonly account: Account | null }

/** Who this is at the provider: an identifier that never changes, and the name that people know. */
export interface Account {
  readonly id: string
  readonly name: string
}

export type Renewed =
  | { readonly type: 'tokens'; readonly tokens: Tokens }
  /** The provider will not renew it any more (RFC 6749 §5.2 `invalid_grant`). */
  | { readonly type: 'ended' }
  /** Try again later; the refresh token was not used: nothing reached the provider, or it answered 429 or 5xx. */
  | { readonly type: 'trouble'; readonly retryAfterSeconds?: number | undefined }
  /** The request went out and no answer was heard: whether the refresh token still counts is unknown. */
  | { readonly type: 'answer_lost' }
