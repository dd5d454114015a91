// The one sign-in of a program as it is an hour later: everything is there, and the access token has ended.
// Whole clocks that are wrong are shift-clock.ts.

import assert from 'node:assert/strict'
import { type CredentialStore, keyOf, type LiveCredential } from '@countersign/client/credentials'

/** What is stored afterwards. `issuer` where there are several. */
export function expireSignIn(store: CredentialStore, issuer?: string): LiveCredential {
  const [entry] = store.list(issuer)
  assert.ok(entry)
  const credential = store.read(keyOf(entry))
  assert.ok(credential?.state === 'live' && credential.expiresAt !== undefined)
  const { receivedAt, expiresAt } = credential
  const expired = { ...credential, receivedAt: receivedAt - 3600, expiresAt: expiresAt - 3600 }
  store.write(expired)
  return expired
}
