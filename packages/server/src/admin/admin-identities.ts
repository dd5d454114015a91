// Identities at other providers, as administrators see them and take them away. How they come to be an account's is
// accounts/upstream/, and how people disconnect their own pages/account-identities.ts.

import { takeIdentity } from '../accounts/upstream/identities.ts'
import { existingAccount } from './admin-accounts.ts'
import type { AdminBase } from './admin-base.ts'
import { AdminError } from './admin-error.ts'
import { mapPage, type Page, type PageQuery, pageIn } from './paging.ts'
import { type IdentitySummary, identitySummary } from './summaries.ts'

export interface IdentityAdmin {
  listIdentities(idOrEmail: string): Promise<readonly IdentitySummary[]>
  pageIdentities(query: PageQuery & { readonly account: string }): Promise<Page<IdentitySummary>>
  /** The identity by the id that lists show. */
  disconnectIdentity(idOrEmail: string, identity: string): Promise<void>
}

export function identityAdmin(base: AdminBase): IdentityAdmin {
  const identitiesOf = async (idOrEmail: string) => {
    const { id } = await existingAccount(base, idOrEmail)
    return base.store.find('identity', 'accountId', id)
  }
  return {
    listIdentities: async (idOrEmail) => (await identitiesOf(idOrEmail)).map(identitySummary),
    async pageIdentities({ account, ...query }) {
      return mapPage(pageIn(await identitiesOf(account), query), identitySummary)
    },
    async disconnectIdentity(idOrEmail, identity) {
      const { id: accountId } = await existingAccount(base, idOrEmail)
      const isIt = (one: Parameters<typeof identitySummary>[0]) => identitySummary(one).id === identity
      const taken = await takeIdentity(base, accountId, isIt, base.by)
      if (taken === 'busy') throw new AdminError('busy', 'The account is being changed; try again.')
      if (taken === 'none') throw new AdminError('not_found', `${idOrEmail} has no identity ${identity}.`)
    },
  }
}
