// Accounts: made, found, disabled, made administrators, and given another password. Used by the pages and by the administration alike.
// The password itself is password.ts and password-policy.ts, signed-in browsers are browser-session.ts, passkeys passkey.ts.

import type { Account, AuditEntry, BrowserSession, Write } from '@countersign/protocol'
import { audit, type By, byCommandLine } from '../audit.ts'
import { decideAndApply, type Store } from '../store/store.ts'
import type { System } from '../system.ts'
import { cleanText } from '../text.ts'
import { noEmail, normalizeEmail } from './email.ts'
import { hashUnlessBusy } from './password.ts'
import { type PasswordFault, passwordFault } from './password-policy.ts'

export interface Base {
  readonly store: Store
  readonly system: System
}

export interface NewAccount {
  readonly email: string
  readonly name: string
  readonly password: string
  readonly admin: boolean
}

export type AccountFault = 'email' | 'exists' | 'busy' | PasswordFault

export type Created =
  | { readonly ok: true; readonly account: Account }
  | {
      readonly ok: false
      readonly reason: 'exists' | 'invalid' | 'busy'
      readonly fault: AccountFault
      readonly message: string
    }

export async function createAccount(
  { store, system }: Base,
  input: NewAccount,
  by: By = byCommandLine,
): Promise<Created> {
  const made = await newAccount(system, input)
  if (!made.ok) return made
  const { id: accountId, admin } = made.account
  const applied = await store.apply([
    { op: 'insert', kind: 'account', record: made.account },
    audit({ system }, { event: 'account.added', ...by, accountId, detail: { admin } }),
  ])
  return applied === 'applied' ? made : refused('exists')
}

/** The record of a new account, not stored yet: whoever stores it may add writes of its own. */
export async function newAccount(system: System, input: NewAccount): Promise<Created> {
  const email = normalizeEmail(input.email)
  if (email === undefined) return refused('email')
  const name = cleanText(input.name, 80) ?? ''
  const fault = passwordFault(input.password, { email, name })
  if (fault !== undefined) return refused(fault)
  const passwordHash = await hashUnlessBusy(input.password, system)
  if (passwordHash === undefined) return refused('busy')
  const { admin } = input
  return { ok: true, account: accountRecord(system, { email, name, passwordHash, admin }) }
}

type AccountFacts = Pick<Account, 'name' | 'passwordHash' | 'admin'> & {
  /** As normalizeEmail gives it; undefined for an account that has none. */
  readonly email: string | undefined
}

export function accountRecord(system: System, { email, name, passwordHash, admin }: AccountFacts): Account {
  const id = `usr_${system.random(16).toString('base64url')}`
  return {
    id,
    version: 0,
    email: email ?? noEmail(id),
    name,
    passwordHash,
    admin,
    createdAt: system.now(),
    disabledAt: null,
  }
}

/** By id (`usr_…`) or e-mail address. */
export async function findAccount(store: Store, idOrEmail: string): Promise<Account | undefined> {
  const email = normalizeEmail(idOrEmail)
  if (email === undefined) return store.read('account', idOrEmail)
  const [account] = await store.find('account', 'email', email, 1)
  return account
}

/** Disabling ends the account's browser sessions; its tokens end because whoever checks one looks at the account. */
export function setAccountDisabled(
  base: Base,
  id: string,
  disabled: boolean,
  by: By = byCommandLine,
): Promise<Account | undefined> {
  return changeAccount(base, id, async (account) => {
    if ((account.disabledAt !== null) === disabled) return undefined
    const sessions = disabled ? await base.store.find('browserSession', 'accountId', id) : []
    return {
      account: { ...account, disabledAt: disabled ? base.system.now() : null },
      writes: [
        ...sessions.map(ended),
        audit(base, { event: disabled ? 'account.disabled' : 'account.enabled', ...by, accountId: id }),
      ],
    }
  })
}

/** Whether the account may administer the server; looked at with every call, so that its end shows at once. */
export function setAccountAdmin(
  base: Base,
  id: string,
  admin: boolean,
  by: By = byCommandLine,
  { detail = {}, keepsLast = false }: AdminChange = {},
): Promise<Account | undefined> {
  return changeAccount(base, id, async (account) => {
    if (account.admin === admin) return undefined
    const needsOther = keepsLast && !admin
    const other = needsOther ? await anotherAdmin(base.store, id) : undefined
    if (needsOther && other === undefined) return undefined
    // Of two who are the last but for each other, both removed at once, one is a conflict.
    const stays: Write[] = other === undefined ? [] : [{ op: 'update', kind: 'account', record: other }]
    const event = admin ? 'account.admin_granted' : 'account.admin_removed'
    return {
      account: { ...account, admin },
      writes: [...stays, audit(base, { event, ...by, accountId: id, detail })],
    }
  })
}

interface AdminChange {
  readonly detail?: AuditEntry['detail']
  /** The last administrator who can act stays one. */
  readonly keepsLast?: boolean
}

async function anotherAdmin(store: Store, id: string): Promise<Account | undefined> {
  let after: string | undefined
  for (;;) {
    const page = await store.list('account', after)
    const found = page.find((one) => one.admin && one.disabledAt === null && one.id !== id)
    after = page.at(-1)?.id
    if (found !== undefined || after === undefined) return found
  }
}

interface Change {
  readonly account: Account
  readonly writes: readonly Write[]
}

/** The account as it is afterwards; undefined when there is none, or it moves faster than it can be changed. */
async function changeAccount(
  { store }: Base,
  id: string,
  change: (account: Account) => Promise<Change | undefined>,
): Promise<Account | undefined> {
  const done = await decideAndApply(store, async () => {
    const account = await store.read('account', id)
    const changed = account && (await change(account))
    if (changed === undefined) return { account, writes: [] }
    const write: Write = { op: 'update', kind: 'account', record: changed.account }
    return { account: changed.account, writes: [write, ...changed.writes] }
  })
  return done.applied ? done.decision.account : undefined
}

/** The hash to keep for a new password, or what is wrong with it. */
export async function newPassword(
  system: System,
  account: Account,
  password: string,
): Promise<{ readonly hash: string } | { readonly fault: AccountFault }> {
  const fault = passwordFault(password, account)
  if (fault !== undefined) return { fault }
  const hash = await hashUnlessBusy(password, system)
  return hash === undefined ? { fault: 'busy' } : { hash }
}

const ended = (record: BrowserSession): Write => ({ op: 'delete', kind: 'browserSession', record })

/** Sentences for the command line; the pages have their own in messages.ts. */
const sentences: Readonly<Record<AccountFault, string>> = {
  email: 'That is not an e-mail address.',
  exists: 'An account with this e-mail address exists already.',
  busy: 'Too many passwords are being checked at this moment; try again.',
  too_short: 'The password is too short: it needs at least 8 characters.',
  too_long: 'The password is too long: it may have at most 256 characters.',
  too_common: 'The password is too common: it would be guessed among the first.',
  too_personal: 'The password is made of the name or the e-mail address.',
}

function refused(fault: AccountFault): Created {
  const reason = fault === 'exists' || fault === 'busy' ? fault : 'invalid'
  return { ok: false, reason, fault, message: sentences[fault] }
}
