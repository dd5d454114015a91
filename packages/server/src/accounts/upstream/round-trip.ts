// The way to a provider and back (RFC 6749 §4.1): a `state` that is random, good once, for ten minutes, and in the browser that left
// (OSA-D2); it holds no secret (OSA-D1). The verifier of PKCE and the nonce stay here, sealed.
// What comes back is judged by the provider's own file, and what follows from it by pages/upstream.ts.

import type { UpstreamSignIn } from '@countersign/protocol'
import { digest } from '../../secrets.ts'
import type { Services } from '../../services.ts'
import type { TripSecrets, Upstream } from './provider.ts'

export const tripSeconds = 600

export interface Departure {
  readonly browser: string
  readonly purpose: UpstreamSignIn['purpose']
  readonly accountId: string | null
  readonly returnTo: string
  readonly fresh: boolean
  /** The device that waits for this person: what was typed, or the request that it led to. */
  readonly device: WaitingDevice | null
}

export interface WaitingDevice {
  readonly typed: string
  readonly id: string | null
}

export interface Arrival extends TripSecrets {
  readonly record: UpstreamSignIn
  readonly device: WaitingDevice | null
}

/** Where to send the browser. Nothing is stored while the provider cannot be asked. */
export async function depart(services: Services, upstream: Upstream, leaving: Departure): Promise<URL> {
  const { system, secrets, store } = services
  const fresh = () => system.random(32).toString('base64url')
  const [state, codeVerifier, nonce] = [fresh(), fresh(), fresh()]
  const redirectUri = callbackUri(services, upstream)
  const url = await upstream.begin({ state, codeVerifier, nonce, redirectUri, fresh: leaving.fresh })
  const kept = JSON.stringify({ codeVerifier, nonce, device: leaving.device })
  const record: UpstreamSignIn = {
    id: digest(state),
    version: 0,
    provider: upstream.settings.id,
    browserHash: digest(leaving.browser),
    secretSealed: secrets.seal('upstream sign-in', kept),
    purpose: leaving.purpose,
    accountId: leaving.accountId,
    returnTo: leaving.returnTo,
    createdAt: system.now(),
    expiresAt: system.now() + tripSeconds,
  }
  await store.apply([{ op: 'insert', kind: 'upstreamSignIn', record }])
  return url
}

/** The trip behind a `state`, which ends with this; undefined when it is another browser's, over, or never was. */
export async function arrive(
  { store, system, secrets }: Services,
  upstream: Upstream,
  state: string,
  browser: string,
): Promise<Arrival | undefined> {
  if (!/^[\w-]{43}$/.test(state)) return undefined
  const record = await store.read('upstreamSignIn', digest(state))
  if (record?.browserHash !== digest(browser) || record.provider !== upstream.settings.id) return undefined
  // Of two that come with the same state one deletes it.
  if ((await store.apply([{ op: 'delete', kind: 'upstreamSignIn', record }])) === 'conflict') return undefined
  const opened = secrets.unseal('upstream sign-in', record.secretSealed)
  if (opened === undefined || system.now() >= record.expiresAt) return undefined
  return { record, ...(JSON.parse(opened) as TripSecrets & { device: WaitingDevice | null }) }
}

/** What is registered at the provider. */
export function callbackUri({ config }: Pick<Services, 'config'>, { settings }: Upstream): string {
  return `${config.issuer.replace(/\/$/, '')}/login/upstream/${settings.id}/callback`
}
