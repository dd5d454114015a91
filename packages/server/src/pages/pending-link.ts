// Somebody proved who they are at a provider, and has an account here that they have not proved to be theirs yet: the first half waits
// in a sealed cookie of this browser for the second, for ten minutes. Asking whether to connect the two is connect.ts.

import type { Proven } from '../accounts/upstream/identities.ts'
import { browserSecret } from '../authorization-requests.ts'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import { cookie, readCookie, type Visit } from './visit.ts'

const pendingSeconds = 600

interface Pending {
  readonly proven: Proven
  /** Whose address they have, and who is asked: somebody else here would only be offered a stranger's way in. */
  readonly accountId: string
}

export function keepPendingLink(services: Services, browser: string, pending: Pending): string {
  const until = services.system.now() + pendingSeconds
  const kept = JSON.stringify({ ...pending, browserHash: digest(browser), until })
  return cookie(services, 'link', services.secrets.seal('pending link', kept), pendingSeconds)
}

export function pendingLink({ services, request, signedIn }: Visit): Proven | undefined {
  const sealed = readCookie(services, request, 'link')
  const opened = sealed === undefined ? undefined : services.secrets.unseal('pending link', sealed)
  const browser = browserSecret(services, request)
  if (opened === undefined || browser === undefined) return undefined
  const kept = JSON.parse(opened) as Pending & { browserHash: string; until: number }
  const isGood = kept.browserHash === digest(browser) && services.system.now() < kept.until
  return isGood &&
    kept.accountId === signedIn?.account.id &&
    services.upstreams.find(kept.proven.provider) !== undefined
    ? kept.proven
    : undefined
}

export function dropPendingLink(services: Services): string {
  return cookie(services, 'link', '', 0)
}
