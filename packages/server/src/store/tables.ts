// Which columns each kind of record has beside its body, and when a record may be swept.
// One description for all stores: the SQL engines make their tables and statements of it, memory its maps.
// A row is (id, version, the columns below, purge_at, data); what `data` holds is record-data.ts.

import type { Kind, Records } from '@countersign/protocol'

interface Table<K extends Kind> {
  readonly name: string
  /** Value of each indexed column; null is not indexed and never collides. */
  readonly columns: {
    readonly [column: string]: {
      readonly unique: boolean
      readonly of: (record: Records[K]) => string | null
    }
  }
  /** The second from which a sweep deletes it; null for never. */
  readonly purgeAt: (record: Records[K]) => number | null
  /** A unique column that a sweep frees this long before `purgeAt`, so that a tombstone keeps no value taken. */
  readonly frees?: { readonly column: string; readonly secondsBeforePurge: number }
}

/** How long a finished device authorization or grant is remembered, so that late polls hear the truth (standards.md X-24). */
export const tombstoneSeconds = 3600

/** For what goes with a client that is removed. */
const ofClient = { unique: false, of: (record: { readonly clientId: string }) => record.clientId }
const ofAccount = { unique: false, of: (record: { readonly accountId: string | null }) => record.accountId }

export const tables = {
  account: {
    name: 'accounts',
    columns: { email: { unique: true, of: (record) => record.email } },
    purgeAt: () => null,
  },
  passkey: { name: 'passkeys', columns: { accountId: ofAccount }, purgeAt: () => null },
  browserSession: {
    name: 'browser_sessions',
    columns: { accountId: ofAccount },
    purgeAt: (record) => record.expiresAt,
  },
  client: { name: 'clients', columns: {}, purgeAt: (record) => record.expiresAt },
  resource: { name: 'resources', columns: {}, purgeAt: () => null },
  deviceAuthorization: {
    name: 'device_authorizations',
    columns: {
      // Only a request that is still open keeps its user code taken (DA-12).
      userCodeHash: {
        unique: true,
        of: (record) => (record.status === 'pending' ? record.userCodeHash : null),
      },
      accountId: ofAccount,
      clientId: ofClient,
    },
    purgeAt: (record) => record.expiresAt + tombstoneSeconds,
    frees: { column: 'userCodeHash', secondsBeforePurge: tombstoneSeconds },
  },
  authorizationRequest: {
    name: 'authorization_requests',
    columns: { clientId: ofClient },
    purgeAt: (record) => record.expiresAt + tombstoneSeconds,
  },
  authorizationCode: {
    name: 'authorization_codes',
    columns: { accountId: ofAccount, clientId: ofClient },
    purgeAt: (record) => record.expiresAt + tombstoneSeconds,
  },
  consent: {
    name: 'consents',
    columns: { accountId: ofAccount, clientId: ofClient },
    purgeAt: () => null,
  },
  grant: {
    name: 'grants',
    columns: {
      accountId: ofAccount,
      // One that has ended needs no second end, and is not found for it.
      clientId: { unique: false, of: (record) => (record.revokedAt === null ? record.clientId : null) },
    },
    purgeAt: (record) => (record.revokedAt ?? record.expiresAt) + tombstoneSeconds,
  },
  signingKey: {
    name: 'signing_keys',
    columns: {},
    purgeAt: (record) => record.retiresAt,
  },
  attempts: { name: 'attempts', columns: {}, purgeAt: (record) => record.expiresAt },
  initialAccessToken: {
    name: 'initial_access_tokens',
    columns: {},
    purgeAt: (record) => record.expiresAt,
  },
  spent: { name: 'spent', columns: {}, purgeAt: (record) => record.expiresAt },
  auditEntry: {
    name: 'audit_entries',
    columns: {
      /** Those that are not linked yet; and each by its place in the chain, twelve digits that sort. */
      link: {
        unique: false,
        of: (record) => (record.link === null ? 'open' : String(record.link.sequence).padStart(12, '0')),
      },
    },
    purgeAt: () => null,
  },
  setting: { name: 'settings', columns: {}, purgeAt: (record) => record.expiresAt },
  identity: { name: 'identities', columns: { accountId: ofAccount }, purgeAt: () => null },
  upstreamSignIn: { name: 'upstream_sign_ins', columns: {}, purgeAt: (record) => record.expiresAt },
  networkMemory: {
    name: 'network_memories',
    columns: { accountId: ofAccount, clientId: ofClient },
    purgeAt: (record) => record.expiresAt,
  },
} as const satisfies { [K in Kind]: Table<K> }

export const kinds = Object.keys(tables) as readonly Kind[]

export type Column<K extends Kind> = keyof (typeof tables)[K]['columns'] & string

/** Kinds whose records name an account. */
export type FollowsAccount =
  | 'deviceAuthorization'
  | 'authorizationCode'
  | 'consent'
  | 'grant'
  | 'browserSession'
  | 'passkey'
  | 'identity'
  | 'networkMemory'

/** One kind's table with its types loosened, for code that works on any kind. */
export interface AnyTable {
  readonly name: string
  readonly columns: {
    readonly [column: string]: { readonly unique: boolean; readonly of: (record: AnyRecord) => string | null }
  }
  readonly purgeAt: (record: AnyRecord) => number | null
  readonly frees?: { readonly column: string; readonly secondsBeforePurge: number }
}

export type AnyRecord = Records[Kind]

export function tableOf(kind: Kind): AnyTable {
  return tables[kind] as unknown as AnyTable
}

/** `accountId` -> `account_id`. */
export function columnName(column: string): string {
  return column.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
