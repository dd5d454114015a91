// How many clients may register themselves where anybody may (standards.md REG-12): counted in one record, exactly and for all nodes.
// The count only grows, since sweeps tell nobody what they delete; when it has reached the limit, the clients that
// are there are counted anew. What registering is, is register.ts.

import type { Setting, Write } from '@countersign/protocol'
import type { Config } from '../config.ts'
import type { Store } from '../store/store.ts'
import type { System } from '../system.ts'

/** The ids of clients that registered themselves begin so. */
export const registeredPrefix = 'reg_'

export interface RegistrationPlaces {
  /** The write that takes one place, to be applied with the new client; undefined when there is none. */
  take(): Promise<Write | undefined>
}

const settingId = 'registered clients'
/** Counting reads every one of them, so it is not done for each who comes too late. */
const recountSeconds = 60
const atOnce = 1000

export function createRegistrationPlaces(
  { registrationLimit }: Pick<Config, 'registrationLimit'>,
  store: Store,
  system: System,
): RegistrationPlaces {
  let recountedAt = -Infinity

  async function recount(before: number): Promise<number> {
    const now = system.clock()
    if (now < recountedAt + recountSeconds) return before
    recountedAt = now
    let count = 0
    for (let after = registeredPrefix; ; ) {
      const page = await store.list('client', after, atOnce)
      const registered = page.filter(({ id }) => id.startsWith(registeredPrefix))
      count += registered.filter(({ expiresAt }) => expiresAt === null || now < expiresAt).length
      const last = page.at(-1)
      if (last === undefined || registered.length < page.length) return count
      after = last.id
    }
  }

  return {
    async take() {
      const record = await store.read('setting', settingId)
      let counted = Number(record?.value ?? 0)
      if (counted >= registrationLimit) counted = await recount(counted)
      if (counted >= registrationLimit) return undefined
      const next: Setting = {
        id: settingId,
        version: record?.version ?? 0,
        value: String(counted + 1),
        expiresAt: null,
      }
      return { op: record === undefined ? 'insert' : 'update', kind: 'setting', record: next }
    },
  }
}
