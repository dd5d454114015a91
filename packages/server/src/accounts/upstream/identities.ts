// Identities at providers that are accounts here: found, linked, and taken apart again. One subject of one issuer is one account, at
// most; by which name the provider is configured does not matter, and an e-mail address decides nothing.
// Signing in with one is enter.ts; the person's list of them pages/account-identities.ts.

import type { Account, Identity, Write } from '@countersign/protocol'
import { audit, type By } from '../../audit.ts'
import type { Services } from '../../services.ts'
import { decideAndApply } from '../../store/store.ts'
import type { Base } from '../accounts.ts'
import { endOfSession } from '../browser-session.ts'
import { hasAnotherWayIn, noOtherEnds } from '../ways-in.ts'
import { identityId, type Upstream, type UpstreamPerson } from './provider.ts'

/** A person that a provider has just named. */
export interface Proven {
  /** The id that the provider has in the settings. */
  readonly provider: string
  readonly namespace: string
  readonly person: Pick<UpstreamPerson, 'subject' | 'email' | 'name'>
}

export const provenBy = ({ settings, namespace }: Upstream, person: UpstreamPerson): Proven => ({
  provider: settings.id,
  namespace,
  person,
})

export function newIdentity(
  { system }: Pick<Services, 'system'>,
  proven: Proven,
  accountId: string,
): Identity {
  const now = system.now()
  const { subject, email, name } = proven.person
  return {
    id: identityId(proven),
    version: 0,
    accountId,
    provider: proven.provider,
    subject,
    email,
    name,
    createdAt: now,
    lastUsedAt: null,
  }
}

/** `taken`: it is another account already. */
export type Linked = 'linked' | 'taken' | 'busy'

export async function linkIdentity(
  services: Services,
  account: Account,
  proven: Proven,
  by: By,
): Promise<Linked> {
  const { store } = services
  const done = await decideAndApply<{ linked: Linked; writes: readonly Write[] }>(store, async () => {
    const known = await store.read('identity', identityId(proven))
    if (known !== undefined)
      return { linked: known.accountId === account.id ? 'linked' : 'taken', writes: [] }
    const current = await store.read('account', account.id)
    if (current === undefined || current.disabledAt !== null) return { linked: 'busy', writes: [] }
    const record = newIdentity(services, proven, account.id)
    return {
      linked: 'linked',
      writes: [
        { op: 'insert', kind: 'identity', record },
        // An account that is disabled or removed at this moment makes this a conflict.
        { op: 'update', kind: 'account', record: current },
        linkedEntry(services, record, by),
      ],
    }
  })
  return done.applied ? done.decision.linked : 'busy'
}

export function linkedEntry(services: Pick<Services, 'system'>, identity: Identity, by: By): Write {
  const { accountId, provider } = identity
  return audit(services, { event: 'identity.linked', ...by, accountId, detail: { provider } })
}

export type Unlinked = 'unlinked' | 'last' | 'busy'

/** Nobody locks the door and throws the only key away: the last way in stays. */
export async function unlinkIdentity(
  services: Services,
  account: Account,
  id: string,
  by: By,
): Promise<Unlinked> {
  const { store } = services
  const done = await decideAndApply<{ unlinked: Unlinked; writes: readonly Write[] }>(store, async () => {
    const [record, current] = [await store.read('identity', id), await store.read('account', account.id)]
    if (record?.accountId !== account.id || current === undefined) return { unlinked: 'unlinked', writes: [] }
    if (!(await hasAnotherWayIn(services, current, record))) return { unlinked: 'last', writes: [] }
    return { unlinked: 'unlinked', writes: [noOtherEnds(current), ...unlinking(services, record, by)] }
  })
  return done.applied ? done.decision.unlinked : 'busy'
}

/**
 * Taken away by an administrator, who may take the last way in, too: whoever came in by it may not be the person at all, so every
 * browser of the account is signed out.
 */
export async function takeIdentity(
  base: Base,
  accountId: string,
  chosen: (identity: Identity) => boolean,
  by: By,
): Promise<'taken' | 'none' | 'busy'> {
  const { store } = base
  const done = await decideAndApply(store, async () => {
    const record = (await store.find('identity', 'accountId', accountId)).find(chosen)
    if (record === undefined) return { taken: 'none' as const, writes: [] }
    const sessions = await store.find('browserSession', 'accountId', accountId)
    return {
      taken: 'taken' as const,
      writes: [...sessions.map(endOfSession), ...unlinking(base, record, by)],
    }
  })
  return done.applied ? done.decision.taken : 'busy'
}

function unlinking(base: Pick<Base, 'system'>, record: Identity, by: By): readonly Write[] {
  const { accountId, provider } = record
  return [
    { op: 'delete', kind: 'identity', record },
    audit(base, { event: 'identity.unlinked', ...by, accountId, detail: { provider } }),
  ]
}
