// A credential as a value: its shape, what may be known of it without its secrets, whether it is fresh; and
// what every store of them can do. Pure. Not here: the stores (credentials.ts).
import type { KeychainTrouble } from './keychain.ts'

export type StoreKind = 'file' | 'keychain' | 'memory'

export type StoreChoice = {
  kind: StoreKind
  /** `asked`: by flag, variable or option; `answered`: the keychain did; else why it is not the keychain. */
  why: 'asked' | 'answered' | KeychainTrouble
  /** The trouble was met just now, and nobody was told of it yet. */
  news: boolean
}

export type CredentialKey = { issuer: string; clientId: string; account: string }

export type Account = { id: string; email?: string; name?: string }

type Owned = {
  issuer: string
  clientId: string
  account: Account
  deviceName?: string
  signedInAt: number
}

type Lifetime = {
  scope?: string
  /** The API that it was asked for (RFC 8707); the next sign-in has to ask for it too. */
  resource?: string
  /** By the server's clock; absent means that nobody knows. */
  expiresAt?: number
  /** The end of what the person allowed, past which nothing renews itself. By the server's clock; absent means that nobody knows. */
  authorizationExpiresAt?: number
  receivedAt: number
  clockOffset: number
}

/** A tombstone: the server refused the refresh token, so asking again is pointless. */
type Ended = { state: 'ended'; endedAt: number; reason: 'invalid_grant' }

export type Credential = { version: 1 } & Owned &
  (({ state: 'live'; accessToken: string; refreshToken?: string } & Lifetime) | Ended)

export type LiveCredential = Extract<Credential, { state: 'live' }>

/** What is known of a credential without opening it: no keychain is asked. */
export type Entry = { keptIn: StoreKind } & Owned & (({ state: 'live'; renews: boolean } & Lifetime) | Ended)

/** Enough to use the access token, and to see whether it can be used. */
export type Glance = Pick<LiveCredential, 'accessToken' | 'expiresAt' | 'receivedAt' | 'clockOffset'>

export type CredentialStore = {
  directory: string
  /** Before a sign-in: decides between keychain and file, and proves that a credential can be kept. */
  choose: () => StoreChoice
  /** What was decided last; asks nobody. */
  remembered: () => StoreChoice
  /** Proves that a credential can be written, before one is asked for. */
  probe: () => void
  read: (key: CredentialKey) => Credential | undefined
  /** The access token alone, where possible without asking the keychain. */
  glance: (key: CredentialKey) => Glance | undefined
  entry: (key: CredentialKey) => Entry | undefined
  /** What cannot be read is left out, and left alone: reading it by its key says what is wrong. */
  list: (issuer?: string, clientId?: string) => Entry[]
  write: (credential: Credential) => void
  remove: (key: CredentialKey) => void
  /** Erases what was set aside as unreadable; how many files that were. */
  removeLeftovers: () => number
  /** The account that is used when none is named, for this issuer and client. */
  current: (issuer: string, clientId: string) => string | undefined
  setCurrent: (key: CredentialKey) => void
  /** The issuer of the latest sign-in on this machine. */
  latestIssuer: () => string | undefined
  pathOf: (key: CredentialKey) => string
  /** The file that is locked while the credential is changed; undefined where no other process sees it. */
  lockOf: (key: CredentialKey) => string | undefined
}

export function keyOf(credential: Pick<Credential, 'issuer' | 'clientId' | 'account'>): CredentialKey {
  return { issuer: credential.issuer, clientId: credential.clientId, account: credential.account.id }
}

/**
 * Whether the access token can be used now. Sixty seconds before its end it is `stale`, so that it does not
 * die on the way; a clock that went back behind the moment of receipt cannot be trusted, hence `stale` too.
 */
export function freshness(
  credential: Omit<Glance, 'accessToken'>,
  now: number,
): 'fresh' | 'stale' | 'unknown' {
  if (credential.expiresAt === undefined) return 'unknown'
  if (now < credential.receivedAt - LEEWAY_SECONDS) return 'stale'
  const lifetime = credential.expiresAt - (credential.receivedAt + credential.clockOffset)
  // A token that lives two minutes or less would be refreshed on every use with the full margin.
  const margin = Math.min(LEEWAY_SECONDS, lifetime / 2)
  return now + credential.clockOffset < credential.expiresAt - margin ? 'fresh' : 'stale'
}

const LEEWAY_SECONDS = 60
