// The JSON body of a request, with its bound: what is no JSON object has no members, so that it is refused for what is missing.
// Not here: where requests may come from (origin.ts).

import { parseObject } from '@countersign/client/json'
import { Refusal } from './answer.ts'

const bodyLimit = 16 * 1024

export type Members = Readonly<Record<string, unknown>>

export async function readMembers(request: Request): Promise<Members> {
  return parseObject(await readText(request)) ?? {}
}

/** Text without the spaces around it; undefined for anything else, and for none. */
export function text(members: Members, name: string): string | undefined {
  const value = members[name]
  const trimmed = typeof value === 'string' ? value.trim() : ''
  return trimmed === '' ? undefined : trimmed
}

/** `["a","b"]` or `"a b"`. */
export function texts(members: Members, name: string): readonly string[] | undefined {
  const value = members[name]
  const list = typeof value === 'string' ? value.split(/\s+/) : value
  if (!Array.isArray(list)) return undefined
  const words = list.filter((word): word is string => typeof word === 'string' && word !== '')
  return words.length === 0 ? undefined : words
}

async function readText(request: Request): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > bodyLimit) throw tooLarge()
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    // Whoever says nothing about the length, or the wrong thing, is stopped on the way.
    for await (const chunk of request.body ?? []) {
      size += chunk.byteLength
      if (size > bodyLimit) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (error) {
    // A browser that goes away in the middle is no fault of the program.
    throw error instanceof Refusal ? error : new Refusal(400, 'The request ended too early')
  }
  return Buffer.concat(chunks).toString('utf8')
}

const tooLarge = () => new Refusal(413, 'The request is too large')
