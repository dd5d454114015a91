// Credentials that another program on the application's own machine keeps (system S3's "Login with Claude Code"): no code and no
// browser, only words on what to do there; the flow is over when the credentials appear. Renewing them is that program's business,
// so a renewal here reads them again. Not here: where they are, which the application knows (`read`).

import type { Account, Provider, ProviderContext } from './provider.ts'

export interface HostCredentials {
  readonly accessToken: string
  /** Seconds since the epoch; null where nobody knows. */
  readonly expiresAt?: number | null | undefined
  readonly scopes?: readonly string[] | undefined
  readonly account?: Account | undefined
}

export interface HostCredentialsOptions {
  readonly id: string
  readonly aliases?: readonly string[] | undefined
  readonly name: string
  readonly docs: string
  /** One sentence that says what to do on that machine. */
  readonly actionRequired: string
  /** Undefined while there are none. What it throws is noted by its name, and it is asked again. */
  readonly read: () => Promise<HostCredentials | undefined>
  readonly lifetimeSeconds?: number | undefined
}

export function hostCredentials(options: HostCredentialsOptions): Provider {
  const { id, aliases, name, docs, actionRequired, lifetimeSeconds } = options
  return {
    id,
    aliases: aliases ?? [],
    name,
    docs,
    kind: 'action',
    // Nothing is ever spent: the other program renews.
    refreshGraceSeconds: Number.POSITIVE_INFINITY,
    begin: async () => ({
      type: 'begun',
      shown: { kind: 'action', actionRequired },
      remembered: {},
      lifetime: lifetimeSeconds,
    }),
    async poll(context) {
      const found = await readNow(options, context)
      if (found === 'trouble') return { type: 'trouble' }
      if (found === undefined) return { type: 'pending' }
      return { type: 'tokens', tokens: tokensOf(found), account: found.account ?? null }
    },
    async refresh(context, _tokens, account) {
      const found = await readNow(options, context)
      if (found === undefined) return { type: 'ended' }
      if (found === 'trouble' || isOver(found, context)) return { type: 'trouble' }
      // Somebody signed in to that program with another account; it is no renewal of this one.
      if (account && found.account && found.account.id !== account.id) return { type: 'ended' }
      return { type: 'tokens', tokens: tokensOf(found) }
    },
  }
}

async function readNow(
  { id, read }: HostCredentialsOptions,
  context: ProviderContext,
): Promise<HostCredentials | undefined | 'trouble'> {
  try {
    const found = await read()
    return found?.accessToken ? found : undefined
  } catch (error) {
    const code = error instanceof Error ? error.name : 'unknown'
    context.note('host_credentials_unreadable', { provider: id, code })
    return 'trouble'
  }
}

/** The other program has not renewed it yet. */
function isOver({ expiresAt }: HostCredentials, { system }: ProviderContext): boolean {
  return typeof expiresAt === 'number' && expiresAt <= system.now()
}

function tokensOf({ accessToken, expiresAt, scopes }: HostCredentials) {
  return { accessToken, refreshToken: readAgain, expiresAt: expiresAt ?? null, scopes: scopes ?? [] }
}

/** Not a secret: it says that there is a way to renew. */
const readAgain = 'host'
