// The audit log as a chain: each entry carries the hash of the one before it, so that one that was changed, removed or moved shows.
// Entries are written unlinked beside their decision (audit.ts), which so never waits for its neighbours; a moment later they are
// linked here, by whichever node comes first. The end of the chain is a setting under a MAC of the master key: whoever can write
// to the database alone can break the chain, but not make another one that holds. Checking it is audit-verify.ts.

import { hash } from 'node:crypto'
import type { AuditEntry, Setting, Write } from '@countersign/protocol'
import type { Secrets } from './secrets.ts'
import { sameSecret } from './secrets.ts'
import { decideAndApply, type Store } from './store/store.ts'

export interface ChainBase {
  readonly store: Store
  readonly secrets: Secrets
}

export interface Head {
  readonly sequence: number
  readonly hash: string
}

export const beforeTheFirst: Head = { sequence: 0, hash: '0'.repeat(64) }

const settingId = 'audit chain'
/** Small enough that nobody waits long for the commit. */
const mostAtOnce = 200
const tries = 10

/**
 * Links what is not linked yet, in the order in which it was written. Whoever loses against another node tries again, and leaves the
 * rest to it. Links nothing behind an end that somebody else wrote: to go on from there would make it ours.
 */
export async function linkEntries(base: ChainBase): Promise<'linked' | 'untrusted'> {
  for (;;) {
    const done = await decideAndApply(base.store, () => nextLinks(base), tries)
    if (!done.applied) return 'linked'
    if (done.decision.untrusted) return 'untrusted'
    if (done.decision.writes.length <= mostAtOnce) return 'linked'
  }
}

async function nextLinks({ store, secrets }: ChainBase) {
  const open = await store.find('auditEntry', 'link', 'open', mostAtOnce)
  if (open.length === 0) return { untrusted: false, writes: [] }
  const setting = await store.read('setting', settingId)
  const head = await trustedHead({ store, secrets }, setting)
  if (head === undefined) return { untrusted: true, writes: [] }
  let { sequence, hash: previousHash } = head
  const writes: Write[] = open.map((entry) => {
    sequence++
    const place = { sequence, previousHash }
    previousHash = hashOf(entry, place)
    const record = { ...entry, link: { ...place, hash: previousHash } }
    return { op: 'update', kind: 'auditEntry', record }
  })
  const record: Setting = {
    id: settingId,
    version: setting?.version ?? 0,
    value: [sequence, previousHash, macOf(secrets, { sequence, hash: previousHash })].join(' '),
    expiresAt: null,
  }
  // First, so that a race is lost before anything is written.
  const moved: Write = { op: setting === undefined ? 'insert' : 'update', kind: 'setting', record }
  return { untrusted: false, writes: [moved, ...writes] }
}

/** The end of the chain; undefined when it was not written by who holds the master key, or was taken away. */
export async function readHead(base: ChainBase): Promise<Head | undefined> {
  return trustedHead(base, await base.store.read('setting', settingId))
}

/** The last place that somebody stands on. Where the end cannot be trusted, all entries are looked through for it. */
export async function lastPlace(base: ChainBase): Promise<number> {
  const head = await readHead(base)
  if (head !== undefined) return head.sequence
  let last = 0
  for (let after = ''; ; ) {
    const entries = await base.store.list('auditEntry', after)
    for (const { link } of entries) last = Math.max(last, link?.sequence ?? 0)
    const end = entries.at(-1)
    if (end === undefined) return last
    after = end.id
  }
}

async function trustedHead(
  { store, secrets }: ChainBase,
  setting: Setting | undefined,
): Promise<Head | undefined> {
  if (setting === undefined) {
    return (await entriesAt(store, 1, 1)).flat().length === 0 ? beforeTheFirst : undefined
  }
  const [sequence = '', chained = '', mac = ''] = setting.value.split(' ')
  const head = { sequence: Number(sequence), hash: chained }
  return sameSecret(mac, macOf(secrets, head)) ? head : undefined
}

const macOf = (secrets: Secrets, head: Head): string =>
  secrets.mac('audit chain', `${head.sequence} ${head.hash}`)

/** So many questions to the database at a time; others have some, too. */
const questionsAtOnce = 50

/** What stands at each place from `first` to `last`: one entry, unless somebody was at the database. */
export async function entriesAt(
  store: Store,
  first: number,
  last: number,
): Promise<readonly (readonly AuditEntry[])[]> {
  const standing: (readonly AuditEntry[])[] = []
  while (first + standing.length <= last) {
    const from = first + standing.length
    const places = Array.from({ length: Math.min(questionsAtOnce, last - from + 1) }, (_, i) => from + i)
    const found = places.map((place) => store.find('auditEntry', 'link', String(place).padStart(12, '0'), 2))
    standing.push(...(await Promise.all(found)))
  }
  return standing
}

/** SHA-256, in hexadecimal, of the entry as it is exported without its own hash: JSON without spaces, members sorted. */
export function hashOf(
  entry: AuditEntry,
  place: { readonly sequence: number; readonly previousHash: string },
): string {
  const { hash: _own, ...facts } = exported({ ...entry, link: { ...place, hash: '' } })
  return hash('sha256', JSON.stringify(facts, sorted), 'hex')
}

const sorted = (_name: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value

/** An entry as the outside sees it: in a list, in a line of the export, and under the hash. */
export function exported(entry: AuditEntry) {
  return {
    sequence: entry.link?.sequence ?? null,
    id: entry.id,
    at: new Date(entry.at * 1000).toISOString(),
    event: entry.event,
    actor: entry.actor,
    address: entry.address,
    account_id: entry.accountId,
    client_id: entry.clientId,
    grant_id: entry.grantId,
    detail: entry.detail,
    previous_hash: entry.link?.previousHash ?? null,
    hash: entry.link?.hash ?? null,
  }
}

export type ExportedEntry = ReturnType<typeof exported>
