// The records of Countersign: what a store keeps, one type per kind, plain data only.
// Every record has an `id` and the `version` a reader saw; a write names that version.
// Instants are whole seconds since the epoch (`…At`), spans are seconds (`…Seconds`, `…In`).
// Secrets never appear here in clear: only digests (`…Hash`) and ciphertexts (`…Sealed`).
// Rules that move records are in the files named by the record; how they are stored is the server's matter.

interface Versioned {
  readonly id: string
  /** 0 for a record that was never stored; the store adds one with each write. */
  readonly version: number
}

/** A person who can sign in. `id` is the `sub` of tokens and always starts with `usr_`. */
export interface Account extends Versioned {
  readonly email: string
  readonly name: string
  /** argon2id in PHC string form, or null where only passkeys are used. */
  readonly passwordHash: string | null
  readonly admin: boolean
  readonly createdAt: number
  readonly disabledAt: number | null
}

/** A WebAuthn credential; `id` is the credential id in base64url. */
export interface Passkey extends Versioned {
  readonly accountId: string
  readonly publicKey: string
  readonly counter: number
  readonly transports: readonly string[]
  readonly name: string
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

/** A signed-in browser; `id` is the SHA-256 of the cookie's value. */
export interface BrowserSession extends Versioned {
  readonly accountId: string
  readonly createdAt: number
  /** When the person last proved who they are: the `auth_time` of what they approve. */
  readonly authenticatedAt: number
  readonly lastSeenAt: number
  readonly expiresAt: number
  readonly amr: readonly string[]
  readonly address: string
  readonly userAgent: string
}

export type GrantType =
  | 'urn:ietf:params:oauth:grant-type:device_code'
  | 'refresh_token'
  | 'authorization_code'
  | 'client_credentials'

export type ClientAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post'

/** A registered program (RFC 6749 §2). */
export interface Client extends Versioned {
  readonly name: string
  /** Who publishes it, as an administrator verified it; null is shown as "not verified". */
  readonly publisher: string | null
  readonly authMethods: readonly ClientAuthMethod[]
  /** SHA-256 of each live secret; two may be live at once so that one can be rotated. */
  readonly secretHashes: readonly string[]
  readonly grantTypes: readonly GrantType[]
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly redirectUris: readonly string[]
  readonly firstParty: boolean
  readonly accessTokenFormat: 'jwt' | 'opaque'
  readonly accessTokenSeconds: number
  readonly idTokenAlg: 'RS256' | 'ES256' | 'EdDSA'
  /** May ask the introspection endpoint about tokens of other clients, as a resource server does. */
  readonly introspectsAll: boolean
  readonly createdAt: number
}

/** What is known of the machine that asks: seen by the server, and claimed by the machine. Never mixed. */
export interface RequestContext {
  readonly observed: { readonly address: string; readonly userAgent: string }
  readonly reported: {
    readonly deviceName: string | null
    readonly clientVersion: string | null
    readonly agent: string | null
  }
}

/** A decision made in a browser, kept apart from the context of the machine that asked (RFC 8628 §5.3). */
export interface Decision {
  readonly accountId: string
  readonly at: number
  readonly authTime: number
  readonly amr: readonly string[]
  readonly address: string
  readonly userAgent: string
  /** The person said that they did not start this. */
  readonly reportedAsAttack: boolean
}

/** RFC 8628 §3.2; `id` is the SHA-256 of the device code. */
export interface DeviceAuthorization extends Versioned {
  readonly userCodeHash: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly status: 'pending' | 'approved' | 'denied' | 'cancelled' | 'redeemed'
  readonly interval: number
  readonly createdAt: number
  readonly expiresAt: number
  readonly context: RequestContext
  readonly decision: Decision | null
  /** The account that decided, lifted out of `decision` so that the store can follow it. */
  readonly accountId: string | null
  readonly grantId: string | null
}

/** The state of a grant's one family of refresh tokens (RFC 9700 §4.14.2). */
export interface RefreshState {
  /** SHA-256 of the only token that may be rotated. */
  readonly hash: string
  readonly generation: number
  readonly idleExpiresAt: number
  /** SHA-256 of the token rotated last, when that was, and its successor sealed under it. */
  readonly previous: {
    readonly hash: string
    readonly rotatedAt: number
    readonly successorSealed: string
  } | null
}

/** One sign-in: all of its tokens hang on it, and end with it. */
export interface Grant extends Versioned {
  readonly accountId: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly via: 'device_code' | 'authorization_code'
  readonly deviceName: string
  readonly context: RequestContext
  readonly authTime: number
  readonly amr: readonly string[]
  readonly createdAt: number
  readonly lastUsedAt: number
  /** The absolute end: no refresh token outlives it. */
  readonly expiresAt: number
  readonly refresh: RefreshState | null
  /** Access tokens revoked one by one, kept until they would have expired. */
  readonly revokedTokens: readonly { readonly jti: string; readonly expiresAt: number }[]
  readonly revokedAt: number | null
  readonly revokedFor: 'person' | 'client' | 'reuse' | 'admin' | null
}

/** A key of the server; `id` is the `kid`. */
export interface SigningKey extends Versioned {
  readonly alg: 'ES256' | 'RS256' | 'EdDSA'
  readonly publicJwk: Readonly<Record<string, string>>
  readonly privateSealed: string
  readonly createdAt: number
  /** Published before this instant, used to sign from it on. */
  readonly activeAt: number
  /** Last instant at which something it signed may still be valid; null while it or its turn is to come. */
  readonly retiresAt: number | null
}

/** What was spent of a budget of tries; `id` names the budget and whom it is for. */
export interface Attempts extends Versioned {
  readonly windowStartedAt: number
  readonly count: number
  readonly previousCount: number
  readonly expiresAt: number
}

/** A small fact about the installation that all nodes share, such as the digest of the setup link. */
export interface Setting extends Versioned {
  readonly value: string
  /** When it may be swept, or null for never. */
  readonly expiresAt: number | null
}

export interface Records {
  account: Account
  passkey: Passkey
  browserSession: BrowserSession
  client: Client
  deviceAuthorization: DeviceAuthorization
  grant: Grant
  signingKey: SigningKey
  attempts: Attempts
  setting: Setting
}

export type Kind = keyof Records

/**
 * One change. `insert` conflicts when the id (or another unique value) exists; `update` and `delete`
 * conflict when the stored version is not `record.version`. `notify` wakes whoever
 * watches the topic, after the change is durable.
 */
export type Write =
  | {
      [K in Kind]: {
        readonly op: 'insert' | 'update' | 'delete'
        readonly kind: K
        readonly record: Records[K]
      }
    }[Kind]
  | { readonly op: 'notify'; readonly topic: string }
