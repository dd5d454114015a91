// What the benchmark writes into our server's database itself: its clients and account before the first start, and
// approvals in bulk between the windows. It goes through the server's store and the rules, so that a record is
// never in a state that a request could not have brought it to. The targets are in ours.ts.
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { type Account, type Client, deviceAuthorization, type Write } from '@countersign/protocol'
import { openStore } from '../packages/server/src/store/open-store.ts'
import type { Store } from '../packages/server/src/store/store.ts'
import { nowSeconds } from './clock.ts'
import type { Row } from './load-job.ts'

export type OpenStore = { store: Store }

export const resourceSecret = 'bench-resource-secret-bench-resource-secret'
export const accountId = 'usr_bench'

/** Where `serve --data DIR` keeps its database. */
const databaseFile = 'countersign.db'

export async function openBenchStore(at: { directory: string } | { url: string }): Promise<OpenStore> {
  if ('url' in at) return { store: await openStore({ databaseUrl: at.url }) }
  return { store: await openStore({ path: join(at.directory, databaseFile) }) }
}

export async function seed({ store }: OpenStore): Promise<void> {
  const createdAt = nowSeconds()
  const account: Account = {
    id: accountId,
    version: 0,
    email: 'bench@example.com',
    name: 'Bench',
    passwordHash: null,
    admin: false,
    createdAt,
    disabledAt: null,
  }
  const records: Client[] = [
    client('bench-opaque', createdAt, { accessTokenFormat: 'opaque' }),
    client('bench-jwt', createdAt, { accessTokenFormat: 'jwt' }),
    client('bench-resource', createdAt, {
      authMethods: ['client_secret_basic'],
      secretHashes: [sha256(resourceSecret)],
      grantTypes: [],
      introspectsAll: true,
    }),
  ]
  const writes: Write[] = records.map((record) => ({ op: 'insert', kind: 'client', record }))
  await store.apply([{ op: 'insert', kind: 'account', record: account }, ...writes])
}

function client(id: string, createdAt: number, special: Partial<Client>): Client {
  return {
    id,
    version: 0,
    name: id,
    publisher: null,
    authMethods: ['none'],
    secretHashes: [],
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'offline_access'],
    resources: [],
    redirectUris: [],
    firstParty: false,
    accessTokenFormat: 'opaque',
    accessTokenSeconds: 3600,
    idTokenAlg: 'ES256',
    introspectsAll: false,
    createdAt,
    ...special,
  }
}

export async function approveInStore({ store }: OpenStore, rows: Row[]): Promise<void> {
  const account = await store.read('account', accountId)
  if (account === undefined) throw new Error('the account of the benchmark is gone')
  const at = nowSeconds()
  const browser = { address: '127.0.0.1', userAgent: 'bench' }
  const decision = { accountId, at, authTime: at, amr: ['pwd'], reportedAsAttack: false, ...browser }
  const approveOne = async ([deviceCode = '']: Row) => {
    const record = await store.read('deviceAuthorization', sha256(deviceCode))
    if (record === undefined) throw new Error('a code that was just made is not in the store')
    const decided = deviceAuthorization.approve(record, decision, account)
    const applied = decided.outcome === 'decided' ? await store.apply(decided.writes) : 'conflict'
    if (applied !== 'applied') throw new Error('a code could not be approved')
  }
  // In groups, so that the store commits many together and the server is not locked out for long.
  for (let index = 0; index < rows.length; index += 200) {
    await Promise.all(rows.slice(index, index + 200).map(approveOne))
  }
}

function sha256(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
