// The records of Countersign: what a store keeps, one type per kind, plain data only.
// Every record has an `id` and the `version` a reader saw; a write names that version.
// Instants are whole seconds since the epoch (`…At`), spans are seconds (`…Seconds`, `…In`).
// Secrets never appear here in clear: only digests (`…Hash`) and ciphertexts (`…Sealed`).
// Rules that move records are in the files named by the record; how they are stored is the server's matter.
// Clients and resources are records-clients.ts, authorization requests, codes and consents records-authorization.ts, identities
// elsewhere and remembered networks records-identity.ts.

import type { AuthorizationCode, AuthorizationRequest, Consent } from './records-authorization.ts'
import type { RequestContext, Versioned } from './records-base.ts'
import type { Client, InitialAccessToken, Resource, SigningAlg } from './records-clients.ts'
import type { Identity, NetworkMemory, UpstreamSignIn } from './records-identity.ts'

export type * from './records-authorization.ts'
export type * from './records-base.ts'
export type * from './records-clients.ts'
export type * from './records-identity.ts'

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
  /** The id of the grant that a redemption will make, drawn with the decision so that the audit log can name it. */
  readonly grantId: string | null
}

/** The characters that the approving browser shows and the terminal has to send back. */
export interface ReturnCode {
  /** Keyed hash of the code. */
  readonly hash: string
  /** Keyed hashes of the wrong codes that were sent; one that is sent again, because an answer was lost, costs nothing. */
  readonly wrong: readonly string[]
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
  /** The key that asked, if it proved one: only it may poll (RFC 9449 §10 by analogy). */
  readonly jkt: string | null
  /** What kind of sign-in the program asks for at the approval (RFC 9470 §4 by analogy). */
  readonly acrValues: readonly string[]
  readonly maxAge: number | null
  /** The address in `context` tells nothing about where the program is. */
  readonly networkUnknown?: boolean
  /** The program said that it can take a return code (return-code.ts). */
  readonly takesReturnCode: boolean
  /** What has to be typed back before an approved request can be redeemed; null where nothing has to be. */
  readonly returnCode: ReturnCode | null
  /** Why it was denied where no person said so: by policy, or after too many wrong return codes. */
  readonly deniedFor: 'network' | 'return_code' | null
}

/** Something that may happen once: a `jti` that was seen, a token that was revoked by itself. `id` names its purpose. */
export interface Spent extends Versioned {
  readonly expiresAt: number
}

/**
 * One entry of the audit log. It is written with the change that it tells of; `link` joins it to the entry before it, a
 * moment later.
 */
export interface AuditEntry extends Versioned {
  readonly at: number
  /** What happened, such as `grant.revoked`. */
  readonly event: string
  readonly actor: { readonly kind: 'account' | 'client' | 'admin' | 'server'; readonly id: string | null }
  readonly address: string | null
  readonly accountId: string | null
  readonly clientId: string | null
  readonly grantId: string | null
  readonly detail: Readonly<Record<string, string | number | boolean | readonly string[] | null>>
  readonly link: {
    readonly sequence: number
    readonly previousHash: string
    readonly hash: string
  } | null
}

/** The state of a grant's one family of refresh tokens (RFC 9700 §4.14.2). */
export interface RefreshState {
  /** SHA-256 of the only token that may be rotated. */
  readonly hash: string
  readonly generation: number
  readonly idleExpiresAt: number
  /** SHA-256 of the token rotated last, and when that was; its successor follows from it, for who holds it. */
  readonly previous: { readonly hash: string; readonly rotatedAt: number } | null
}

/** One sign-in: all of its tokens hang on it, and end with it. */
export interface Grant extends Versioned {
  readonly accountId: string
  readonly clientId: string
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly via: 'device_code' | 'authorization_code' | 'jwt_bearer'
  readonly deviceName: string
  readonly context: RequestContext
  readonly authTime: number
  readonly amr: readonly string[]
  /** `nonce` of the authorization request, for ID tokens (OIDC Core §12.2). */
  readonly nonce: string | null
  /** The key that the refresh tokens of a public client are bound to (RFC 9449 §5). */
  readonly jkt: string | null
  readonly createdAt: number
  readonly lastUsedAt: number
  /** The absolute end: no refresh token outlives it. */
  readonly expiresAt: number
  readonly refresh: RefreshState | null
  /** Until when the last of its access tokens that were revoked one by one would have lived; which they are, `Spent` says. */
  readonly tokensRevokedUntil: number
  readonly revokedAt: number | null
  readonly revokedFor: 'person' | 'client' | 'reuse' | 'admin' | null
}

/** A key of the server; `id` is the `kid`. */
export interface SigningKey extends Versioned {
  readonly alg: SigningAlg
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
  resource: Resource
  deviceAuthorization: DeviceAuthorization
  authorizationRequest: AuthorizationRequest
  authorizationCode: AuthorizationCode
  consent: Consent
  grant: Grant
  signingKey: SigningKey
  attempts: Attempts
  initialAccessToken: InitialAccessToken
  spent: Spent
  auditEntry: AuditEntry
  setting: Setting
  identity: Identity
  upstreamSignIn: UpstreamSignIn
  networkMemory: NetworkMemory
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
