// What a renewal came to, on its way into the vault: new tokens, of which this process has the only copy, or the end of the
// connection. Not here: how they came (renewal.ts).

import { type Connection, type EndedWhy, endLease, keepLease, type Lease, type Tokens } from './connection.ts'
import { giveBack } from './leases.ts'
import type { Parts } from './parts.ts'
import type { Provider } from './provider.ts'
import { digest } from './seal.ts'
import { refreshDigestOf } from './see-connection.ts'

export interface Arrived {
  readonly provider: Provider
  /** As it was when its refresh token was sent. */
  readonly connection: Connection
  readonly refreshDigest: string
  readonly tokens: Tokens
}

/**
 * Stores them and gives the lease back; nothing but the vault's answer, or the end of the process, ends the trying. The digest of
 * the access token, or undefined where they are not the connection's any more. `refuse` tells those who wait that it takes long.
 */
export async function keepTokens(
  parts: Parts,
  arrived: Arrived,
  lease: Lease,
  refuse: (error: unknown) => void,
): Promise<string | undefined> {
  const { store, system, closing } = parts
  const provider = arrived.provider.id
  let held = lease
  let triesAtClosing = 0
  for (let failures = 0; ; ) {
    try {
      const stored = await put(parts, arrived, failures > 0)
      await giveBack(parts, endLease(held))
      if (!stored) return undefined
      const { person, id } = arrived.connection
      parts.emit({ type: 'refreshed', person, provider, connection: id })
      return digest(arrived.tokens.accessToken)
    } catch (error) {
      failures++
      parts.log('warn', 'renewal.not_stored', { provider, failures })
      if (failures >= quickTries) refuse(error)
      if (closing.aborted && ++triesAtClosing > mostTriesAtClosing) {
        parts.log('warn', 'renewal.given_up', { provider })
        throw error
      }
      const next = keepLease(held, system.now())
      if (await store.leases.put(next).catch(() => false)) held = next
      await (closing.aborted ? system.sleep(0.5) : system.sleep(Math.min(0.1 * 2 ** failures, 5), closing))
    }
  }
}

/** False: the connection is gone, or has other tokens than those that these came from. */
async function put(parts: Parts, arrived: Arrived, isAgain: boolean): Promise<boolean> {
  const { vault, system } = parts
  const { connection, refreshDigest, tokens } = arrived
  const find = () => vault.find(connection.place, connection.person, connection.id)
  let last = isAgain ? await find() : connection
  for (;;) {
    if (last === undefined || refreshDigestOf(last) !== refreshDigest) {
      // An earlier try was written although its answer was lost.
      if (last !== undefined && isAgain && hasTokens(last, tokens)) return true
      await superseded(parts, arrived, last)
      return false
    }
    // Another process renewed it with the same refresh token, which was not spent: later than this one, as far as anybody knows.
    if (
      tokens.refreshToken === connection.tokens.refreshToken &&
      !isAccess(last, connection.tokens, tokens)
    ) {
      parts.log('info', 'renewal.superseded', { provider: arrived.provider.id, by: 'newer' })
      return false
    }
    // Renamed meanwhile, or taken for lost by somebody who took this process for dead: these are the tokens that follow.
    const next = { ...last, tokens, ended: null, updatedAt: system.now() }
    if ((await vault.put(next, last.version)) === 'stored') return true
    last = await find()
  }
}

/**
 * The person disconnected it, or connected it anew, while its tokens were on their way. After a disconnect they are revoked; beside
 * a newer connection they are dropped, since at many providers revoking one of an account's tokens ends all of them.
 */
async function superseded(
  parts: Parts,
  { provider, tokens }: Arrived,
  by: Connection | undefined,
): Promise<void> {
  parts.log('info', 'renewal.superseded', {
    provider: provider.id,
    by: by === undefined ? 'nothing' : 'newer',
  })
  if (by === undefined && provider.revoke !== undefined)
    await parts.ask(provider, async (context) => provider.revoke?.(context, tokens)).catch(() => {})
}

/** Writes it down as long as the connection has the tokens that came to an end, and tells the application once. */
export async function recordEnd(parts: Parts, ended: Connection, why: EndedWhy): Promise<void> {
  const { vault } = parts
  const { place, person, id, provider } = ended
  let last: Connection | undefined = ended
  while (last !== undefined && last.ended === null && hasTokens(last, ended.tokens)) {
    if ((await vault.put({ ...last, ended: why }, last.version)) === 'stored') {
      parts.emit({ type: 'failed', person, provider, connection: id, why })
      return
    }
    last = await vault.find(place, person, id)
  }
}

function hasTokens({ tokens }: Connection, { accessToken, refreshToken }: Tokens): boolean {
  return tokens.accessToken === accessToken && tokens.refreshToken === refreshToken
}

function isAccess({ tokens }: Connection, ...expected: readonly Tokens[]): boolean {
  return expected.some(({ accessToken }) => accessToken === tokens.accessToken)
}

/** So many failures to store are waited for; then those who wait are told, and it goes on without them. */
const quickTries = 3
const mostTriesAtClosing = 5
