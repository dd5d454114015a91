// The whole of a sign-in: prove that the store works, sign in, learn who that is, keep it. Cancelling wins
// until the credential is written. Not here: the ways to tokens themselves (device-login.ts, loopback-login.ts).
import * as oauth from 'oauth4webapi'
import {
  type Account,
  type Credential,
  type CredentialStore,
  keyOf,
  type LiveCredential,
} from './credentials.ts'
import { type DeviceLoginOptions, deviceLogin } from './device-login.ts'
import { discover, type ServerMetadata } from './discover.ts'
import { cancelled } from './errors.ts'
import { guardedFetch } from './http.ts'
import { tokenMembers } from './refresh.ts'
import { revoke } from './revoke.ts'
import { system as realSystem, type System } from './system.ts'
import { printable } from './text.ts'
import { type Tokens, textClaims } from './tokens.ts'

export type SignInOptions =
  | (DeviceLoginOptions & { issuer: string; store: CredentialStore })
  | (Omit<KeepOptions, 'metadata' | 'system'> & {
      metadata?: ServerMetadata
      system?: System
      /** Another way to tokens than the device grant, such as `loopbackLogin`. */
      obtain: (given: { metadata: ServerMetadata; system: System }) => Promise<Tokens>
    })

export type SignedIn = { credential: LiveCredential; metadata: ServerMetadata }

export async function signIn(options: SignInOptions): Promise<SignedIn> {
  const { store, issuer, signal } = options
  const system = options.system ?? realSystem
  // A token that nobody can store would be lost; so the store is proved before one is asked for.
  store.choose()
  const metadata = options.metadata ?? (await discover(issuer, { system, ...(signal ? { signal } : {}) }))
  const given = { metadata, system }
  const tokens = await ('obtain' in options ? options.obtain(given) : deviceLogin({ ...options, ...given }))
  return { credential: await keepSignIn(tokens, { ...options, metadata, system }), metadata }
}

export type KeepOptions = {
  issuer: string
  clientId: string
  metadata: ServerMetadata
  store: CredentialStore
  deviceName?: string
  resource?: string
  signal?: AbortSignal
  system: System
}

/** What follows the tokens, however they were got: learn whose they are, keep them, end the sign-in that they replace. */
export async function keepSignIn(tokens: Tokens, options: KeepOptions): Promise<LiveCredential> {
  const { store, issuer, clientId, metadata, signal, system } = options
  const account = await learnAccount(metadata, clientId, tokens, system)
  const credential: LiveCredential = {
    version: 1,
    issuer,
    clientId,
    account,
    signedInAt: system.now(),
    ...(options.deviceName === undefined ? {} : { deviceName: options.deviceName }),
    ...(options.resource === undefined ? {} : { resource: options.resource }),
    ...tokenMembers(tokens),
  }
  const before = previous(store, credential, system)
  if (signal?.aborted) {
    await end(metadata, credential, system, 0.25)
    throw cancelled()
  }
  await keep(store, metadata, credential, system)
  // The new sign-in replaces the old one of the same account; left alive it would stay in the device list.
  if (before?.state === 'live') await end(metadata, before, system, 2)
  return credential
}

/** An old file that cannot be read has been set aside by the store, and must not cost us the new token. */
function previous(
  store: CredentialStore,
  credential: LiveCredential,
  system: System,
): Credential | undefined {
  try {
    return store.read(keyOf(credential))
  } catch (error) {
    system.log({ event: 'previous_sign_in_unreadable', detail: String(error) })
    return undefined
  }
}

/** A token that cannot be kept after all (the disk filled meanwhile) is ended, not left alive unowned. */
async function keep(
  store: CredentialStore,
  metadata: ServerMetadata,
  credential: LiveCredential,
  system: System,
): Promise<void> {
  try {
    store.write(credential)
    store.setCurrent(keyOf(credential))
  } catch (error) {
    await end(metadata, credential, system, 2)
    throw error
  }
}

/** Never fails: whoever the server says it is, the token is good, and losing it would be worse. */
async function learnAccount(
  metadata: ServerMetadata,
  clientId: string,
  tokens: Tokens,
  system: System,
): Promise<Account> {
  const fromToken = accountFrom({ sub: tokens.subject, email: tokens.email, name: tokens.name })
  if (!metadata.userinfo_endpoint) return fromToken
  const client = { client_id: clientId }
  try {
    const response = await oauth.userInfoRequest(metadata, client, tokens.accessToken, {
      [oauth.customFetch]: guardedFetch({ system, timeoutSeconds: 5 }),
      [oauth.allowInsecureRequests]: true,
    })
    // Somebody else's answer under this token would sign in the wrong person (OIDC Core §5.3.2).
    const expected = tokens.subject ?? oauth.skipSubjectCheck
    return accountFrom(await oauth.processUserInfoResponse(metadata, client, expected, response))
  } catch {
    system.log({ event: 'account_unknown', issuer: metadata.issuer })
    return fromToken
  }
}

function accountFrom(claims: Record<string, unknown>): Account {
  const { email, name } = textClaims(claims)
  return {
    id: typeof claims.sub === 'string' ? claims.sub : 'unknown',
    ...(email === undefined ? {} : { email: printable(email, 254) }),
    ...(name === undefined ? {} : { name: printable(name, 100) }),
  }
}

async function end(
  metadata: ServerMetadata,
  credential: LiveCredential,
  system: System,
  timeoutSeconds: number,
): Promise<void> {
  const { clientId, refreshToken, accessToken } = credential
  const options = { system, timeoutSeconds }
  if (refreshToken) await revoke(metadata, clientId, { token: refreshToken, hint: 'refresh_token' }, options)
  else await revoke(metadata, clientId, { token: accessToken, hint: 'access_token' }, options)
}
