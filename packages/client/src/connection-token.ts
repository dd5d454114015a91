// The token of an account elsewhere that the person has connected at the server, by token exchange (RFC 8693) for the access token
// of the sign-in. It is the provider's, so it is neither stored nor revoked here; the server renews it.
// Not here: connecting an account, which a person does on the page that the error names.
import { connectionExchange } from '@countersign/protocol'
import { ConnectionRequiredError, MoreAccessError, OAuthError } from './errors.ts'
import { asPolicy, type ChildToken, type ExchangeParties, requestExchange } from './exchange.ts'
import { isSecure } from './http.ts'
import { unitedScopes } from './scopes.ts'

export type ConnectionTokenOptions = ExchangeParties & {
  /** By its id at the server, such as `github`. */
  provider: string
  /** What it must be good for there, separated by spaces. */
  scope?: string | undefined
  /** Which of several accounts at this provider. */
  connection?: string | undefined
  /** What the sign-in may do, where that is known. */
  granted?: string | undefined
}

/**
 * @throws ConnectionRequiredError when a person must connect the account first, or again; MoreAccessError when the sign-in does not
 * include the permission for it; SignInEndedError `refused_by_policy` when the server does not let this program have it.
 */
export async function connectionToken(options: ConnectionTokenOptions): Promise<ChildToken> {
  const { provider, scope, connection } = options
  try {
    return await requestExchange(options, {
      requested_token_type: `${connectionExchange.connectionTokenTypePrefix}${provider}`,
      ...(scope ? { scope } : {}),
      ...(connection ? { connection } : {}),
    })
  } catch (error) {
    throw inOurWords(error, options)
  }
}

function inOurWords(error: unknown, { provider, issuer, granted }: ConnectionTokenOptions): unknown {
  if (!(error instanceof OAuthError)) return error
  if (error.error === 'interaction_required') {
    const words = error.description ?? `An account of ${provider} must be connected.`
    return new ConnectionRequiredError(provider, words, pageOf(error.uri, issuer), error)
  }
  if (error.error === 'invalid_scope')
    return new MoreAccessError(
      unitedScopes(granted, `${connectionExchange.connectionScopePrefix}${provider}`),
      undefined,
      error,
    )
  return asPolicy(error, `this program may not have tokens of ${provider} accounts.`)
}

/** Only a page of the server itself: a terminal must not send people anywhere else. */
function pageOf(uri: string | undefined, issuer: string): string | undefined {
  const url = URL.parse(uri ?? '')
  return url !== null && isSecure(url) && url.origin === new URL(issuer).origin ? url.href : undefined
}
