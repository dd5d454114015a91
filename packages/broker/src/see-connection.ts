// A connection as others may look at it: the rules of renewing (connection.ts) see digests, the application no tokens.
// Not here: reading it (vault.ts).

import type { ConnectionView } from './broker.ts'
import type { Connection, Seen } from './connection.ts'
import type { Provider } from './provider.ts'
import { digest } from './seal.ts'

/** Without the lease, which is read where it matters. */
export function seeConnection(connection: Connection, provider: Pick<Provider, 'refreshGraceSeconds'>): Seen {
  const { refreshGraceSeconds } = provider
  const accessDigest = digest(connection.tokens.accessToken)
  return {
    connection,
    lease: undefined,
    accessDigest,
    refreshDigest: refreshDigestOf(connection),
    refreshGraceSeconds,
  }
}

export function refreshDigestOf({ tokens }: Connection): string | null {
  return tokens.refreshToken === null ? null : digest(tokens.refreshToken)
}

/** `provider` is undefined where it is not on any more. */
export function viewOf(connection: Connection, provider: Provider | undefined): ConnectionView {
  const { id, account, label, tokens, ended, createdAt, updatedAt } = connection
  const providerName = provider?.name ?? connection.provider
  const { scopes } = tokens
  return {
    id,
    provider: connection.provider,
    providerName,
    account,
    label,
    scopes,
    ended,
    createdAt,
    updatedAt,
  }
}
