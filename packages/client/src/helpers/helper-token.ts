// The token that a helper hands out for a host it was installed for. Not here: which hosts those are (bindings.ts).
// Renewing and narrowing are those of the `token` command (../resolve-token.ts, ../exchange.ts).
import type { Context, Flags } from '../commands/command.ts'
import { askingOf } from '../commands/target.ts'
import { smallerToken } from '../commands/token-for.ts'
import { SignInRequiredError } from '../errors.ts'
import { resolveToken } from '../resolve-token.ts'
import type { Binding } from './bindings.ts'

export type HelperToken = {
  token: string
  /** By the clock of this computer, in seconds: whoever gets it compares it with that. */
  expiresAt: number | undefined
}

/** @throws SignInRequiredError where a person has to sign in; never asks one. */
export async function tokenFor(binding: Binding, context: Context): Promise<HelperToken> {
  const { resource, scope } = binding
  const found =
    resource === undefined && scope === undefined
      ? await whole(binding, context)
      : await smaller(binding, context)
  // RFC 6750 §2.1. In a protocol of lines, a line end would be the next attribute.
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(found.token))
    throw new Error('the server gave a token that cannot be passed on')
  return found
}

async function whole(binding: Binding, context: Context): Promise<HelperToken> {
  const asking = { ...askingOf(flagsOf(binding), context), system: context.system }
  const answer = await resolveToken(asking)
  if ('reason' in answer) throw new SignInRequiredError(answer.reason, answer.account)
  if (answer.source === 'environment') return { token: answer.token, expiresAt: undefined }
  const { server: issuer, clientId } = binding
  const entry = asking.store.entry({ issuer, clientId, account: answer.account.id })
  const offset = entry?.state === 'live' ? entry.clockOffset : 0
  return {
    token: answer.token,
    expiresAt: answer.expiresAt === undefined ? undefined : answer.expiresAt - offset,
  }
}

async function smaller(binding: Binding, context: Context): Promise<HelperToken> {
  const { token } = await smallerToken(flagsOf(binding), context)
  const offset = 'clockOffset' in token && typeof token.clockOffset === 'number' ? token.clockOffset : 0
  return {
    token: token.accessToken,
    expiresAt: token.expiresAt === undefined ? undefined : token.expiresAt - offset,
  }
}

/** The server is that of the installation, whatever the directory or the environment says where the program runs. */
export function flagsOf({ server, clientId, account, resource, scope }: Binding): Flags {
  return { server, clientId, account, for: resource, scope }
}
