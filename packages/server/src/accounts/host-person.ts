// Reading what a host application's `authenticate` gave: it decides who somebody is and who administers, so nothing of another
// type is taken for what it may have been meant to be. What is made of the person is host.ts.

import { z } from 'zod'
import type { PlainRequest } from '../http.ts'
import type { Host } from './host-application.ts'

/** Null says as much as nothing: databases have it where there is nothing. */
const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined)

// A day in milliseconds since the epoch is later than any day in seconds.
const seconds = z.number().nonnegative().max(1e11, 'is in seconds, and this is milliseconds')

const hostPerson = z.object({
  id: z.string().min(1).max(512),
  email: optional(z.string()),
  name: optional(z.string()),
  admin: optional(z.boolean()),
  authTime: optional(seconds),
  amr: optional(z.array(z.string())),
  session: optional(z.string()),
})

export type KnownPerson = z.output<typeof hostPerson>

/** The person behind a request; throws when the host gives something else, or nothing in time. */
export async function askHost(
  host: Host,
  request: PlainRequest,
  milliseconds = 10_000,
): Promise<KnownPerson | undefined> {
  const told = await inTime(host.authenticate(request), milliseconds)
  if (told === null || told === undefined) return undefined
  const read = hostPerson.safeParse(told)
  if (read.success) return read.data
  const [issue] = read.error.issues
  throw new TypeError(`authenticate() gave no person: ${[issue?.path.join('.'), issue?.message].join(' ')}`)
}

// A host that waits for something of its own must not keep our requests for ever.
async function inTime<T>(asked: Promise<T> | T, milliseconds: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('authenticate() did not answer in time.')), milliseconds)
  })
  try {
    return await Promise.race([asked, late])
  } finally {
    clearTimeout(timer)
  }
}
