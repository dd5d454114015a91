// From a person whom a provider names to a signed-in browser: their account, a new one where the settings say so, or the reason why
// not. An account is never found by its e-mail address: whoever has one must prove it before the two are linked.
// Linking is identities.ts; what the person is told, pages/upstream.ts.

import type { Account, Identity } from '@countersign/protocol'
import type { By } from '../../audit.ts'
import type { PlainRequest } from '../../http.ts'
import type { Services } from '../../services.ts'
import { setAccountAdmin } from '../accounts.ts'
import { type Begin, beginBrowserSession } from '../browser-session.ts'
import { normalizeEmail } from '../email.ts'
import { provenBy } from './identities.ts'
import { newcomer } from './newcomer.ts'
import { identityId, isAdminBy, type Upstream, type UpstreamPerson } from './provider.ts'

/**
 * `nobody`: no account, or one that is disabled, which is the same to a stranger. `exists`: an account has their address, and they
 * have to prove that it is theirs. `email`: they would need a verified address for a new one. `unready`: the server has no
 * account at all, and its first is not a stranger's.
 */
export type NotEntered = 'nobody' | 'exists' | 'email' | 'unready' | 'busy'

export type Entered =
  | { readonly entered: true; readonly secret: string; readonly account: Account }
  | { readonly entered: false; readonly why: NotEntered; readonly accountId?: string }

export async function enter(
  services: Services,
  request: PlainRequest,
  { upstream, person }: { readonly upstream: Upstream; readonly person: UpstreamPerson },
  replaces: Begin['replaces'],
): Promise<Entered> {
  // Twice, because somebody may have moved the account or the identity in between.
  for (let attempt = 0; attempt < 2; attempt++) {
    const found = await findOrMake(services, request, upstream, person)
    if ('why' in found) {
      if (found.why === 'busy') continue
      return { entered: false, ...found }
    }
    const account = await withAdminClaim(services, request, upstream, person, found.account)
    if (account === undefined) continue
    const { email, name, authTime, amr } = person
    const used = { ...found.identity, email, name, provider: upstream.settings.id }
    const record = { ...used, lastUsedAt: services.system.now() }
    const secret = await beginBrowserSession(services, request, {
      account,
      amr,
      replaces,
      authenticatedAt: authTime ?? undefined,
      provider: upstream.settings.id,
      // One that was disconnected a moment ago signs nobody in.
      writes: [{ op: 'update', kind: 'identity', record }],
    })
    if (secret !== undefined) return { entered: true, secret, account }
  }
  return { entered: false, why: 'busy' }
}

type Found =
  | { readonly account: Account; readonly identity: Identity }
  | { readonly why: NotEntered; readonly accountId?: string }

async function findOrMake(
  services: Services,
  request: PlainRequest,
  upstream: Upstream,
  person: UpstreamPerson,
): Promise<Found> {
  const known = await services.store.readWithAccount('identity', identityId(provenBy(upstream, person)))
  if (known !== undefined) {
    const { record: identity, account } = known
    if (account === undefined || account.disabledAt !== null)
      return { why: 'nobody', accountId: identity.accountId }
    return { account, identity }
  }
  const email = person.email === null ? undefined : normalizeEmail(person.email)
  if (email !== undefined) {
    const [same] = await services.store.find('account', 'email', email, 1)
    if (same !== undefined) return { why: 'exists', accountId: same.id }
  }
  return mayStart(upstream, email) ?? make(services, request, { upstream, person, email })
}

function mayStart({ settings }: Upstream, email: string | undefined): Found | undefined {
  if (!settings.signUp) return { why: 'nobody' }
  const { emailDomains } = settings
  if (emailDomains === undefined) return undefined
  if (email === undefined) return { why: 'email' }
  return emailDomains.includes(email.slice(email.lastIndexOf('@') + 1)) ? undefined : { why: 'nobody' }
}

interface Making {
  readonly upstream: Upstream
  readonly person: UpstreamPerson
  readonly email: string | undefined
}

async function make(
  services: Services,
  request: PlainRequest,
  { upstream, person, email }: Making,
): Promise<Found> {
  const { store } = services
  const admin = isAdminBy(upstream.settings, person) ?? false
  const [anyAccount] = await store.list('account', undefined, 1)
  // A stranger who comes first would make the setup link void (setup-link.ts).
  if (anyAccount === undefined && !admin) return { why: 'unready' }
  const { account, identity, writes } = newcomer(services, request, provenBy(upstream, person), {
    email,
    admin,
  })
  return (await store.apply(writes)) === 'conflict' ? { why: 'busy' } : { account, identity }
}

// Where a claim makes administrators, it decides at each sign-in, whoever made them one before. Only the last of them stays:
// a provider that was set up wrong must not lock everybody out.
async function withAdminClaim(
  services: Services,
  { address }: PlainRequest,
  { settings }: Upstream,
  person: UpstreamPerson,
  account: Account,
): Promise<Account | undefined> {
  const admin = isAdminBy(settings, person)
  if (admin === undefined || admin === account.admin) return account
  const by: By = { actor: { kind: 'server', id: null }, address }
  const detail = { provider: settings.id }
  const changed = await setAccountAdmin(services, account.id, admin, by, { detail, keepsLast: true })
  if (changed?.admin === true && !admin)
    services.log.warn('last administrator kept', { accountId: account.id, provider: settings.id })
  return changed
}
