// Every error that the client throws, each with a stable string `code` that programs switch on; the
// message is for people. Not here: exit codes and sentences of the terminal (packages/cli).

abstract class BaseError extends Error {
  abstract readonly code: string
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = new.target.name
  }
}

/** Nothing answered: refused, reset, unresolvable, or too slow. Trying again later may work. */
export class NetworkError extends BaseError {
  readonly code: 'network' | 'timeout'
  readonly host: string
  constructor(code: NetworkError['code'], host: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.host = host
  }
}

/** Something answered, but not what the protocol says. `title` is that of a page, when it was a page. */
export class AnswerError extends BaseError {
  readonly code:
    | 'html_answer'
    | 'malformed_answer'
    | 'answer_too_large'
    | 'unexpected_redirect'
    | 'server_unavailable'
  readonly host: string
  readonly status: number
  readonly title: string | undefined
  readonly retryAfterSeconds: number | undefined
  constructor(
    code: AnswerError['code'],
    message: string,
    evidence: { host: string; status: number; title?: string; retryAfterSeconds?: number; cause?: unknown },
  ) {
    super(message, { cause: evidence.cause })
    this.code = code
    this.host = evidence.host
    this.status = evidence.status
    this.title = evidence.title
    this.retryAfterSeconds = evidence.retryAfterSeconds
  }
}

/** The address is not (or does not prove to be) the authorization server that was asked for. */
export class DiscoveryError extends BaseError {
  readonly code: 'bad_issuer' | 'insecure_url' | 'not_an_issuer' | 'issuer_mismatch' | 'unsupported_server'
  constructor(code: DiscoveryError['code'], message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
  }
}

/** An OAuth error that ends what was asked for. */
export class OAuthError extends BaseError {
  readonly code = 'oauth_error' as const
  readonly error: string
  readonly description: string | undefined
  readonly uri: string | undefined
  readonly status: number
  constructor(refusal: { error: string; description?: string; uri?: string; status: number }) {
    super(refusal.description ? `${refusal.error}: ${refusal.description}` : refusal.error)
    this.error = refusal.error
    this.description = refusal.description
    this.uri = refusal.uri
    this.status = refusal.status
  }
}

/** The sign-in ended without a token, and everybody did what they should. */
export class SignInEndedError extends BaseError {
  readonly code: 'access_denied' | 'refused_by_policy' | 'expired' | 'cancelled'
  readonly description: string | undefined
  readonly uri: string | undefined
  constructor(
    code: SignInEndedError['code'],
    message: string,
    detail: { description?: string | undefined; uri?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: detail.cause })
    this.code = code
    this.description = detail.description
    this.uri = detail.uri
  }
}

/** There is no usable sign-in; only a person can change that. Retrying is pointless. */
export class SignInRequiredError extends BaseError {
  readonly code = 'sign_in_required' as const
  readonly reason: 'not_signed_in' | 'ended_by_server' | 'expired'
  readonly account: string | undefined
  constructor(reason: SignInRequiredError['reason'], account?: string, cause?: unknown) {
    super(
      reason === 'not_signed_in'
        ? 'Not signed in.'
        : reason === 'expired'
          ? 'The sign-in has expired and cannot renew itself.'
          : 'The sign-in was ended by the server.',
      { cause },
    )
    this.reason = reason
    this.account = account
  }
}

/** The credential files cannot be used. `path` names the file or directory. */
export class StoreError extends BaseError {
  readonly code:
    | 'store_unwritable'
    | 'store_unreadable'
    | 'store_full'
    | 'store_unsafe'
    | 'store_newer'
    | 'credential_corrupt'
  readonly path: string
  constructor(code: StoreError['code'], path: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.path = path
  }
}

/** Another process held the refresh lock for too long. */
export class LockError extends BaseError {
  readonly code = 'lock_timeout' as const
}

export type CountersignError =
  | NetworkError
  | AnswerError
  | DiscoveryError
  | OAuthError
  | SignInEndedError
  | SignInRequiredError
  | StoreError
  | LockError

export function isCountersignError(value: unknown): value is CountersignError {
  return value instanceof BaseError
}

/** True where the same call may succeed later without a person doing anything. */
export function isTransient(error: unknown): boolean {
  return error instanceof NetworkError || error instanceof AnswerError || error instanceof LockError
}
