// Fifty processes that ask their broker for a token at the same moment, when the old one has run out, of a provider whose refresh
// tokens may be used once. What must come of it is the same in every store: renewal.test.ts and renewal.postgres.test.ts.
// Each process is token-process.ts.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { BrokerStore, Connection } from '@countersign/broker'
import { system } from '@countersign/client/system'
import { leaseSeconds } from '../../packages/broker/src/connection.ts'
import { createSeal } from '../../packages/broker/src/seal.ts'
import { createStoreVault } from '../../packages/broker/src/store-vault.ts'
import { type RotatingProvider, startRotatingProvider } from './rotating-provider.ts'
import type { TokenJob } from './token-process.ts'
import { startTokenProcess, type TokenProcess } from './token-processes.ts'

export interface Ground {
  readonly choice: TokenJob['choice']
  readonly store: BrokerStore
  close(): Promise<void>
}

interface World {
  readonly ground: Ground
  readonly provider: RotatingProvider
  /** The application's; they live through all tests, and whoever is killed is one more. */
  readonly crowd: readonly TokenProcess[]
}

const processes = 50
const key = new Uint8Array(32).fill(3)

export function renewalStorm(name: string, prepare: () => Promise<Ground>): void {
  describe(`renewing among ${processes} processes: ${name}`, () => {
    let world: World
    const crowd: TokenProcess[] = []
    before(async () => {
      const ground = await prepare()
      const provider = await startRotatingProvider()
      world = { ground, provider, crowd }
      const start = async () => void crowd.push(await startTokenProcess(jobOf(world)))
      const started = await Promise.allSettled(Array.from({ length: processes }, start))
      // Only when all have settled, so that none is left running.
      for (const one of started) if (one.status === 'rejected') throw one.reason
    })
    after(async () => {
      await Promise.all(crowd.map((one) => one.end()))
      await world.provider.close()
      await world.ground.close()
    })

    test('CL-09 RT-12 all ask at the moment it runs out: one refresh, and all get the new token', async () => {
      const connection = await connected(world, 'ada')
      for (const one of world.crowd) one.order({ ask: 'ada' })
      await assertAllServed(world, connection, await Promise.all(world.crowd.map((one) => one.next())))
    })

    test('CL-09 RT-12 the holder is killed before it sends: another takes over, and all get the new token', async () => {
      const connection = await connected(world, 'bob')
      await assertAllServed(world, connection, await holderKilled(world, 'bob', 'before sending'))
    })

    test('RT-12 CL-10 the holder is killed with the answer in its hand: nobody sends the token again, all are told to connect again', async () => {
      const connection = await connected(world, 'cyd')
      const said = await holderKilled(world, 'cyd', 'before storing')
      assert.deepEqual(
        said,
        world.crowd.map(() => ({ type: 'failed', code: 'connect_again' })),
      )
      assert.deepEqual(world.provider.answered, [200])
      assert.equal((await stored(world, connection)).ended, 'answer_lost')
    })

    test('CL-09 RT-12 the holder is killed when the answer is stored: all get the new token', async () => {
      const connection = await connected(world, 'dan')
      await assertAllServed(world, connection, await holderKilled(world, 'dan', 'after storing'))
    })

    test('RT-12 the holder is stopped before it sends, for longer than its lease, and another one sends: it does not send as well', async () => {
      const connection = await connected(world, 'eve')
      // As if the provider took it twice for a while, which this one does not: a second time would end all of its tokens.
      const patient = { ...jobOf(world), refreshGraceSeconds: 60 }
      const stopped = await stoppedHolder(patient, 'eve')
      const other = await startTokenProcess(patient)
      other.order({ ask: 'eve', ahead: leaseSeconds + 1 })
      const said = [await other.next(), await stopped.goOn()]
      await assertAllServed(world, connection, said, 2)
      await Promise.all([stopped.end(), other.end()])
    })

    test('RT-12 the holder is stopped before it sends, and nobody else may: what it brings when it goes on is everybody’s', async () => {
      const connection = await connected(world, 'fay')
      const stopped = await stoppedHolder(jobOf(world), 'fay')
      for (const one of world.crowd) one.order({ ask: 'fay', ahead: leaseSeconds + 1 })
      const told = await Promise.all(world.crowd.map((one) => one.next()))
      assert.deepEqual(
        told,
        world.crowd.map(() => ({ type: 'failed', code: 'connect_again' })),
      )
      assert.deepEqual(world.provider.answered, [])
      assert.equal((await stopped.goOn()).type, 'token')
      for (const one of world.crowd) one.order({ ask: 'fay' })
      await assertAllServed(world, connection, await Promise.all(world.crowd.map((one) => one.next())))
      await stopped.end()
    })
  })
}

