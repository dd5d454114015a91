// Sign-ins and what people have agreed to, as administrators see and end them. What ends with a grant is the protocol's grant.ts, what
// ends with a consent ../consents.ts.

import type { Consent, Grant } from '@countersign/protocol'
import { consentsOf, withdrawConsents } from '../consents.ts'
import { endGrant } from '../end-grant.ts'
import { existingAccount } from './admin-accounts.ts'
import type { AdminBase } from './admin-base.ts'
import { AdminError } from './admin-error.ts'
import { everyRecord } from './every-record.ts'
import { mapPage, type Page, type PageQuery, pageIn, pageOf } from './paging.ts'
import { type ConsentSummary, consentSummary, type GrantSummary, grantSummary } from './summaries.ts'

export interface GrantFilter {
  /** By id or e-mail address. */
  readonly account?: string | undefined
  readonly client?: string | undefined
  /** Only those that live, or only those that ended. */
  readonly live?: boolean | undefined
}

export interface GrantAdmin {
  listGrants(filter?: GrantFilter): Promise<readonly GrantSummary[]>
  pageGrants(query: GrantFilter & PageQuery): Promise<Page<GrantSummary>>
  showGrant(id: string): Promise<GrantSummary>
  /** With an account, only a grant of that account, as the person themselves would. */
  revokeGrant(id: string, accountId?: string): Promise<GrantSummary>
  listConsents(filter?: { readonly account?: string | undefined }): Promise<readonly ConsentSummary[]>
  pageConsents(query: PageQuery & { readonly account?: string | undefined }): Promise<Page<ConsentSummary>>
  /** Everything the account agreed to with the client; ends its grants of that account. */
  withdrawConsent(account: string, client: string): Promise<void>
}

/** More than anybody has. */
const everyOne = 1_000_000

export function grantAdmin(base: AdminBase): GrantAdmin {
  const { store, system, by } = base
  const matching =
    ({ client, live }: GrantFilter) =>
    ({ clientId, revokedAt, expiresAt }: Grant) =>
      (client === undefined || clientId === client) &&
      (live === undefined || live === (revokedAt === null && expiresAt > system.now()))
  const ofAccount = async (account: string) =>
    store.find('grant', 'accountId', (await existingAccount(base, account)).id, everyOne)
  return {
    async listGrants(filter = {}) {
      const { account } = filter
      const all = account === undefined ? await everyRecord(store, 'grant') : await ofAccount(account)
      return all.filter(matching(filter)).map(grantSummary)
    },
    async pageGrants(query) {
      const matches = matching(query)
      const page =
        query.account === undefined
          ? await pageOf(store, 'grant', query, matches)
          : pageIn((await ofAccount(query.account)).filter(matches), query)
      return mapPage(page, grantSummary)
    },
    async showGrant(id) {
      const grant = await store.read('grant', id)
      if (grant === undefined) throw new AdminError('not_found', `There is no grant ${id}.`)
      return grantSummary(grant)
    },
    async revokeGrant(id, accountId) {
      const whose =
        accountId === undefined ? ({ why: 'admin' } as const) : { why: 'person' as const, accountId }
      const ended = await endGrant(base, id, { by, ...whose })
      if (ended === 'busy')
        throw new AdminError('busy', 'The grant is being changed by somebody else; try again.')
      if (ended === undefined) throw new AdminError('not_found', `There is no grant ${id}.`)
      return grantSummary(ended)
    },
    ...consentAdmin(base),
  }
}

function consentAdmin(
  base: AdminBase,
): Pick<GrantAdmin, 'listConsents' | 'pageConsents' | 'withdrawConsent'> {
  const { store, by } = base
  const ofAccount = async (account: string): Promise<readonly Consent[]> =>
    consentsOf(base, (await existingAccount(base, account)).id)
  return {
    async listConsents({ account } = {}) {
      const all = account === undefined ? await everyRecord(store, 'consent') : await ofAccount(account)
      return all.map(consentSummary)
    },
    async pageConsents({ account, ...query }) {
      const page =
        account === undefined
          ? await pageOf(store, 'consent', query)
          : pageIn(await ofAccount(account), query)
      return mapPage(page, consentSummary)
    },
    async withdrawConsent(account, clientId) {
      const { id: accountId } = await existingAccount(base, account)
      const done = await withdrawConsents(base, { accountId, clientId, ...by })
      if (done === 'busy') throw new AdminError('busy', 'Its sign-ins are being changed; try again.')
      if (done === 'nothing')
        throw new AdminError('not_found', `${account} has agreed to nothing with ${clientId}.`)
    },
  }
}
