// The operations on accounts and on what they have agreed to: addresses, input and answers.
// What they do is admin-accounts.ts and admin-grants.ts; who may call them, api-caller.ts.

import { z } from 'zod'
import { AdminError } from './admin-error.ts'
import { type Operation, operation } from './api-operation.ts'
import { account, consent, filter, identity, pageOf, paging } from './api-schemas.ts'

const tag = 'Accounts'

/** Somebody at a trusted issuer, as its assertions name them: `iss`, `sub`, and the tenant where there are several. */
const subject = {
  issuer: z.string().min(1).max(2000),
  subject: z.string().min(1).max(2000),
  tenant: z.string().min(1).max(2000).optional(),
}

export const accountOperations: readonly Operation[] = [
  operation({
    id: 'listAccounts',
    method: 'GET',
    path: '/accounts',
    summary: 'List accounts, or find the one with an e-mail address',
    tag,
    needs: 'admin:read',
    query: z.strictObject({ ...paging, email: filter }),
    answer: { status: 200, says: 'A page of accounts', schema: pageOf(account) },
    run: ({ admin, query }) => admin.pageAccounts(query),
  }),
  operation({
    id: 'addAccount',
    method: 'POST',
    path: '/accounts',
    summary: 'Add an account',
    tag,
    needs: 'admin',
    body: z.strictObject({
      email: z.string().max(254),
      name: z.string().max(200).optional(),
      admin: z.boolean().optional(),
      password: z.string().max(1024),
    }),
    answer: { status: 201, says: 'The new account', schema: account },
    run: ({ admin, body }) => admin.addAccount(body),
  }),
  operation({
    id: 'showAccount',
    method: 'GET',
    path: '/accounts/{id}',
    summary: 'Show an account, by id or e-mail address',
    tag,
    needs: 'admin:read',
    answer: { status: 200, says: 'The account', schema: account },
    run: ({ admin, params }) => admin.showAccount(params.id),
  }),
  operation({
    id: 'changeAccount',
    method: 'PATCH',
    path: '/accounts/{id}',
    summary: 'Disable or enable an account, make it an administrator or not',
    tag,
    needs: 'admin',
    body: z.strictObject({ disabled: z.boolean().optional(), admin: z.boolean().optional() }),
    answer: { status: 200, says: 'The account as it is now', schema: account },
    async run({ admin, caller, params, body }) {
      const { id } = await admin.showAccount(params.id)
      // Who shuts themselves out may shut everybody out; another administrator can do it, or the command line.
      if (id === caller.account?.id && (body.disabled === true || body.admin === false))
        throw new AdminError('refused', 'Nobody takes administration from themselves.')
      if (body.admin !== undefined) await admin.setAccountAdmin(id, body.admin)
      if (body.disabled !== undefined) await admin.setAccountDisabled(id, body.disabled)
      return admin.showAccount(id)
    },
  }),
  operation({
    id: 'listIdentities',
    method: 'GET',
    path: '/accounts/{id}/identities',
    summary: 'List whom an account is at the providers of identities',
    tag,
    needs: 'admin:read',
    query: z.strictObject(paging),
    answer: { status: 200, says: 'A page of identities', schema: pageOf(identity) },
    run: ({ admin, params, query }) => admin.pageIdentities({ ...query, account: params.id }),
  }),
  operation({
    id: 'disconnectIdentity',
    method: 'DELETE',
    path: '/accounts/{id}/identities/{identity}',
    summary: 'Take an identity from an account, even its last way in; its browsers are signed out',
    tag,
    needs: 'admin',
    answer: { status: 204, says: 'Disconnected' },
    run: ({ admin, params }) => admin.disconnectIdentity(params.id, params.identity),
  }),
  operation({
    id: 'linkSubject',
    method: 'POST',
    path: '/accounts/{id}/subjects',
    summary: 'Say that a subject of a trusted issuer is this account',
    tag,
    needs: 'admin',
    body: z.strictObject(subject),
    answer: { status: 200, says: 'The account', schema: account },
    run: ({ admin, params, body }) => admin.linkSubject(params.id, { ...body, tenant: body.tenant ?? null }),
  }),
  operation({
    id: 'unlinkSubject',
    method: 'DELETE',
    path: '/subjects',
    summary: 'Say that a subject of a trusted issuer is nobody here',
    tag,
    needs: 'admin',
    query: z.strictObject(subject),
    answer: { status: 204, says: 'Unlinked' },
    run: ({ admin, query }) => admin.unlinkSubject({ ...query, tenant: query.tenant ?? null }),
  }),
  operation({
    id: 'listConsents',
    method: 'GET',
    path: '/accounts/{id}/consents',
    summary: 'List what an account has agreed to',
    tag,
    needs: 'admin:read',
    query: z.strictObject(paging),
    answer: { status: 200, says: 'A page of consents', schema: pageOf(consent) },
    run: ({ admin, params, query }) => admin.pageConsents({ ...query, account: params.id }),
  }),
  operation({
    id: 'withdrawConsent',
    method: 'DELETE',
    path: '/accounts/{id}/consents/{client}',
    summary: 'Withdraw everything an account has agreed to with a client; its sign-ins end',
    tag,
    needs: 'admin',
    answer: { status: 204, says: 'Withdrawn' },
    run: ({ admin, params }) => admin.withdrawConsent(params.id, params.client),
  }),
]
