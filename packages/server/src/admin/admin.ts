// Administration: what the `countersign users|clients|keys|grants` commands do, on the database itself, whether a server runs or
// not. Results are plain objects without secrets, digests or keys.

import { type Grant, grant as grantRules } from '@countersign/protocol'
import { createAccount, findAccount, setAccountDisabled } from '../accounts/accounts.ts'
import { loadConfig } from '../config.ts'
import { openKeys, rotateKeys } from '../keys.ts'
import { loadMasterKey } from '../master-key.ts'
import { createSecrets } from '../secrets.ts'
import { openConfiguredStore, type ServeOptions, sourcesOf } from '../start.ts'
import { decideAndApply, type Store } from '../store/store.ts'
import { createSystem, type System } from '../system.ts'
import { AdminError } from './admin-error.ts'
import { everyRecord } from './every-record.ts'
import { type NewClient, newClient } from './new-client.ts'
import {
  type AccountSummary,
  accountSummary,
  type ClientSummary,
  clientSummary,
  type GrantSummary,
  grantSummary,
  type KeySummary,
  keySummary,
} from './summaries.ts'

export interface Admin {
  addAccount(account: {
    email: string
    name?: string
    admin?: boolean
    password: string
  }): Promise<AccountSummary>
  listAccounts(): Promise<readonly AccountSummary[]>
  setAccountDisabled(idOrEmail: string, disabled: boolean): Promise<AccountSummary>
  /** `secret` is in the answer only when it was generated here: it is not kept in clear and cannot be asked for again. */
  addClient(client: NewClient): Promise<ClientSummary & { readonly secret?: string }>
  listClients(): Promise<readonly ClientSummary[]>
  showClient(id: string): Promise<ClientSummary>
  removeClient(id: string): Promise<void>
  listKeys(): Promise<readonly KeySummary[]>
  rotateKeys(): Promise<readonly KeySummary[]>
  listGrants(filter?: { account?: string | undefined }): Promise<readonly GrantSummary[]>
  revokeGrant(id: string): Promise<GrantSummary>
  close(): Promise<void>
}

/** Opens the administration of a data directory or database. Throws ConfigError; the calls throw AdminError. */
export async function openAdmin(options: ServeOptions = {}): Promise<Admin> {
  const config = await loadConfig(sourcesOf(options))
  const system = createSystem()
  const secrets = createSecrets(loadMasterKey(config, system), system)
  const store = await openConfiguredStore(config)
  const base = { store, system }
  return {
    ...accountAdmin(base),
    ...clientAdmin(base),
    ...grantAdmin(base),
    async listKeys() {
      await openKeys({ ...base, secrets })
      return (await everyRecord(store, 'signingKey')).map((key) => keySummary(key, system.now()))
    },
    async rotateKeys() {
      await openKeys({ ...base, secrets })
      return (await rotateKeys({ ...base, secrets })).map((key) => keySummary(key, system.now()))
    },
    close: () => store.close(),
  }
}

interface Base {
  readonly store: Store
  readonly system: System
}

function accountAdmin({
  store,
  system,
}: Base): Pick<Admin, 'addAccount' | 'listAccounts' | 'setAccountDisabled'> {
  return {
    async addAccount({ email, name = '', admin = false, password }) {
      const created = await createAccount({ store, system }, { email, name, admin, password })
      if (!created.ok) throw new AdminError(created.reason, created.message)
      return accountSummary(created.account)
    },
    listAccounts: async () => (await everyRecord(store, 'account')).map(accountSummary),
    async setAccountDisabled(idOrEmail, disabled) {
      const account = await findAccount(store, idOrEmail)
      const changed = account && (await setAccountDisabled({ store, system }, account.id, disabled))
      if (changed === undefined) throw new AdminError('not_found', `There is no account ${idOrEmail}.`)
      return accountSummary(changed)
    },
  }
}

function clientAdmin({
  store,
  system,
}: Base): Pick<Admin, 'addClient' | 'listClients' | 'showClient' | 'removeClient'> {
  const existing = async (id: string) => {
    const client = await store.read('client', id)
    if (client === undefined) throw new AdminError('not_found', `There is no client ${id}.`)
    return client
  }
  return {
    async addClient(input) {
      const { record, secret } = newClient(input, system)
      const applied = await store.apply([{ op: 'insert', kind: 'client', record }])
      if (applied === 'conflict') throw new AdminError('exists', `A client ${input.id} exists already.`)
      return { ...clientSummary(record), ...(secret === undefined ? {} : { secret }) }
    },
    listClients: async () => (await everyRecord(store, 'client')).map(clientSummary),
    showClient: async (id) => clientSummary(await existing(id)),
    async removeClient(id) {
      await decideAndApply(store, async () => ({
        writes: [{ op: 'delete', kind: 'client', record: await existing(id) }],
      }))
      // Nobody can use them any more; revoked, they are gone from people's lists, and from introspection too (RT-08).
      for (const { id: grantId, clientId } of await everyRecord(store, 'grant')) {
        if (clientId === id) await revokeGrant({ store, system }, grantId)
      }
    },
  }
}

function grantAdmin({ store, system }: Base): Pick<Admin, 'listGrants' | 'revokeGrant'> {
  return {
    async listGrants({ account } = {}) {
      if (account === undefined) return (await everyRecord(store, 'grant')).map(grantSummary)
      const found = await findAccount(store, account)
      if (found === undefined) throw new AdminError('not_found', `There is no account ${account}.`)
      return (await store.find('grant', 'accountId', found.id)).map(grantSummary)
    },
    async revokeGrant(id) {
      const grant = await revokeGrant({ store, system }, id)
      if (grant === undefined) throw new AdminError('not_found', `There is no grant ${id}.`)
      return grantSummary(grant)
    },
  }
}

/** The grant as it is after its end; undefined when there is none. */
async function revokeGrant({ store, system }: Base, id: string): Promise<Grant | undefined> {
  const done = await decideAndApply(store, async () => {
    const record = await store.read('grant', id)
    const writes = record === undefined ? [] : grantRules.revoke(record, 'admin', system.now())
    return { record, writes }
  })
  if (!done.applied) throw new AdminError('busy', 'The grant is being changed by somebody else; try again.')
  return store.read('grant', id)
}
