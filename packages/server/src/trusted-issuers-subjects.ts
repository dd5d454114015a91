// Whom the subjects of trusted issuers are here: an issuer's `sub` (in one of its tenants) is linked to one account, by an
// administrator, or by e-mail address the first time, where the issuer's settings say so. From then on the address does not matter:
// it may be given to somebody else one day, the subject is not (IDJAG-04 §6).

import type { Account, Setting, Write } from '@countersign/protocol'
import { findAccount } from './accounts/accounts.ts'
import { audit, type By } from './audit.ts'
import { digest } from './secrets.ts'
import type { Services } from './services.ts'
import { decideAndApply } from './store/store.ts'

export interface ForeignSubject {
  readonly issuer: string
  readonly subject: string
  /** Where the issuer keeps several organizations apart (IDJAG-04 §3.1). */
  readonly tenant: string | null
}

type Base = Pick<Services, 'store' | 'system'>

export interface FoundSubject {
  readonly account: Account
  /** What links it, where that was only now decided. */
  readonly writes: readonly Write[]
}

/** The account behind a subject; `email` is given where the first assertion may link it. */
export async function accountOfSubject(
  base: Base,
  foreign: ForeignSubject,
  { email, by }: { readonly email: string | null; readonly by: By },
): Promise<FoundSubject | undefined> {
  const { store } = base
  const link = await store.read('setting', linkId(foreign))
  const linked = link && (await store.read('account', link.value))
  if (linked !== undefined) return linked.disabledAt === null ? { account: linked, writes: [] } : undefined
  const account = email === null ? undefined : await accountByEmail(base, email)
  if (account === undefined || account.disabledAt !== null) return undefined
  return { account, writes: linkWrites(base, { foreign, link, account, by, how: 'email' }) }
}

// What looks like an id of ours is no address.
function accountByEmail({ store }: Base, email: string): Promise<Account | undefined> | undefined {
  return email.includes('@') ? findAccount(store, email) : undefined
}

interface Link {
  readonly foreign: ForeignSubject
  /** The record as it is; undefined when there is none. */
  readonly link: Setting | undefined
  readonly account: Account
  readonly by: By
  readonly how: 'email' | 'admin'
}

function linkWrites(base: Base, { foreign, link, account, by, how }: Link): readonly Write[] {
  const record = { id: linkId(foreign), version: link?.version ?? 0, value: account.id, expiresAt: null }
  const detail = { ...foreign, how }
  return [
    { op: link === undefined ? 'insert' : 'update', kind: 'setting', record },
    audit(base, { event: 'subject.linked', ...by, accountId: account.id, detail }),
  ]
}

/** Links a subject by hand, to another account if it was linked before; undefined when there is no such account. */
export async function linkSubject(
  base: Base,
  foreign: ForeignSubject,
  idOrEmail: string,
  by: By,
): Promise<Account | undefined> {
  const done = await decideAndApply(base.store, async () => {
    const account = await findAccount(base.store, idOrEmail)
    if (account === undefined) return { account, writes: [] }
    const link = await base.store.read('setting', linkId(foreign))
    return { account, writes: linkWrites(base, { foreign, link, account, by, how: 'admin' }) }
  })
  return done.applied ? done.decision.account : undefined
}

/** False when it was not linked. Access that was granted by its assertions ends within the life of an access token. */
export async function unlinkSubject(base: Base, foreign: ForeignSubject, by: By): Promise<boolean> {
  const done = await decideAndApply(base.store, async () => {
    const record = await base.store.read('setting', linkId(foreign))
    if (record === undefined) return { found: false, writes: [] }
    const told = audit(base, {
      event: 'subject.unlinked',
      ...by,
      accountId: record.value,
      detail: { ...foreign },
    })
    return { found: true, writes: [{ op: 'delete', kind: 'setting', record }, told] as readonly Write[] }
  })
  return done.applied && done.decision.found
}

// As JSON, so that no two subjects can be written the same way; as a digest, because what others choose has no bound.
function linkId({ issuer, subject, tenant }: ForeignSubject): string {
  return `subject ${digest(JSON.stringify([issuer, tenant, subject]))}`
}
