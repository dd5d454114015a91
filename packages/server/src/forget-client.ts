// What hangs on a client that is gone: its sign-ins end, and what waits to become one, what people agreed to and where they signed in
// from is forgotten, so that the next client of this name begins with nothing (RT-08).
// Removing the client itself is admin/admin-clients.ts, and endpoints/register-client.ts for one that removes itself.

import type { Write } from '@countersign/protocol'
import type { By } from './audit.ts'
import { endGrant } from './end-grant.ts'
import type { Store } from './store/store.ts'
import type { System } from './system.ts'

interface Around {
  readonly store: Store
  readonly system: System
  /** Who removed the client. */
  readonly by: By
}

/** So many at a time: a client may have a million sign-ins, and nothing else should wait for them. */
const atOnce = 100
/** Passes in a row that get nothing done. */
const tries = 5

/** What becomes a sign-in goes before the sign-ins: other nodes know the client a moment longer, and redeem it meanwhile. */
const redeemable = ['authorizationRequest', 'deviceAuthorization', 'authorizationCode'] as const
const remembered = ['consent', 'networkMemory'] as const

/**
 * Call it when the client is gone, so that nothing more is made for it. It may be called again where it was interrupted, and says
 * whether there was anything.
 */
export async function forgetClient(around: Around, id: string): Promise<'nothing' | 'forgotten' | 'busy'> {
  let found = false
  for (const step of [
    ...redeemable.map((kind) => deleting(around, kind)),
    (client: string) => endGrants(around, client),
    ...remembered.map((kind) => deleting(around, kind)),
  ]) {
    for (let lost = 0, left = true; left; ) {
      const { standing, done } = await step(id)
      left = standing > 0
      found ||= done > 0
      lost = done > 0 ? 0 : lost + 1
      if (left && lost === tries) return 'busy'
    }
  }
  return found ? 'forgotten' : 'nothing'
}

/** How many were there, and how many of them are gone now. */
interface Pass {
  readonly standing: number
  readonly done: number
}

async function endGrants({ store, system, by }: Around, client: string): Promise<Pass> {
  const grants = await store.find('grant', 'clientId', client, atOnce)
  const ended = await Promise.all(
    grants.map(({ id }) => endGrant({ store, system }, id, { by, why: 'admin' })),
  )
  return { standing: grants.length, done: ended.filter((one) => one !== 'busy').length }
}

function deleting({ store }: Around, kind: (typeof redeemable | typeof remembered)[number]) {
  return async (client: string): Promise<Pass> => {
    const records = await store.find(kind, 'clientId', client, atOnce)
    const applied = await Promise.all(
      records.map((record) =>
        // Whoever waits for the record learns at once that it is gone.
        store.apply([{ op: 'delete', kind, record } as Write, { op: 'notify', topic: record.id }]),
      ),
    )
    return { standing: records.length, done: applied.filter((one) => one === 'applied').length }
  }
}
