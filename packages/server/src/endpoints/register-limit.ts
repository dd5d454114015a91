// How many clients may register themselves where anybody may (standards.md REG-12): counted in one record, exactly and for all nodes.
// The count only grows, since sweeps tell nobody what they delete; when it has reached the limit, the clients that
// are there are counted anew. What registering is, is register.ts.

import type { Setting, Write } from '@countersign/protocol'
import type { Services } from '../services.ts'
import { registeredPrefix } from './register-record.ts'

const settingId = 'registered clients'
/** Counting reads every one of them, so it is not done for each who comes too late. */
const recountSeconds = 60
const atOnce = 1000

const recountedAt = new WeakMap<Services, number>()

/** The write that takes one place, to be applied with the new client; undefined when there is none. */
export async function takePlace(services: Services): Promise<Write | undefined> {
  const { store, config } = services
  const record = await store.read('setting', settingId)
  let counted = Number(record?.value ?? 0)
  if (counted >= config.registrationLimit) counted = await recount(services, counted)
  if (counted >= config.registrationLimit) return undefined
  const next: Setting = {
    id: settingId,
    version: record?.version ?? 0,
    value: String(counted + 1),
    expiresAt: null,
  }
  return { op: record === undefined ? 'insert' : 'update', kind: 'setting', record: next }
}

async function recount(services: Services, before: number): Promise<number> {
  const { store, system } = services
  const now = system.clock()
  if (now < (recountedAt.get(services) ?? -Infinity) + recountSeconds) return before
  recountedAt.set(services, now)
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
