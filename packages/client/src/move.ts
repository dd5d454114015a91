// Moves a sign-in between keychain and file when that was asked for. One rename, under the lock of its renewal: at
// every moment there is one whole credential, and never an older one. Not here: which kind it shall be (store-choice.ts).
import type { CredentialKey, CredentialStore } from './credentials.ts'
import { withRefreshLock } from './refresh-lock.ts'
import type { System } from './system.ts'

/** True when it was moved. Throws, and leaves everything as it is, when the keychain that was asked for is not there. */
export async function moveIfAsked(
  store: CredentialStore,
  key: CredentialKey,
  system: System,
): Promise<boolean> {
  const { kind, why } = store.remembered()
  const entry = store.entry(key)
  if (why !== 'asked' || entry?.state !== 'live' || entry.keptIn === kind) return false
  store.choose()
  return withRefreshLock({ path: store.lockOf(key), system, timeoutSeconds: LOCK_SECONDS }, async () => {
    const stored = store.read(key)
    if (stored?.state !== 'live') return false
    store.write(stored)
    return true
  })
}

const LOCK_SECONDS = 60
