// The records of who may ask and what may be asked for: clients, resources, and the tokens that let clients register.
// The same conventions as in records.ts.

import type { Versioned } from './records-base.ts'

export type GrantType =
  | 'urn:ietf:params:oauth:grant-type:device_code'
  | 'refresh_token'
  | 'authorization_code'
  | 'client_credentials'
  | 'urn:ietf:params:oauth:grant-type:token-exchange'
  | 'urn:ietf:params:oauth:grant-type:jwt-bearer'

export type ClientAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post' | 'private_key_jwt'

/** How the server signs, and what it accepts where a client may choose. */
export type SigningAlg = 'ES256' | 'RS256' | 'EdDSA'

/** A public key in the form of RFC 7517; private members never appear. */
export type PublicJwk = Readonly<Record<string, unknown>>

/** A registered program (RFC 6749 §2). */
export interface Client extends Versioned {
  readonly name: string
  /** Who publishes it, as an administrator verified it; null is shown as "not verified". */
  readonly publisher: string | null
  /** Who made the record: an administrator, RFC 7591, or the document that the id names (a client id metadata document). */
  readonly source: 'admin' | 'registration' | 'metadata_document'
  /** RFC 7591 §2; `native` programs may be called back on a loopback port and, where allowed, by a scheme of their own. */
  readonly applicationType: 'web' | 'native'
  readonly authMethods: readonly ClientAuthMethod[]
  /** SHA-256 of each live secret; a second one lets the first be replaced without a gap, until `endsAt`. */
  readonly secrets: readonly { readonly hash: string; readonly endsAt: number | null }[]
  /** The keys of `private_key_jwt`: by value or by address, never both (RFC 7591 §2). */
  readonly jwks: { readonly keys: readonly PublicJwk[] } | null
  readonly jwksUri: string | null
  readonly grantTypes: readonly GrantType[]
  readonly scopes: readonly string[]
  readonly resources: readonly string[]
  readonly redirectUris: readonly string[]
  readonly postLogoutRedirectUris: readonly string[]
  /** Pages about the client for people (RFC 7591 §2); https only. */
  readonly pages: {
    readonly home: string | null
    readonly terms: string | null
    readonly privacy: string | null
  }
  /** Of our own house: it is shown as such, and may ask about tokens for others where it is confidential. */
  readonly firstParty: boolean
  /** The person is not asked; never for a client whose identity nothing assures (RFC 8252 §8.6). */
  readonly skipsConsent: boolean
  /** Only pushed authorization requests (RFC 9126 §6). */
  readonly requiresPar: boolean
  /** Only tokens bound to a key (RFC 9449 §5.2). */
  readonly requiresDpop: boolean
  /**
   * Where a code is approved from another network than the device's: a second step, six characters to type back, or a refusal
   * (device-network.ts). Null for the server's own.
   */
  readonly deviceNetworkPolicy: 'confirm' | 'return-code' | 'refuse' | null
  readonly accessTokenFormat: 'jwt' | 'opaque'
  readonly accessTokenSeconds: number
  /** How its access tokens are signed, where they are JWTs. */
  readonly accessTokenAlg: SigningAlg
  /** Of its refresh tokens; null for the server's own. */
  readonly refreshIdleSeconds: number | null
  readonly refreshAbsoluteSeconds: number | null
  readonly idTokenAlg: SigningAlg
  /** Null for plain JSON (RFC 9701 §6, OIDC Core §5.3.2). */
  readonly introspectionAlg: SigningAlg | null
  readonly userinfoAlg: SigningAlg | null
  /** May ask the introspection endpoint about tokens of other clients, as a resource server does. */
  readonly introspectsAll: boolean
  /**
   * Token exchange (RFC 8693 §5): for which audiences it may exchange, and whether it may present tokens that were issued
   * to other clients (a service behind an API). Null where it may not at all.
   */
  readonly exchange: { readonly audiences: readonly string[]; readonly foreignTokens: boolean } | null
  /** How it may manage itself (RFC 7592), and what it was registered with beyond what is used here. */
  readonly registration: {
    /** SHA-256 of the registration access token; null where it has none. */
    readonly tokenHash: string | null
    /** Language-tagged and other members that are only repeated. */
    readonly echoed: Readonly<Record<string, unknown>>
  } | null
  readonly createdAt: number
  /** When a registered client that nobody has used yet is forgotten, or a fetched document must be fetched again. */
  readonly expiresAt: number | null
}

/** What tokens may be for (RFC 8707): an API or an MCP server; `id` is its identifier, compared as it is. */
export interface Resource extends Versioned {
  readonly name: string
  /** What can be done there, in plain words; the first that names a scope says what it means. */
  readonly scopes: readonly ScopeMeaning[]
  /** Also open to clients that registered themselves or are known by a metadata document. */
  readonly openToAll: boolean
  /** Null for what the client has. */
  readonly accessTokenFormat: 'jwt' | 'opaque' | null
  readonly accessTokenSeconds: number | null
  readonly createdAt: number
}

export interface ScopeMeaning {
  readonly scope: string
  /** Completes "It may …", such as "read your calendar". */
  readonly words: string
  /** Why to be careful, such as "this can delete things". */
  readonly risk: string | null
  /** A person may leave it out at consent. */
  readonly optional: boolean
}

/** Lets its bearer register a client (RFC 7591 §3); `id` is its SHA-256. */
export interface InitialAccessToken extends Versioned {
  readonly name: string
  readonly createdAt: number
  readonly expiresAt: number
  /** How many clients it may still register. */
  readonly usesLeft: number
}
