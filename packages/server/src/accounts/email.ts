// E-mail addresses of accounts: how they are compared, and the accounts that have none, because whoever signs in at a provider
// need not have one that the provider has verified. Whether an address is anybody's is found out nowhere here.

import type { Account } from '@countersign/protocol'

/** RFC 2606 §2: nobody's, for ever. The store wants one address for each account, and no two alike. */
const nobodys = '@no-email.invalid'

/** The address as it is kept and compared; undefined for what cannot be one. */
export function normalizeEmail(text: string): string | undefined {
  const email = text.trim().normalize('NFKC').toLowerCase()
  const isOne = email.length <= 254 && /^[^\s@\p{C}<>"]+@[^\s@\p{C}<>"]+$/u.test(email)
  return isOne && !email.endsWith(nobodys) ? email : undefined
}

/** What stands in the place of an address where there is none. */
export function noEmail(accountId: string): string {
  return accountId + nobodys
}

export function emailOf({ email }: Pick<Account, 'email'>): string | undefined {
  return email.endsWith(nobodys) ? undefined : email
}

/** By what people know which account it is. */
export function knownAs(account: Account): string {
  return emailOf(account) ?? (account.name || account.id)
}
