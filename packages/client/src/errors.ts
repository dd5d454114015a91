// Every error that the client throws, each with a stable string `code` that programs switch on; the
// message is for people. Three classes: sign in again (`needsSignIn`), try later (`isTransient`), and what a
// person has to set right first: the store, the server's address, the registration of the client. Only the first
// ever changes what is stored. Not here: exit codes and sentences of the terminal (terminal/).
import { printable } from './text.ts'

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

/**
 * Nothing was sent, because whoever answered could not prove to be the host. `issuedBy` names who vouches for the
 * certificate instead, which in a company is often the proxy that looks into TLS.
 */
export class CertificateError extends BaseError {
  readonly code = 'untrusted_certificate' as const
  readonly host: string
  readonly reason: string
  readonly issuedBy: string | undefined
  constructor(host: string, reason: string, issuedBy: string | undefined, cause?: unknown) {
    const vouched = issuedBy === undefined ? '' : `, issued by "${issuedBy}"`
    super(`${host} showed a certificate that is not trusted here (${reason}${vouched})`, { cause })
    this.host = host
    this.reason = reason
    this.issuedBy = issuedBy
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

export function cancelled(cause?: unknown): SignInEndedError {
  return new SignInEndedError('cancelled', 'Cancelled. Nothing was signed in.', { cause })
}

/** No port on loopback can be had, or the server offers no sign-in that ends on one. */
export class LoopbackError extends BaseError {
  readonly code = 'loopback_unavailable' as const
}

/** There is no usable sign-in; only a person can change that. Retrying is pointless. */
export class SignInRequiredError extends BaseError {
  readonly code = 'sign_in_required' as const
  readonly reason: 'not_signed_in' | 'ended_by_server' | 'expired' | 'more_access'
  readonly account: string | undefined
  constructor(reason: SignInRequiredError['reason'], account?: string, cause?: unknown) {
    super(
      reason === 'not_signed_in'
        ? account === undefined
          ? 'Not signed in.'
          : `Not signed in as ${account}.`
        : reason === 'expired'
          ? 'The sign-in has expired and cannot renew itself.'
          : 'The sign-in was ended by the server.',
      { cause },
    )
    this.reason = reason
    this.account = account
  }
}

/** An account elsewhere has to be connected first, or again; `page` is where the person does that. */
export class ConnectionRequiredError extends BaseError {
  readonly code = 'connection_required' as const
  readonly provider: string
  readonly page: string | undefined
  constructor(provider: string, message: string, page: string | undefined, cause?: unknown) {
    super(message, { cause })
    this.provider = provider
    this.page = page
  }
}

/** No sign-in in two steps is known by this name: it is over, or was begun elsewhere. */
export class UnknownFlowError extends BaseError {
  readonly code = 'unknown_flow' as const
  readonly flow: string
  constructor(flow: string) {
    super(`No sign-in called ${printable(flow, 40)} is under way here.`)
    this.flow = flow
  }
}

/** What a sign-in lacks: permissions, the API they are for, or a stronger or more recent proof of who it is. */
export type AccessNeeds = {
  /** All that the next sign-in has to ask for, separated by spaces: what there is and what is missing. */
  scope?: string | undefined
  missing: readonly string[]
  resource?: string | undefined
  /** RFC 9470 §3. */
  acrValues?: string | undefined
  maxAge?: number | undefined
}

/** Signed in, but not to the extent that something needs: only another sign-in that asks for it helps. */
export class MoreAccessError extends SignInRequiredError {
  readonly needs: AccessNeeds
  constructor(needs: AccessNeeds, account?: string, cause?: unknown) {
    super('more_access', account, cause)
    this.needs = needs
    this.message = needsInWords(needs)
  }
}

export function needsInWords({ missing, resource, acrValues, maxAge }: AccessNeeds): string {
  const names = missing.map((scope) => printable(scope, 80)).join(', ')
  if (missing.length === 1) return `This needs one more permission: ${names}.`
  if (missing.length > 1) return `This needs ${missing.length} more permissions: ${names}.`
  if (acrValues !== undefined || maxAge !== undefined) return 'This needs a stronger or more recent sign-in.'
  return resource === undefined
    ? 'This needs a sign-in with more permissions.'
    : `This needs a sign-in that includes ${printable(resource, 200)}.`
}

/** The credential files cannot be used. `path` names the file or directory. */
export class StoreError extends BaseError {
  readonly code:
    | 'store_unwritable'
    | 'store_unreadable'
    | 'store_full'
    | 'store_unsafe'
    | 'store_newer'
    | 'store_unknown'
    | 'credential_corrupt'
    | 'keychain_unavailable'
    | 'keychain_lacks_key'
  readonly path: string
  constructor(code: StoreError['code'], path: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.code = code
    this.path = path
  }
}

/** A project file that cannot be used, or that names a `server` which this computer has never used. */
export class ProjectError extends BaseError {
  readonly code: 'project_unusable' | 'server_untrusted'
  readonly path: string
  readonly server: string | undefined
  constructor(
    code: ProjectError['code'],
    path: string,
    message: string,
    cause?: unknown,
    server?: string | undefined,
  ) {
    super(message, { cause })
    this.code = code
    this.path = path
    this.server = server
  }
}

/** A proxy, or a file of certificate authorities, that was named and cannot be used. `setting` is who named it. */
export class NetworkSettingError extends BaseError {
  readonly code = 'network_setting' as const
  readonly setting: string
  constructor(setting: string, message: string, cause?: unknown) {
    super(message, { cause })
    this.setting = setting
  }
}

/** Another process held the refresh lock for too long. */
export class LockError extends BaseError {
  readonly code = 'lock_timeout' as const
}

export type CountersignError =
  | NetworkError
  | CertificateError
  | AnswerError
  | DiscoveryError
  | OAuthError
  | SignInEndedError
  | LoopbackError
  | SignInRequiredError
  | ConnectionRequiredError
  | UnknownFlowError
  | StoreError
  | ProjectError
  | NetworkSettingError
  | LockError

export function isCountersignError(value: unknown): value is CountersignError {
  return value instanceof BaseError
}

/** The code of any error that has one, ours or the system's (`ENOENT`). */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** True where the same call may succeed later without a person doing anything. */
export function isTransient(error: unknown): boolean {
  return (
    error instanceof NetworkError ||
    error instanceof CertificateError ||
    error instanceof AnswerError ||
    error instanceof LockError
  )
}

/** True where only signing in again helps: asking with what is stored is pointless, now and later. */
export function needsSignIn(error: unknown): boolean {
  if (error instanceof SignInRequiredError) return true
  return (
    error instanceof StoreError &&
    (error.code === 'credential_corrupt' || error.code === 'keychain_lacks_key')
  )
}
