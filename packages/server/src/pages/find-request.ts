// From a user code to the request behind it. Every look-up first spends a try (RFC 8628 §5.1), and whatever is not pending is
// as unknown as a code that never was (standards.md DV-03, DV-04).

import { type Client, type DeviceAuthorization, deviceAuthorization } from '@countersign/protocol'
import { hashUserCode } from '../endpoints/device-authorize.ts'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import type { Store } from '../store/store.ts'
import { type Braked, userCodeGuesses } from '../throttle.ts'
import type { Visit } from './visit.ts'

export interface OpenRequest {
  readonly record: DeviceAuthorization
  readonly client: Client
}

export type Found =
  | ({ readonly found: true } & OpenRequest)
  | { readonly found: false; readonly braked?: NonNullable<Braked> }

export async function findByCode(visit: Visit, code: string): Promise<Found> {
  const { services, request, signedIn, browser } = visit
  const guesses = userCodeGuesses({
    browser: digest(browser),
    accountId: signedIn?.account.id,
    address: request.address,
    liveCodes: await liveCodes(services),
  })
  const braked = await services.throttle.spend(guesses)
  if (braked) return { found: false, braked }
  const [record] = await services.store.find(
    'deviceAuthorization',
    'userCodeHash',
    hashUserCode(services, code),
    1,
  )
  const open = await openRequest(services, record)
  if (open === undefined) return { found: false }
  await services.throttle.giveBack(guesses)
  return { found: true, ...open }
}

/** The request that the browser has found before; undefined when there is nothing to decide any more. */
export async function findById(services: Services, id: string): Promise<OpenRequest | undefined> {
  return openRequest(services, await services.store.read('deviceAuthorization', id))
}

async function openRequest(
  services: Services,
  record: DeviceAuthorization | undefined,
): Promise<OpenRequest | undefined> {
  if (record === undefined) return undefined
  if (deviceAuthorization.statusAt(record, services.system.now()) !== 'pending') return undefined
  const client = await services.clients.find(record.clientId)
  return client && { record, client }
}

// How many codes there are sets how many guesses are safe. The number needs a count, so it is remembered for a minute, per store.
const remembered = new WeakMap<Store, { readonly count: number; readonly until: number }>()

async function liveCodes({ store, system }: Services): Promise<number> {
  const now = system.now()
  const known = remembered.get(store)
  if (known !== undefined && now < known.until) return known.count
  const { deviceAuthorization: count } = await store.counts()
  remembered.set(store, { count, until: now + 60 })
  return count
}
