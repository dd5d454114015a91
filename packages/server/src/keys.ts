// The signing keys: made on first start, encrypted at rest, published before their first use and kept until everything
// they signed has expired (standards.md JK-05). Every node reads them from the store and looks again each minute.
// What is signed is in tokens.ts; the JWK Set's URL in endpoints/metadata.ts.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import type { Setting, SigningKey, Write } from '@countersign/protocol'
import type { JWK } from 'jose'
import { fromDer, toDer } from './ecdsa-signature.ts'
import type { Secrets } from './secrets.ts'
import type { Store } from './store/store.ts'
import type { System } from './system.ts'

export type Alg = SigningKey['alg']

/** ES256 for access tokens; RS256 because OpenID Connect demands it (OIDC Core §15.1); EdDSA for who prefers it. */
export const algs: readonly Alg[] = ['ES256', 'RS256', 'EdDSA']

/** Twice the time for which a JWK Set may be cached, so that nobody meets a signature before its key. */
export const jwksCacheSeconds = 600
const leadSeconds = 2 * jwksCacheSeconds
/** Nothing signed here lives longer: the upper bound of accessTokenSeconds, with clock tolerance. */
const longestSignedSeconds = 3600 + 300

interface LiveKey {
  readonly record: SigningKey
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

/** A compact JWS (RFC 7515), and the key that signed it. */
export interface SignedJwt {
  readonly text: string
  readonly kid: string
}

export interface Keys {
  /** Signs with the key of `alg` whose turn it is. */
  sign(alg: Alg, header: object, payload: object): SignedJwt
  /** Whether there is such a key. What it signed counts no longer than it does. */
  has(kid: string): boolean
  /** Whether `signature` over `input` is by the key `kid`, and `alg` is that key's own (RFC 8725 §3.1). */
  verify(kid: string, alg: string, input: string, signature: Buffer): boolean
  /** The public halves of all keys that may have signed, or are about to sign (RFC 7517). */
  publicSet(): { readonly keys: readonly JWK[] }
  /** Looks at the store again; makes what is missing. */
  refresh(): Promise<void>
}

export interface KeysOptions {
  readonly store: Store
  readonly secrets: Secrets
  readonly system: System
  /** What is written beside a new key at a rotation: the audit log's entry. */
  readonly tell?: (key: SigningKey) => readonly Write[]
}

export async function openKeys({ store, secrets, system }: KeysOptions): Promise<Keys> {
  let live = new Map<string, LiveKey>()
  const heads = new Map<string, string>()

  async function refresh(): Promise<void> {
    const now = system.now()
    let records = await store.list('signingKey')
    for (const alg of algs) {
      const isMissing = () => !records.some((record) => record.alg === alg && isUsable(record, now))
      for (let attempt = 0; isMissing() && attempt < 3; attempt++) {
        // Read before the keys are: who makes one in between moves it, and then ours conflicts.
        const turn = await store.read('setting', turnId(alg))
        records = await store.list('signingKey')
        if (isMissing()) await addSigningKey({ store, secrets, system }, alg, now, [takeTurn(alg, turn)])
        records = await store.list('signingKey')
      }
    }
    const next = new Map<string, LiveKey>()
    // The keys stay the same, but the record learns when its turn ends.
    for (const record of records)
      next.set(record.id, { ...(live.get(record.id) ?? open(record, secrets)), record })
    live = next
    heads.clear()
  }

  await refresh()
  return {
    sign(alg, header, payload) {
      const key = currentKey(live.values(), alg, system.now())
      const head = `${key.record.id} ${JSON.stringify(header)}`
      let encoded = heads.get(head)
      if (encoded === undefined) {
        encoded = base64url(JSON.stringify({ alg, kid: key.record.id, ...header }))
        heads.set(head, encoded)
      }
      const input = `${encoded}.${base64url(JSON.stringify(payload))}`
      const plain = sign(digestOf(alg), Buffer.from(input), key.privateKey)
      const signature = (alg === 'ES256' ? fromDer(plain) : plain).toString('base64url')
      return { text: `${input}.${signature}`, kid: key.record.id }
    },
    has: (kid) => live.has(kid),
    verify(kid, alg, input, signature) {
      const key = live.get(kid)
      if (key === undefined || key.record.alg !== alg) return false
      const plain = key.record.alg === 'ES256' ? toDer(signature) : signature
      return plain !== undefined && verify(digestOf(key.record.alg), Buffer.from(input), key.publicKey, plain)
    },
    publicSet() {
      const now = system.now()
      const published = [...live.values()].filter(
        ({ record }) => record.retiresAt === null || record.retiresAt > now,
      )
      return {
        keys: published.map(({ record }) => ({
          ...record.publicJwk,
          kid: record.id,
          use: 'sig',
          alg: record.alg,
        })),
      }
    },
    refresh,
  }
}

/**
 * Rotates each algorithm: a new key is published now and signs after the lead time; the one before it stays published until
 * everything it signs until then has expired. An algorithm whose next key waits for its turn already has nothing to gain, and
 * everybody who fetches the keys would carry one more. Returns the new keys.
 */
export async function rotateKeys(options: KeysOptions): Promise<readonly SigningKey[]> {
  const { store, system } = options
  const now = system.now()
  const added: SigningKey[] = []
  for (const alg of algs) {
    // Read before the keys are: of two who rotate at once, the second conflicts.
    const turn = await store.read('setting', turnId(alg))
    const before = (await store.list('signingKey')).filter((record) => record.alg === alg)
    if (before.some(({ activeAt }) => activeAt > now)) continue
    const next = await addSigningKey(options, alg, now + leadSeconds, [takeTurn(alg, turn)])
    if (next === undefined) continue
    added.push(next)
    for (const record of before.filter(({ retiresAt }) => retiresAt === null)) {
      const retired = { ...record, retiresAt: next.activeAt + longestSignedSeconds }
      // Losing this race means that somebody else rotated at the same moment and retired it: as good.
      await store.apply([{ op: 'update', kind: 'signingKey', record: retired }])
    }
  }
  return added
}

function isUsable(record: SigningKey, now: number): boolean {
  return (
    record.activeAt <= now && (record.retiresAt === null || record.retiresAt - longestSignedSeconds > now)
  )
}

// Nodes that start at once on an empty database must not make a key each: what one of them signs in its first minute would be
// unknown to the others, who look for new keys only once a minute. So a key comes with a write that only one can make.
const turnId = (alg: Alg): string => `first signing key ${alg}`

function takeTurn(alg: Alg, turn: Setting | undefined): Write {
  if (turn !== undefined) return { op: 'update', kind: 'setting', record: turn }
  const record = { id: turnId(alg), version: 0, value: '', expiresAt: null }
  return { op: 'insert', kind: 'setting', record }
}

// The youngest key whose turn has come.
function currentKey(keys: Iterable<LiveKey>, alg: Alg, now: number): LiveKey {
  let current: LiveKey | undefined
  for (const key of keys) {
    if (key.record.alg !== alg || !isUsable(key.record, now)) continue
    if (current === undefined || isLater(key.record, current.record)) current = key
  }
  if (current === undefined) throw new Error(`There is no ${alg} key.`)
  return current
}

function isLater(a: SigningKey, b: SigningKey): boolean {
  return a.activeAt !== b.activeAt ? a.activeAt > b.activeAt : a.id > b.id
}

async function addSigningKey(
  { store, secrets, system, tell }: KeysOptions,
  alg: Alg,
  activeAt: number,
  also: readonly Write[],
): Promise<SigningKey | undefined> {
  const { publicKey, privateKey } = generate(alg)
  const publicJwk = publicKey.export({ format: 'jwk' }) as Record<string, string>
  // Loaded when a key is made, which is at the first start and a few times a year.
  const { calculateJwkThumbprint } = await import('jose')
  const record: SigningKey = {
    id: await calculateJwkThumbprint(publicJwk),
    version: 0,
    alg,
    publicJwk,
    privateSealed: secrets.seal('signing key', privateKey.export({ format: 'pem', type: 'pkcs8' }) as string),
    createdAt: system.now(),
    activeAt,
    retiresAt: null,
  }
  const told = tell?.(record) ?? []
  const applied = await store.apply([...also, { op: 'insert', kind: 'signingKey', record }, ...told])
  return applied === 'applied' ? record : undefined
}

function generate(alg: Alg): { publicKey: KeyObject; privateKey: KeyObject } {
  switch (alg) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' })
    case 'RS256':
      return generateKeyPairSync('rsa', { modulusLength: 2048 })
    case 'EdDSA':
      return generateKeyPairSync('ed25519')
  }
}

function open(record: SigningKey, secrets: Secrets): LiveKey {
  const pem = secrets.unseal('signing key', record.privateSealed)
  if (pem === undefined) throw new WrongMasterKey()
  const privateKey = createPrivateKey(pem)
  return { record, privateKey, publicKey: createPublicKey(privateKey) }
}

/** The database was written under another master key: starting would sign nothing and lock everybody out. */
export class WrongMasterKey extends Error {
  readonly code = 'config'
  constructor() {
    super('The master key (COUNTERSIGN_MASTER_KEY) does not fit this database.')
  }
}

const digestOf = (alg: Alg): string | null => (alg === 'EdDSA' ? null : 'sha256')

const base64url = (text: string): string => Buffer.from(text).toString('base64url')
