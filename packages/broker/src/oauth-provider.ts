// What every OAuth provider does the same way, whichever way its flows go: renewing, revoking, and what it is called.
// Not here: beginning and asking (oauth-device.ts, oauth-code.ts, codex-style.ts).

import { revokeTokens } from './oauth-account.ts'
import type { OAuthServer } from './oauth-server.ts'
import { refreshTokens } from './oauth-tokens.ts'
import type { Provider } from './provider.ts'

export function sharedParts(
  server: OAuthServer,
): Omit<Provider, 'kind' | 'begin' | 'poll' | 'returned' | 'abandon'> {
  const { id, aliases, name, docs, issuer, refreshGraceSeconds } = server.vendor
  return {
    id,
    aliases: aliases ?? [],
    name: name ?? id,
    docs: docs ?? issuer,
    refreshGraceSeconds: refreshGraceSeconds ?? 0,
    refresh: (context, tokens, account) => refreshTokens(server, context, tokens, account),
    revoke: (context, tokens) => revokeTokens(server, context, tokens),
  }
}
