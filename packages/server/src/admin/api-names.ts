// Between the names of the program (redirectUris) and those of the wire (redirect_uris), for input that both commands and the API
// check by one schema.

import { z } from 'zod'

/** Where the two differ by more than their spelling. */
const others: Readonly<Record<string, string>> = { grants: 'grant_types' }

export function wireName(name: string): string {
  return others[name] ?? name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

/** The schema with its members under the names of the wire; `inside` says what members look like that have members. */
export function inWireNames(
  schema: z.ZodObject,
  inside: Readonly<Record<string, z.ZodType>> = {},
): z.ZodObject {
  const shape = Object.entries(schema.shape).map(([name, member]) => {
    return [wireName(name), inside[name] ?? (member as z.ZodType)] as const
  })
  return z.strictObject(Object.fromEntries(shape))
}

/** What was sent under the names of the wire, under those of `schema`. */
export function fromWireNames(schema: z.ZodObject, sent: Readonly<Record<string, unknown>>): object {
  const members = Object.keys(schema.shape).flatMap((name) => {
    const value = sent[wireName(name)]
    return value === undefined ? [] : [[name, value] as const]
  })
  return Object.fromEntries(members)
}
