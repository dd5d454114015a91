// Every error that the broker throws, each with a stable string `code` that programs switch on; the message is a fixed sentence
// for people. Evidence goes to the log, never into a message.

abstract class BaseError extends Error {
  abstract readonly code: string
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
  }
}

/** What was asked for cannot be done as asked. */
export class RequestError extends BaseError {
  readonly code:
    | 'invalid_request'
    | 'unknown_provider'
    | 'flow_not_found'
    | 'connection_not_found'
    | 'wrong_state'
    | 'not_entitled'
  constructor(code: RequestError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** A flow could not be started. `missing_fields`: the provider's answer lacked what it must have. */
export class StartError extends BaseError {
  readonly code: 'provider_unavailable' | 'provider_refused' | 'missing_fields'
  readonly retryAfterSeconds: number | undefined
  constructor(code: StartError['code'], message: string, retryAfterSeconds?: number) {
    super(message)
    this.code = code
    this.retryAfterSeconds = retryAfterSeconds
  }
}

/**
 * There is no token to be had. `not_connected`, `connect_again` and `more_scopes` need the person; `try_later` needs time.
 */
export class TokenError extends BaseError {
  readonly code: 'not_connected' | 'connect_again' | 'more_scopes' | 'try_later'
  readonly provider: string
  readonly missingScopes: readonly string[]
  readonly retryAfterSeconds: number | undefined
  constructor(
    code: TokenError['code'],
    provider: string,
    message: string,
    evidence: { missingScopes?: readonly string[]; retryAfterSeconds?: number | undefined } = {},
  ) {
    super(message)
    this.code = code
    this.provider = provider
    this.missingScopes = evidence.missingScopes ?? []
    this.retryAfterSeconds = evidence.retryAfterSeconds
  }
}

/** The vault cannot be read or written; nothing in it was changed. */
export class VaultError extends BaseError {
  readonly code: 'vault_unreadable' | 'vault_locked' | 'vault_unwritable'
  constructor(code: VaultError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** The store does not answer; trying again later may work. */
export class StoreUnavailable extends BaseError {
  readonly code = 'store_unavailable' as const
}

/** A setting that cannot be used. */
export class SettingError extends BaseError {
  readonly code = 'wrong_setting' as const
}

export type BrokerError =
  | RequestError
  | StartError
  | TokenError
  | VaultError
  | StoreUnavailable
  | SettingError
