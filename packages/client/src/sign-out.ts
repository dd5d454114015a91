// Signing out: the server is told first, within two seconds, then what is stored is erased in any case, and
// the caller learns which of the two happened (RV-12). Not here: the words for it (packages/cli).
import type { Account, Credential, CredentialKey, CredentialStore, LiveCredential } from './credentials.ts'
import { discover } from './discover.ts'
import { StoreError } from './errors.ts'
import { withRefreshLock } from './refresh-lock.ts'
import { type RevocationOutcome, revoke } from './revoke.ts'
import { system as realSystem, type System } from './system.ts'

export type SignedOut = {
  account: Account
  /** `nothing`: the sign-in had ended already. `locked`: the keychain did not give out what the server needs. */
  server: RevocationOutcome | 'nothing' | 'locked'
}

export async function signOut(options: {
  store: CredentialStore
  key: CredentialKey
  system?: System
}): Promise<SignedOut | undefined> {
  const { store, key } = options
  const system = options.system ?? realSystem
  // Under the lock, so that a refresh that is under way cannot write the credential back afterwards.
  const work = () => revokeAndErase(store, key, system)
  const lock = { path: store.lockOf(key), system, timeoutSeconds: 2 }
  return withRefreshLock(lock, work).catch((error: unknown) => {
    system.log({ event: 'sign_out_without_lock', detail: String(error) })
    return work()
  })
}

async function revokeAndErase(
  store: CredentialStore,
  key: CredentialKey,
  system: System,
): Promise<SignedOut | undefined> {
  const entry = store.entry(key)
  if (!entry) return undefined
  try {
    const stored = readUnlessLocked(store, key)
    if (stored === 'locked') return { account: entry.account, server: 'locked' }
    if (stored?.state !== 'live') return { account: entry.account, server: 'nothing' }
    return { account: entry.account, server: await tellServer(stored, system) }
  } finally {
    store.remove(key)
  }
}

function readUnlessLocked(store: CredentialStore, key: CredentialKey): Credential | undefined | 'locked' {
  try {
    return store.read(key)
  } catch (error) {
    if (error instanceof StoreError) return 'locked'
    throw error
  }
}

async function tellServer(stored: LiveCredential, system: System): Promise<RevocationOutcome> {
  const deadline = system.monotonic() + LIMIT_SECONDS
  try {
    const metadata = await discover(stored.issuer, { system, timeoutSeconds: LIMIT_SECONDS })
    const timeoutSeconds = Math.max(0.1, deadline - system.monotonic())
    const what = stored.refreshToken
      ? { token: stored.refreshToken, hint: 'refresh_token' as const }
      : { token: stored.accessToken, hint: 'access_token' as const }
    return await revoke(metadata, stored.clientId, what, { system, timeoutSeconds })
  } catch {
    return 'unreachable'
  }
}

const LIMIT_SECONDS = 2
