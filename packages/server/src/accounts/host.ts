// A host application that says itself who is signed in: its people become accounts here when they first come, and its session takes
// the place of ours. The pages that are left then are pages/page-routes.ts; mounting is ../countersign.ts.

import {
  type Account,
  type BrowserSession,
  type Identity,
  isAuthenticationMethod,
} from '@countersign/protocol'
import type { PlainRequest } from '../http.ts'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import { decideAndApply, StoreUnavailable } from '../store/store.ts'
import { cleanText } from '../text.ts'
import { setAccountAdmin } from './accounts.ts'
import type { SignedIn } from './browser-session.ts'
import { normalizeEmail } from './email.ts'
import type { Host } from './host-application.ts'
import { askHost, type KnownPerson } from './host-person.ts'
import type { Proven } from './upstream/identities.ts'
import { type Newcomer, newcomer } from './upstream/newcomer.ts'
import { identityId } from './upstream/provider.ts'

export interface HostSignedIn {
  /** Undefined where the host knows nobody, or somebody whose account here is disabled. */
  readonly signedIn: SignedIn | undefined
  /** The host knows somebody who may not come in: there is no use in sending them there to sign in. */
  readonly isRefused: boolean
}

export async function findHostSignedIn(
  services: Services,
  host: Host,
  request: PlainRequest,
): Promise<HostSignedIn> {
  const person = await askHost(host, request)
  if (person === undefined) return { signedIn: undefined, isRefused: false }
  const { account, identity } = await accountOf(services, person, request)
  if (account === undefined || account.disabledAt !== null) return { signedIn: undefined, isRefused: true }
  const current = await withAdmin(services, person, account)
  return {
    signedIn: { account: current, session: sessionOf(services, person, identity, request) },
    isRefused: false,
  }
}

const provenOf = ({ id, email, name }: KnownPerson): Proven => ({
  provider: 'host',
  namespace: 'host',
  person: { subject: id, email: email ?? null, name: cleanText(name, 80) },
})

interface Known {
  readonly account: Account | undefined
  readonly identity: Identity
}

async function accountOf(services: Services, person: KnownPerson, request: PlainRequest): Promise<Known> {
  const { store } = services
  const proven = provenOf(person)
  const done = await decideAndApply<Known & Pick<Newcomer, 'writes'>>(store, async () => {
    const known = await store.readWithAccount('identity', identityId(proven))
    if (known !== undefined) return { account: known.account, identity: known.record, writes: [] }
    const email = await freeEmail(services, person)
    return newcomer(services, request, proven, { email, admin: person.admin ?? false })
  })
  if (!done.applied) throw new StoreUnavailable(new Error('The account moves too fast.'))
  return done.decision
}

// An address that is another account's already stays with that one: the host says who somebody is, not which of our accounts.
async function freeEmail({ store }: Services, { email }: KnownPerson): Promise<string | undefined> {
  const normal = email === undefined ? undefined : normalizeEmail(email)
  if (normal === undefined) return undefined
  const [same] = await store.find('account', 'email', normal, 1)
  return same === undefined ? normal : undefined
}

async function withAdmin(services: Services, { admin }: KnownPerson, account: Account): Promise<Account> {
  if (admin === undefined || admin === account.admin) return account
  const by = { actor: { kind: 'server', id: null }, address: null } as const
  const changed = await setAccountAdmin(services, account.id, admin, by, { detail: { provider: 'host' } })
  if (changed === undefined) throw new StoreUnavailable(new Error('The account moves too fast.'))
  return changed
}

// Kept nowhere: it lives as long as the host says so.
function sessionOf(
  { system, config }: Services,
  { id, session = '', authTime, amr = [] }: KnownPerson,
  identity: Identity,
  request: PlainRequest,
): BrowserSession {
  const now = system.now()
  // All that is known of one whose host does not tell: that they proved it at the latest when they first came.
  const at = Math.min(Math.floor(authTime ?? identity.createdAt), now)
  return {
    id: digest(JSON.stringify(['host session', id, session, at])),
    version: 0,
    accountId: identity.accountId,
    createdAt: at,
    authenticatedAt: at,
    lastSeenAt: now,
    expiresAt: now + config.sessionIdleSeconds,
    amr: amr.filter(isAuthenticationMethod),
    address: request.address,
    userAgent: cleanText(request.headers['user-agent'], 200) ?? '',
  }
}
