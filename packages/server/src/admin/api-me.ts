// The operations of the person who calls on their own account: who they are, their sign-ins, what they agreed to.
// The same for administrators on anybody's is api-accounts.ts and api-grants.ts; the pages for it are pages/account.ts.

import type { Account } from '@countersign/protocol'
import { z } from 'zod'
import { AdminError } from './admin-error.ts'
import type { Caller } from './api-caller.ts'
import { type Operation, operation } from './api-operation.ts'
import { account, consent, grant, names, pageOf, paging } from './api-schemas.ts'
import { accountSummary } from './summaries.ts'

const tag = 'Me'

const me = account.extend({ anti_forgery: z.string().optional() })
names.add(me, { id: 'Me' })

/** The right `account` comes with one (api-caller.ts). */
function own({ account: mine }: Caller): Account {
  if (mine === undefined) throw new AdminError('not_found', 'There is no account.')
  return mine
}

export const ownOperations: readonly Operation[] = [
  operation({
    id: 'showMe',
    method: 'GET',
    path: '/me',
    summary: 'Show the account of the caller; in a browser also what it has to send with each change',
    tag,
    needs: 'account',
    answer: { status: 200, says: 'The account', schema: me },
    async run({ caller }) {
      const proof = caller.proof === undefined ? {} : { anti_forgery: caller.proof }
      return { ...accountSummary(own(caller)), ...proof }
    },
  }),
  operation({
    id: 'listMyGrants',
    method: 'GET',
    path: '/me/grants',
    summary: 'List the sign-ins of the caller that live',
    tag,
    needs: 'account',
    query: z.strictObject(paging),
    answer: { status: 200, says: 'A page of grants', schema: pageOf(grant) },
    run: ({ admin, caller, query }) => admin.pageGrants({ ...query, account: own(caller).id, live: true }),
  }),
  operation({
    id: 'revokeMyGrant',
    method: 'DELETE',
    path: '/me/grants/{id}',
    summary: 'End a sign-in of the caller and all of its tokens',
    tag,
    needs: 'account',
    answer: { status: 204, says: 'Ended' },
    run: ({ admin, caller, params }) => admin.revokeGrant(params.id, own(caller).id),
  }),
  operation({
    id: 'listMyConsents',
    method: 'GET',
    path: '/me/consents',
    summary: 'List what the caller has agreed to',
    tag,
    needs: 'account',
    query: z.strictObject(paging),
    answer: { status: 200, says: 'A page of consents', schema: pageOf(consent) },
    run: ({ admin, caller, query }) => admin.pageConsents({ ...query, account: own(caller).id }),
  }),
  operation({
    id: 'withdrawMyConsent',
    method: 'DELETE',
    path: '/me/consents/{client}',
    summary: 'Withdraw everything the caller has agreed to with a client; its sign-ins end',
    tag,
    needs: 'account',
    answer: { status: 204, says: 'Withdrawn' },
    run: ({ admin, caller, params }) => admin.withdrawConsent(own(caller).id, params.client),
  }),
]
