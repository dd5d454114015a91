// What is said of a person to a client, as far as the scopes reach (OIDC Core §5.4): at UserInfo, and in an ID token where the
// access token beside it does not open UserInfo.

import type { Account } from '@countersign/protocol'
import { emailOf } from './accounts/email.ts'

export function personClaims(account: Account, scopes: readonly string[]) {
  const email = emailOf(account)
  return {
    ...(scopes.includes('profile') && account.name !== '' ? { name: account.name } : {}),
    // Nobody has proved yet that the address is theirs, and the claim says so.
    ...(scopes.includes('email') && email !== undefined ? { email, email_verified: false } : {}),
  }
}
