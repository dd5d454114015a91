// `token --connection`: the token of an account elsewhere, for the sign-in that is stored or given.
// Not here: how it is got (../connection-token.ts).
import { connectionExchange } from '@countersign/protocol'
import { connectionToken } from '../connection-token.ts'
import { SignInRequiredError } from '../errors.ts'
import type { ChildToken } from '../exchange.ts'
import { resolveTarget } from '../resolve.ts'
import { resolveToken } from '../resolve-token.ts'
import { grantedScopes } from '../scopes.ts'
import { UsageError } from '../terminal/terminal.ts'
import { type Context, type Flags, textFlag } from './command.ts'
import { askingOf, withTrust } from './target.ts'

export async function connectedToken(provider: string, flags: Flags, context: Context): Promise<ChildToken> {
  if (!connectionExchange.connectionProviderId.test(provider))
    throw new UsageError('--connection takes the id of a provider, in small letters, such as github')
  if (textFlag(flags, 'for'))
    throw new UsageError('--for is for tokens of the server; --connection has its own')
  const { system } = context
  const asking = { ...askingOf(flags, context), system }
  const answer = await withTrust(asking, context, () => resolveToken(asking))
  if ('reason' in answer) throw new SignInRequiredError(answer.reason, answer.account)
  const { issuer, clientId } = resolveTarget(asking)
  return connectionToken({
    issuer,
    clientId,
    subjectToken: answer.token,
    provider,
    scope: textFlag(flags, 'scope'),
    granted: answer.source === 'stored' ? grantedScopes(answer) : undefined,
    system,
  })
}
