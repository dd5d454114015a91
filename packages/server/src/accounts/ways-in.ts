// The ways in which an account can be entered, so that nobody gives the last of them away.
// The ways themselves are password.ts, passkey.ts and upstream/identities.ts.

import type { Account, Identity, Passkey, Write } from '@countersign/protocol'
import type { Services } from '../services.ts'

/** Whether it is entered by something else than this passkey or identity. */
export async function hasAnotherWayIn(
  { store, config, upstreams }: Services,
  account: Account,
  than: Passkey | Identity,
): Promise<boolean> {
  if (account.passwordHash !== null && config.passwords) return true
  const passkeys = await store.find('passkey', 'accountId', account.id)
  const identities = await store.find('identity', 'accountId', account.id)
  const open = identities.filter((identity) => upstreams.of(identity) !== undefined)
  return [...passkeys, ...open].some(({ id }) => id !== than.id)
}

/** Written beside the end of a way in: of two at once, each of which sees the other, one is a conflict. */
export function noOtherEnds(account: Account): Write {
  return { op: 'update', kind: 'account', record: account }
}