/** One process more stands still in the middle, all the others ask, the one is killed, and its lease runs out. */
async function holderKilled(
  world: World,
  person: string,
  stopAt: NonNullable<TokenJob['stopAt']>,
): Promise<readonly unknown[]> {
  const holder = await startTokenProcess({ ...jobOf(world), stopAt })
  holder.order({ ask: person })
  assert.deepEqual(await holder.next(), { type: 'stopped' })
  for (const one of world.crowd) one.order({ ask: person, ahead: 0 })
  holder.kill()
  assert.deepEqual(await holder.next(), { type: 'gone' })
  for (const one of world.crowd) one.order({ ahead: leaseSeconds })
  return Promise.all(world.crowd.map((one) => one.next()))
}

/** One process more has marked what it sends, and is stopped (SIGSTOP) for so long that the others take it for dead. */
async function stoppedHolder(job: TokenJob, person: string): Promise<TokenProcess> {
  const holder = await startTokenProcess({ ...job, stopAt: 'marked', stoppedFor: leaseSeconds + 2 })
  holder.order({ ask: person, ahead: 0 })
  assert.deepEqual(await holder.next(), { type: 'stopped' })
  return holder
}

/** All got one token, which is new and works; nobody sent a refresh token twice, which would have ended it. */
async function assertAllServed(
  world: World,
  connection: Connection,
  said: readonly unknown[],
  count = processes,
): Promise<void> {
  const { tokens } = await stored(world, connection)
  assert.deepEqual(
    said,
    Array.from({ length: count }, () => ({ type: 'token', accessToken: tokens.accessToken })),
  )
  assert.notEqual(tokens.accessToken, connection.tokens.accessToken)
  assert.notEqual(tokens.refreshToken, connection.tokens.refreshToken)
  assert.deepEqual(world.provider.answered, [200])
  assert.equal(await world.provider.accepts(tokens.accessToken), true)
}

/** Somebody whose access token has just run out. */
async function connected({ ground, provider }: World, person: string): Promise<Connection> {
  const connection: Connection = {
    id: `connection-of-${person}`,
    version: '',
    person,
    place: '',
    provider: 'corp',
    account: null,
    label: 'Corp',
    tokens: { ...(await provider.signIn()), expiresAt: system.now() - 1 },
    flow: '',
    ended: null,
    createdAt: system.now() - 3600,
    updatedAt: system.now() - 3600,
  }
  assert.equal(await vaultOf(ground).put(connection, null), 'stored')
  return connection
}

async function stored({ ground }: World, { person, id }: Connection): Promise<Connection> {
  const found = await vaultOf(ground).find('', person, id)
  assert.ok(found)
  return found
}

function vaultOf({ store }: Ground) {
  return createStoreVault(store, createSeal(key, system))
}

function jobOf({ ground, provider }: Pick<World, 'ground' | 'provider'>): TokenJob {
  const { issuer, clientId } = provider
  return { choice: ground.choice, key: Buffer.from(key).toString('base64url'), issuer, clientId }
}
