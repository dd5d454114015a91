// Consents as the server keeps them: finding the one that a request is about, listing those of an account, and withdrawing what
// was agreed to with one client. What may be remembered and what is asked is protocol/consent.ts; it is written in the same
// step as the code, in authorization.ts. The page that lists them is pages/account-consents.ts.

import {
  type AuditEntry,
  type AuthorizationParameters,
  type Client,
  type Consent,
  consent as consentRules,
} from '@countersign/protocol'
import { audit, tellOfEnds } from './audit.ts'
import { digest } from './secrets.ts'
import type { Services } from './services.ts'
import { decideAndApply } from './store/store.ts'

type About = Parameters<typeof consentRules.identity>[0]

export function aboutOf(
  accountId: string,
  clientId: string,
  { redirectUri, resources }: Pick<AuthorizationParameters, 'redirectUri' | 'resources'>,
): About {
  return { accountId, clientId, redirectTarget: consentRules.redirectTarget(redirectUri), resources }
}

/** The id of the one consent about this. */
export const consentId = (about: About): string => digest(consentRules.identity(about))

export const keysHashOf = (client: Client): string => digest(consentRules.clientKeys(client))

type Held = Pick<Services, 'store' | 'system'>

export function findConsent({ store }: Held, about: About): Promise<Consent | undefined> {
  return store.read('consent', consentId(about))
}

const everyRecord = 1_000_000

/** Those of an account, the one given last first. */
export async function consentsOf(
  { store }: Pick<Held, 'store'>,
  accountId: string,
): Promise<readonly Consent[]> {
  const consents = await store.find('consent', 'accountId', accountId, everyRecord)
  return consents.toSorted((a, b) => b.updatedAt - a.updatedAt)
}

export interface Withdrawal {
  readonly accountId: string
  readonly clientId: string
  /** Who asks for it: the person, or an administrator. */
  readonly actor: AuditEntry['actor']
  readonly address: string | null
}

/**
 * Withdraws all that the account agreed to with the client, and ends its grants, codes and approved devices, in one step with the audit
 * entry (UI-12).
 * `nothing` where there was no consent; `busy` where its grants move faster than they can be ended.
 */
export async function withdrawConsents(
  services: Held,
  { accountId, clientId, actor, address }: Withdrawal,
): Promise<'withdrawn' | 'nothing' | 'busy'> {
  const { store, system } = services
  const why = actor.kind === 'admin' ? 'admin' : 'person'
  const ofClient = (record: { readonly clientId: string }) => record.clientId === clientId
  const done = await decideAndApply(
    store,
    async () => {
      const consents = (await consentsOf(services, accountId)).filter(ofClient)
      if (consents.length === 0) return { found: false, writes: [] }
      const now = system.now()
      const grants = (await store.find('grant', 'accountId', accountId, everyRecord)).filter(
        (grant) => ofClient(grant) && grant.revokedAt === null && grant.expiresAt > now,
      )
      const codes = (await store.find('authorizationCode', 'accountId', accountId, everyRecord)).filter(
        ofClient,
      )
      const devices = (await store.find('deviceAuthorization', 'accountId', accountId, everyRecord)).filter(
        ofClient,
      )
      const scopes = [...new Set(consents.flatMap((consent) => consent.scopes))]
      const said = audit(services, {
        event: 'consent.withdrawn',
        actor,
        address,
        accountId,
        clientId,
        detail: { scopes, grants: grants.length },
      })
      const writes = consentRules.withdraw({ consents, grants, codes, devices }, why, now)
      return { found: true, writes: [...tellOfEnds(services, writes, { actor, address }), said] }
    },
    // A program that refreshes without a pause moves its grant again and again.
    8,
  )
  if (!done.applied) return 'busy'
  return done.decision.found ? 'withdrawn' : 'nothing'
}
