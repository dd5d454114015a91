// What signing in at a provider of identities looks like from here, whatever it speaks: leave with a URL, come back with a person.
// The kinds are oidc.ts, orcid.ts and github.ts; what a person is worth here is decided in enter.ts.

import { digest } from '../../secrets.ts'
import { cleanText } from '../../text.ts'
import type { IdentityProviderSettings } from './provider-settings.ts'

export type UpstreamSettings = Omit<IdentityProviderSettings, 'clientSecret'> & {
  readonly clientSecret: string | undefined
}

export interface Upstream {
  readonly settings: UpstreamSettings
  /** Under which subjects are one another's equals: the issuer, whatever the provider is called here. */
  readonly namespace: string
  /** Where to send the browser. Throws UpstreamFailure. */
  begin(trip: Leaving): Promise<URL>
  /** Who came back. Throws UpstreamFailure. */
  finish(trip: Returning): Promise<UpstreamPerson>
}

/** OIDC Core §5.7: `iss` and `sub` together, and nothing else, are somebody. */
export function identityId(who: {
  readonly namespace: string
  readonly person: Pick<UpstreamPerson, 'subject'>
}): string {
  return digest(JSON.stringify([who.namespace, who.person.subject]))
}

/** What stays on the server while the browser is away. */
export interface TripSecrets {
  readonly codeVerifier: string
  readonly nonce: string
}

export interface Leaving extends TripSecrets {
  readonly state: string
  readonly redirectUri: string
  /** The person shall prove themselves anew, whoever is signed in there. */
  readonly fresh: boolean
}

export interface Returning extends TripSecrets {
  readonly state: string
  /** Our redirect URI with what the provider put into its query. */
  readonly callback: URL
}

export interface UpstreamPerson {
  /** Whom the provider means, for ever; never an e-mail address. */
  readonly subject: string
  /** Only one that the provider says it has verified. */
  readonly email: string | null
  readonly name: string | null
  /** When and how they proved themselves there, where the provider tells (OIDC Core §2, RFC 8176). */
  readonly authTime: number | null
  readonly amr: readonly string[]
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * `denied`: the person said no there. `unavailable`: it did not answer, or with a failure of its own; to be tried again.
 * `refused`: it does not want to serve us. `untrusted`: its answer does not hold.
 */
export type UpstreamFault = 'denied' | 'unavailable' | 'refused' | 'untrusted'

/** The message is for the log: what a provider or a stranger wrote is shown to nobody (OSA-D9). */
export class UpstreamFailure extends Error {
  readonly why: UpstreamFault
  constructor(why: UpstreamFault, message: string, cause?: unknown) {
    // It may quote them at any length.
    super(message.slice(0, 300), { cause })
    this.why = why
  }
}

/** RFC 6749 §4.1.2.1: what an `error` in the callback means. */
export function faultOf(error: string): UpstreamFault {
  if (error === 'access_denied') return 'denied'
  return error === 'temporarily_unavailable' || error === 'server_error' ? 'unavailable' : 'refused'
}

/** An address as it stands. One that becomes another when it is normalized (email.ts) was verified for neither of the two. */
export function addressIn(value: unknown): string | null {
  const email = textIn(value, 254)
  return email === value && email === email?.normalize('NFKC') ? email : null
}

export function textIn(value: unknown, most: number): string | null {
  return typeof value === 'string' ? cleanText(value, most) : null
}

/** Whether the claim that makes administrators has one of its values; undefined where no claim does. */
export function isAdminBy({ adminClaim }: UpstreamSettings, person: UpstreamPerson): boolean | undefined {
  if (adminClaim === undefined) return undefined
  const has = [person.claims[adminClaim.claim] ?? []].flat()
  return adminClaim.values.some((value) => has.includes(value))
}
