// Clients that are known by a document at the address that is their id (Client ID Metadata Documents): fetched when somebody
// comes with the id, remembered in this node, and fetched again when it has run out. Into the store, for all nodes, it comes with
// the first sign-in (client-first-use.ts): asking costs nobody anything, so it must not make a record either.
// What a document has to say is protocol/client-metadata-document.ts, how strangers' addresses are asked safely fetch-guard.ts;
// who looks clients up is client-directory.ts.

import {
  type Client,
  isDocumentAddress,
  type MetadataPolicy,
  plainClient,
  readMetadataDocument,
} from '@countersign/protocol'
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js'
import type { Config } from './config.ts'
import type { FetchFailure, GuardedFetch } from './fetch-guard.ts'
import { createFetchPlaces, siteOf } from './fetch-places.ts'
import type { Log } from './log.ts'
import { createMemory } from './memory.ts'
import { networkOf } from './networks.ts'
import { clientAlgs, knownScopes } from './offered.ts'
import type { Store } from './store/store.ts'
import type { System } from './system.ts'
import { cleanText } from './text.ts'
import { consume } from './throttle.ts'

export interface MetadataDocuments {
  /** `from` is the address of whoever names the id; undefined where a record of ours does, which is nobody's doing now. */
  find(clientId: string, from?: string): Promise<Client | undefined>
  /** Why the last look at the id found nothing, for as long as it is not asked again. */
  problem(clientId: string): DocumentProblem | undefined
}

export interface DocumentProblem {
  readonly why: FetchFailure | 'switched_off' | 'client_id' | 'host_refused' | 'throttled' | 'content'
  /** The member of the document that is wrong. */
  readonly member?: string
}

export interface DocumentsAround {
  readonly config: Pick<
    Config,
    'clientMetadataDocuments' | 'clientMetadataHosts' | 'clientMetadataDeniedHosts'
  > & { readonly issuer: string }
  readonly store: Store
  readonly system: System
  readonly fetchJson: GuardedFetch
  readonly log: Log
}

/** standards.md section 27: what HTTP says, but no less than five minutes and no more than a day. */
const cacheSeconds = { least: 300, usual: 3600, most: 86_400 }
/** An address that failed is left alone so long, whoever comes with it (CIM-10). */
const restSeconds = 10
/** Addresses that this server never had a document from: per network that comes with them, per site, and altogether, a minute. */
const newPerCaller = 20
const newPerSite = 60
const newAltogether = 600
/** Documents are small (5 KB), but these are strangers'. */
const mostDocuments = 1000
const mostRemembered = 10_000

