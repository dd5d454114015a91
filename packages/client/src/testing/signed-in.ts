// A sign-in as it is kept, in a store of its own, for tests of what is done with one. Not here: what lies on disk, and
// credentials with an odd shape (credentials.test.ts, sealed.test.ts).
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type CredentialStore, keyOf, type LiveCredential, openStore } from '../credentials.ts'
import { system } from '../system.ts'

/** A directory that a store may make; it is not there yet. */
export function newDirectory(): string {
  return join(mkdtempSync(join(tmpdir(), 'countersign-')), 'config')
}

export function newStore(): CredentialStore {
  return openStore({ directory: newDirectory() })
}

/** Got just now, for ten minutes. */
export function liveCredential(issuer: string, more: Partial<LiveCredential> = {}): LiveCredential {
  const now = system.now()
  return {
    version: 1,
    state: 'live',
    issuer,
    clientId: 'test-cli',
    account: { id: 'acct-1' },
    signedInAt: now,
    accessToken: 'ACCESS-canary-0',
    refreshToken: 'REFRESH-canary-0',
    receivedAt: now,
    clockOffset: 0,
    expiresAt: now + 600,
    ...more,
  }
}

/** Written, and the one that is used when none is named. */
export function keepCurrent(store: CredentialStore, credential: LiveCredential): void {
  store.write(credential)
  store.setCurrent(keyOf(credential))
}
