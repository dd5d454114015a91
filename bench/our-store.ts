// What the benchmark writes into our server's database itself: its clients and account before the first start, approvals
// and authorization codes in bulk between the windows, and a crowd of outstanding device codes. It goes through the server's
// store and the rules, so that a record is never in a state that a request could not have brought it to.
// The targets are in ours.ts.
import { hash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  type Account,
  type AuthorizationParameters,
  authorizationCode,
  type Client,
  deviceAuthorization,
  plainClient,
  type Write,
} from '@countersign/protocol'
import { authorizationCodeId, newAuthorizationCode } from '../packages/server/src/authorization-codes.ts'
import { openStore } from '../packages/server/src/store/open-store.ts'
import type { Store } from '../packages/server/src/store/store.ts'
import { createSystem } from '../packages/server/src/system.ts'
import { deviceCodeId, newDeviceCode, newGrantId } from '../packages/server/src/tokens.ts'
import { nowSeconds } from './clock.ts'
import type { Row } from './load-job.ts'
import { codeClientId, newPkcePair, redirectUri, secret } from './request-parts.ts'

export type OpenStore = { store: Store }

export const accountId = 'usr_bench'

/** Where codes are asked for. */
const context = {
  observed: { address: '127.0.0.1', userAgent: '' },
  reported: { deviceName: null, clientVersion: null, agent: null },
}

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
  const confidential: Partial<Client> = {
    authMethods: ['client_secret_basic'],
    secrets: [{ hash: hash('sha256', secret, 'base64url'), endsAt: null }],
  }
  const service: Partial<Client> = { grantTypes: ['client_credentials'], scopes: ['read'] }
  const records: Client[] = [
    client('bench-opaque', createdAt, { accessTokenFormat: 'opaque' }),
    client('bench-jwt', createdAt, { accessTokenFormat: 'jwt' }),
    client(codeClientId, createdAt, {
      accessTokenFormat: 'opaque',
      grantTypes: ['authorization_code', 'refresh_token'],
      redirectUris: [redirectUri],
    }),
    client('bench-es256', createdAt, { ...confidential, ...service }),
    client('bench-eddsa', createdAt, { ...confidential, ...service, accessTokenAlg: 'EdDSA' }),
    client('bench-resource', createdAt, { ...confidential, grantTypes: [], introspectsAll: true }),
  ]
  const writes: Write[] = records.map((record) => ({ op: 'insert', kind: 'client', record }))
  await store.apply([{ op: 'insert', kind: 'account', record: account }, ...writes])
}

function client(id: string, createdAt: number, special: Partial<Client>): Client {
  return plainClient({
    id,
    name: id,
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'offline_access'],
    accessTokenSeconds: 3600,
    createdAt,
    ...special,
  })
}

export async function approveInStore({ store }: OpenStore, rows: Row[]): Promise<void> {
  const account = await store.read('account', accountId)
  if (account === undefined) throw new Error('the account of the benchmark is gone')
  const at = nowSeconds()
  const browser = { address: '127.0.0.1', userAgent: 'bench' }
  const decision = {
    accountId,
    at,
    authTime: at,
    amr: ['pwd'],
    reportedAsAttack: false,
    grantId: null,
    ...browser,
  }
  const approveOne = async ([deviceCode = '']: Row) => {
    const record = await store.read('deviceAuthorization', deviceCodeId(deviceCode))
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

/** The longest life that an authorization code may have: one round of a whole run is shorter. */
const codeSeconds = 600

/** Authorization codes as if the account had allowed each, as rows of [code, code_verifier]. */
export async function issueCodesInStore({ store }: OpenStore, count: number): Promise<Row[]> {
  const system = createSystem()
  const now = nowSeconds()
  const issueOne = async (): Promise<Row> => {
    const { verifier, challenge } = newPkcePair()
    const code = newAuthorizationCode(system)
    const codeId = authorizationCodeId(code)
    if (codeId === undefined) throw new Error('a code that was just made is none')
    const { writes } = authorizationCode.issue(
      {
        clientId: codeClientId,
        accountId,
        parameters: askedFor(challenge),
        scopes: ['profile'],
        authTime: now,
        amr: ['pwd'],
        context,
        now,
        lifetimeSeconds: codeSeconds,
      },
      { codeId, grantId: newGrantId(system) },
    )
    if ((await store.apply(writes)) !== 'applied') throw new Error('a code could not be written')
    return [code, verifier]
  }
  const rows: Row[] = []
  while (rows.length < count) {
    const group = Array.from({ length: Math.min(200, count - rows.length) }, issueOne)
    rows.push(...(await Promise.all(group)))
  }
  return rows
}

function askedFor(codeChallenge: string): AuthorizationParameters {
  return {
    redirectUri,
    responseMode: 'query',
    state: null,
    nonce: null,
    codeChallenge,
    scopes: ['profile'],
    resources: [],
    prompt: [],
    maxAge: null,
    acrValues: [],
    loginHint: null,
    hintedAccountId: null,
    jkt: null,
  }
}

/** Adds codes as if `clientId` had asked for them, and returns rows of [device_code, ''] for one of every `keptOf`. */
export async function writeCodes(
  { store }: OpenStore,
  clientId: string,
  count: number,
  { expiresInSeconds, keptOf }: { expiresInSeconds: number; keptOf: number },
): Promise<Row[]> {
  const client = await store.read('client', clientId)
  if (client === undefined) throw new Error(`there is no client ${clientId}`)
  const kept: Row[] = []
  const deviceCodeHashes: string[] = []
  const system = createSystem()
  for (let index = 0; index < count; index += 1) {
    const deviceCode = newDeviceCode(system)
    deviceCodeHashes.push(deviceCodeId(deviceCode))
    if (index % keptOf === 0) kept.push([deviceCode, ''])
  }
  // In the order of the keys, because a million inserts at random places of an index take minutes of disk time.
  deviceCodeHashes.sort()
  const userCodeHashes = deviceCodeHashes.map(() => randomBytes(8).toString('base64url')).sort()
  const event = { client, scopes: ['profile'], resources: [], context, now: nowSeconds() }
  const plain = { jkt: null, acrValues: [], maxAge: null, takesReturnCode: false }
  const startOne = async (deviceCodeHash: string, index: number) => {
    const hashes = { deviceCodeHash, userCodeHash: userCodeHashes[index] ?? '' }
    const { writes } = deviceAuthorization.start(
      { ...event, expiresInSeconds, intervalSeconds: 5, ...plain },
      hashes,
    )
    if ((await store.apply(writes)) !== 'applied') throw new Error('a code could not be written')
  }
  for (let from = 0; from < count; from += 2000) {
    const group = deviceCodeHashes.slice(from, from + 2000)
    await Promise.all(group.map((one, index) => startOne(one, from + index)))
  }
  return kept
}
