// Accounts, as administrators see and change them: added, listed, disabled, made administrators, linked to subjects elsewhere.
// What an account is and how it is kept is accounts/accounts.ts, whom a subject is trusted-issuers-subjects.ts; the same over the
// network, api-accounts.ts.

import type { Account } from '@countersign/protocol'
import { z } from 'zod'
import { createAccount, findAccount, setAccountAdmin, setAccountDisabled } from '../accounts/accounts.ts'
import { normalizeEmail } from '../accounts/email.ts'
import { type ForeignSubject, linkSubject, unlinkSubject } from '../trusted-issuers-subjects.ts'
import type { AdminBase } from './admin-base.ts'
import { AdminError } from './admin-error.ts'
import { everyRecord } from './every-record.ts'
import { parseInput } from './new-client-input.ts'
import { mapPage, type Page, type PageQuery, pageOf } from './paging.ts'
import { plainText } from './plain-text.ts'
import { type AccountSummary, accountSummary } from './summaries.ts'

export interface AccountAdmin {
  addAccount(account: {
    email: string
    name?: string | undefined
    admin?: boolean | undefined
    password: string
  }): Promise<AccountSummary>
  listAccounts(): Promise<readonly AccountSummary[]>
  pageAccounts(query: PageQuery & { readonly email?: string | undefined }): Promise<Page<AccountSummary>>
  showAccount(idOrEmail: string): Promise<AccountSummary>
  setAccountDisabled(idOrEmail: string, disabled: boolean): Promise<AccountSummary>
  setAccountAdmin(idOrEmail: string, admin: boolean): Promise<AccountSummary>
  /** From now on the assertions of a trusted issuer about the subject are about this account, whatever they were about before. */
  linkSubject(idOrEmail: string, foreign: ForeignSubject): Promise<AccountSummary>
  unlinkSubject(foreign: ForeignSubject): Promise<void>
}

const accountInput = z.object({ name: plainText(200).or(z.literal('')) })

export function accountAdmin(base: AdminBase): AccountAdmin {
  const { store, by } = base
  const changed = async (
    idOrEmail: string,
    change: (id: string) => Promise<Account | undefined>,
  ): Promise<AccountSummary> => {
    const { id } = await existingAccount(base, idOrEmail)
    const account = await change(id)
    if (account === undefined) throw new AdminError('busy', 'The account is being changed; try again.')
    return accountSummary(account)
  }
  return {
    async addAccount({ email, name = '', admin = false, password }) {
      parseInput(accountInput, { name }, 'account')
      const created = await createAccount(base, { email, name, admin, password }, by)
      if (!created.ok) throw new AdminError(created.reason, created.message)
      return accountSummary(created.account)
    },
    listAccounts: async () => (await everyRecord(store, 'account')).map(accountSummary),
    async pageAccounts({ email, ...query }) {
      if (email === undefined) return mapPage(await pageOf(store, 'account', query), accountSummary)
      const normal = normalizeEmail(email)
      const found = normal === undefined ? [] : await store.find('account', 'email', normal, 1)
      return { items: found.map(accountSummary) }
    },
    showAccount: async (idOrEmail) => accountSummary(await existingAccount(base, idOrEmail)),
    setAccountDisabled: (idOrEmail, disabled) =>
      changed(idOrEmail, (id) => setAccountDisabled(base, id, disabled, by)),
    setAccountAdmin: (idOrEmail, admin) => changed(idOrEmail, (id) => setAccountAdmin(base, id, admin, by)),
    linkSubject: (idOrEmail, foreign) => changed(idOrEmail, (id) => linkSubject(base, foreign, id, by)),
    async unlinkSubject(foreign) {
      if (!(await unlinkSubject(base, foreign, by)))
        throw new AdminError('not_found', `${foreign.subject} of ${foreign.issuer} is not linked.`)
    },
  }
}

export async function existingAccount(
  { store }: Pick<AdminBase, 'store'>,
  idOrEmail: string,
): Promise<Account> {
  const account = await findAccount(store, idOrEmail)
  if (account === undefined) throw new AdminError('not_found', `There is no account ${idOrEmail}.`)
  return account
}