export function createMetadataDocuments(around: DocumentsAround): MetadataDocuments {
  const { config, store, system, fetchJson, log } = around
  const development = config.issuer.startsWith('http:')
  const policy = policyFor(development)
  const rate = (points: number) => new RateLimiterMemory({ points, duration: 60 })
  const [perCaller, perSite, altogether] = [rate(newPerCaller), rate(newPerSite), rate(newAltogether)]
  const places = createFetchPlaces()
  const documents = createMemory<Client>(mostDocuments)
  const underWay = new Map<string, Promise<Client | undefined>>()
  const problems = createMemory<{ readonly problem: DocumentProblem; readonly until: number }>(mostRemembered)
  /** Had here before: strangers who spend the budget of a site must not lock out those who sign in with its document. */
  const known = createMemory<true>(mostRemembered)

  function refuse(clientId: string, problem: DocumentProblem): undefined {
    problems.set(clientId, { problem, until: system.clock() + restSeconds })
    tell(clientId, problem)
  }

  function tell(clientId: string, problem: DocumentProblem): undefined {
    log.warn('client metadata document refused', { clientId: clientId.slice(0, 500), ...problem })
  }

  const problem = (clientId: string): DocumentProblem | undefined => {
    // Seen anew each time: whoever names what cannot be an id may write it as long as a request may be.
    const why = whatIsWrong(clientId, config, development)
    if (why !== undefined) return { why }
    const last = problems.get(clientId)
    return last !== undefined && system.clock() < last.until ? last.problem : undefined
  }

  async function mayAsk(clientId: string, caller: string): Promise<boolean> {
    const braked = await consume([perCaller, caller], [perSite, siteOf(hostOf(clientId))], [altogether, ''])
    return braked === undefined
  }

  // Whoever has no budget left is told so without a mark on the address: others who come with it have theirs.
  async function ask(asked: Asked): Promise<Client | undefined> {
    const { clientId, stored, caller } = asked
    const isKnown = caller === undefined || known.get(clientId) === true
    const standing = stored !== undefined ? 'trusted' : isKnown ? 'known' : 'new'
    if (standing === 'new' && !(await mayAsk(clientId, caller ?? '')))
      return tell(clientId, { why: 'throttled' })
    const fetching = places.run(sharersOf(asked), standing, () => fetchDocument(clientId, stored))
    return fetching ?? tell(clientId, { why: 'throttled' })
  }

  async function fetchDocument(clientId: string, stored: Client | undefined): Promise<Client | undefined> {
    const fetched = await fetchJson(clientId)
    if (!fetched.ok) return refuse(clientId, { why: fetched.why })
    const read = readMetadataDocument(fetched.json, clientId, policy)
    if (!read.ok) return refuse(clientId, { why: 'content', member: read.refusal.member })
    const { name, echoed, ...members } = read.metadata
    const { least, usual, most } = cacheSeconds
    const now = system.now()
    const record = plainClient({
      ...members,
      id: clientId,
      version: stored?.version ?? 0,
      name: cleanText(name ?? undefined, 100) ?? new URL(clientId).hostname,
      source: 'metadata_document',
      registration: { tokenHash: null, echoed },
      createdAt: stored?.createdAt ?? now,
      expiresAt: now + Math.round(Math.min(most, Math.max(least, fetched.freshSeconds ?? usual))),
    })
    known.set(clientId, true)
    documents.set(clientId, record)
    // A conflict means that another node has just stored it, too.
    if (stored !== undefined) await store.apply([{ op: 'update', kind: 'client', record }])
    return record
  }

  // Who comes with the same id meanwhile waits for the same answer.
  function askOnce(asked: Asked): Promise<Client | undefined> {
    const running = underWay.get(asked.clientId)
    if (running !== undefined) return running
    const started = ask(asked).finally(() => underWay.delete(asked.clientId))
    underWay.set(asked.clientId, started)
    return started
  }

  const isFresh = (client: Client | undefined): client is Client =>
    client?.expiresAt != null && system.now() < client.expiresAt

  return {
    problem,
    async find(clientId, from) {
      const wrong = whatIsWrong(clientId, config, development)
      if (wrong !== undefined) return tell(clientId, { why: wrong })
      const stored = await store.read('client', clientId)
      if (isFresh(stored)) return stored
      const here = documents.get(clientId)
      if (isFresh(here)) return here
      if (problem(clientId) !== undefined) return undefined
      return askOnce({
        clientId,
        stored,
        caller: from === undefined ? undefined : (networkOf(from) ?? 'unknown'),
      })
    },
  }
}

interface Asked {
  readonly clientId: string
  readonly stored: Client | undefined
  readonly caller: string | undefined
}

function sharersOf({ clientId, caller }: Asked): readonly string[] {
  const site = `site ${siteOf(hostOf(clientId))}`
  return caller === undefined ? [site] : [site, `caller ${caller}`]
}

/** What a client may have that nobody has looked at but its own author. */
function policyFor(development: boolean): MetadataPolicy {
  return {
    grantTypes: [
      'authorization_code',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
      'urn:ietf:params:oauth:grant-type:jwt-bearer',
    ],
    scopes: knownScopes,
    assertionAlgs: clientAlgs,
    // standards.md X-22: whoever took the scheme first would be that client.
    privateUse: false,
    loopbackPages: development,
  }
}

function whatIsWrong(
  clientId: string,
  config: DocumentsAround['config'],
  development: boolean,
): DocumentProblem['why'] | undefined {
  if (!config.clientMetadataDocuments) return 'switched_off'
  if (!isDocumentAddress(clientId, development)) return 'client_id'
  const host = hostOf(clientId)
  const isIn = (list: readonly string[]) => list.some((entry) => matches(host, entry.toLowerCase()))
  if (isIn(config.clientMetadataDeniedHosts)) return 'host_refused'
  if (config.clientMetadataHosts.length > 0 && !isIn(config.clientMetadataHosts)) return 'host_refused'
  return undefined
}

// The root's dot changes nothing about where a name leads, so it must not change whether it is on a list.
const hostOf = (clientId: string): string => (URL.parse(clientId)?.hostname ?? '').replace(/\.$/, '')

function matches(host: string, entry: string): boolean {
  return entry.startsWith('*.') ? host.endsWith(entry.slice(1)) : host === entry
}
