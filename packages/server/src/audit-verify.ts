// Whether the audit chain holds: every place taken once, by an entry that says what its hash says, joined to the one before.
// How the chain is made is audit-chain.ts. A chain whose end was cut off together with the setting that names it looks whole: note
// the head now and then outside of the database, and have it looked for (`noted`).

import type { AuditEntry } from '@countersign/protocol'
import { beforeTheFirst, type ChainBase, entriesAt, type Head, hashOf, readHead } from './audit-chain.ts'

/**
 * `missing`: nobody stands there. `twice`: more than one does. `changed`: the entry is not what was hashed. `moved`: it was made for
 * another place, or the one before it is not the one it was joined to. `head`: the end is not where it was, or was written by
 * somebody without the master key. `noted`: the head that was noted is not in the chain.
 */
export type Fault = 'missing' | 'twice' | 'changed' | 'moved' | 'head' | 'noted'

export interface Verified {
  readonly ok: boolean
  readonly checked: number
  /** The end of the chain, to be noted elsewhere; null when it cannot be trusted. */
  readonly head: Head | null
  /** Where to go on, when `most` entries were not all. */
  readonly next: number | null
  readonly faults: readonly { readonly sequence: number; readonly fault: Fault }[]
}

export interface VerifyOptions {
  /** The place after which to begin. */
  readonly after?: number | undefined
  readonly most?: number | undefined
  readonly noted?: Head | undefined
}

const step = 200
/** By then it is clear, and an answer has an end. */
const mostFaults = 100

export async function verifyChain(
  base: ChainBase,
  { after = 0, most = Number.MAX_SAFE_INTEGER, noted }: VerifyOptions = {},
): Promise<Verified> {
  const head = await readHead(base)
  const walked = await walk(base, { after, last: Math.min(head?.sequence ?? Infinity, after + most), head })
  const finished = head !== undefined && walked.place >= head.sequence
  const faults = [...walked.faults]
  if (head === undefined) faults.push({ sequence: walked.place, fault: 'head' })
  else if (finished && !(await isTheEnd(base, head, walked.hash)))
    faults.push({ sequence: head.sequence, fault: 'head' })
  if (noted !== undefined && (await hashAt(base, noted.sequence)) !== noted.hash)
    faults.push({ sequence: noted.sequence, fault: 'noted' })
  return {
    ok: faults.length === 0,
    checked: walked.place - after,
    head: head ?? null,
    next: finished || head === undefined || faults.length > 0 ? null : walked.place,
    faults,
  }
}

interface Way {
  readonly after: number
  readonly last: number
  readonly head: Head | undefined
}

/** How far there was something to look at, the hash that stands there, and what was wrong on the way. */
async function walk(base: ChainBase, { after, last, head }: Way) {
  const faults: Verified['faults'][number][] = []
  let hash = await hashAt(base, after)
  let place = after
  for (let first = after + 1; first <= last && faults.length < mostFaults; first += step) {
    const standing = await entriesAt(base.store, first, Math.min(first + step - 1, last))
    // Where the end cannot be trusted, the chain goes as far as somebody stands.
    const upTo = head === undefined ? standing.findLastIndex((entries) => entries.length > 0) + 1 : Infinity
    for (const entries of standing.slice(0, upTo)) {
      place++
      const fault = faultOf(entries, place, hash)
      if (fault !== undefined) faults.push({ sequence: place, fault })
      hash = entries[0]?.link?.hash
    }
    if (upTo < standing.length) break
  }
  return { faults, hash, place }
}

function faultOf(
  standing: readonly AuditEntry[],
  place: number,
  previousHash: string | undefined,
): Fault | undefined {
  const [entry] = standing
  if (entry?.link == null) return 'missing'
  if (standing.length > 1) return 'twice'
  if (hashOf(entry, entry.link) !== entry.link.hash) return 'changed'
  if (entry.link.sequence !== place) return 'moved'
  // After a gap there is nothing to compare with, and the gap was told.
  return previousHash === undefined || entry.link.previousHash === previousHash ? undefined : 'moved'
}

// Another node may link on while this one looks: only an end that stays where it is and has somebody behind it is wrong.
async function isTheEnd(base: ChainBase, head: Head, lastHash: string | undefined): Promise<boolean> {
  if (lastHash !== head.hash) return false
  const behind = (await entriesAt(base.store, head.sequence + 1, head.sequence + 1)).flat()
  return behind.length === 0 || (await readHead(base))?.sequence !== head.sequence
}

async function hashAt({ store }: ChainBase, sequence: number): Promise<string | undefined> {
  if (sequence === 0) return beforeTheFirst.hash
  const [entry] = (await entriesAt(store, sequence, sequence)).flat()
  return entry?.link?.hash
}
