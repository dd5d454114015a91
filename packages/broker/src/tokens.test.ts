// Tokens for the application in one process and in two that share a store, with a clock that stands still: who gets what, how often
// the provider is asked, what is stored and told. What a provider may answer: renewal.outcomes.test.ts. Stores and vaults that fail: renewal.test.ts. Real processes: test/broker.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Broker } from './broker.ts'
import { leaseSeconds } from './connection.ts'
import { RequestError, TokenError } from './errors.ts'
import { connectedWorld } from './testing/connected-world.ts'

const tokenError = (code: TokenError['code']) => (error: unknown) =>
  error instanceof TokenError && error.code === code && error.provider === 'scripted'
const many = (broker: Broker, count = 50) =>
  Promise.all(Array.from({ length: count }, () => broker.token('ada', 'scripted')))

describe('CL-09 a token that is live', () => {
  test('is handed out, and the provider is not asked', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect({ tokens: { expiresAt: world.clock.now() + 3600 } })
    const token = await world.broker.token('ada', 'scripted')
    assert.deepEqual(token, {
      accessToken: tokens.accessToken,
      expiresAt: tokens.expiresAt,
      scopes: ['repo'],
      connection: (await world.broker.connections('ada'))[0],
    })
    assert.equal(world.provider.asked.refresh.length, 0)
  })

  test('is renewed where it is asked for longer than it lives', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect({ tokens: { expiresAt: world.clock.now() + 100 } })
    const broker = world.broker
    assert.equal((await broker.token('ada', 'scripted')).accessToken, tokens.accessToken)
    const longer = await broker.token('ada', 'scripted', { minValidity: 200 })
    assert.notEqual(longer.accessToken, tokens.accessToken)
    for (const minValidity of [-1, Number.NaN, Number.POSITIVE_INFINITY])
      await assert.rejects(broker.token('ada', 'scripted', { minValidity }), { code: 'invalid_request' })
  })

  test('of which each lives shorter than anybody asks is not renewed at every use', async () => {
    await using world = connectedWorld()
    const short = () => world.provider.tokens({ expiresAt: world.clock.now() + 30 })
    world.provider.refreshes.push(() => ({ type: 'tokens', tokens: short() }))
    await world.connect()
    await many(world.broker)
    await many(world.broker)
    assert.equal(world.provider.asked.refresh.length, 1)
  })

  test('is what was just renewed, even where the provider says that it is over already', async () => {
    await using world = connectedWorld()
    const over = world.provider.tokens({ expiresAt: world.clock.now() })
    world.provider.refreshes.push({ type: 'tokens', tokens: over })
    await world.connect()
    assert.equal((await world.broker.token('ada', 'scripted')).accessToken, over.accessToken)
    assert.equal(world.provider.asked.refresh.length, 1)
  })

  test('CL-18 is not handed out where the provider has taken a scope from it', async () => {
    await using world = connectedWorld()
    const less = world.provider.tokens({ expiresAt: world.clock.now() + 3600, scopes: ['user'] })
    world.provider.refreshes.push({ type: 'tokens', tokens: less })
    await world.connect()
    const asked = { scopes: ['repo'] }
    await assert.rejects(world.broker.token('ada', 'scripted', asked), tokenError('more_scopes'))
    assert.deepEqual((await world.broker.token('ada', 'scripted')).scopes, ['user'])
    assert.equal(world.provider.asked.refresh.length, 1)
  })
})

describe('CL-09 RT-12 renewing', () => {
  test('many callers of one process: the provider is asked once, all get what is stored, one event', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect()
    const got = await many(world.broker)
    assert.deepEqual(world.provider.asked.refresh, [tokens])
    const now = (await world.stored()).tokens
    assert.notEqual(now.refreshToken, tokens.refreshToken)
    assert.deepEqual([...new Set(got.map(({ accessToken }) => accessToken))], [now.accessToken])
    const { person, provider, id } = await world.stored()
    assert.deepEqual(world.events, [{ type: 'refreshed', person, provider, connection: id }])
    assert.deepEqual([(await world.lease())?.holder, (await world.lease())?.sent], [null, null])
  })

  test('two processes at once: the provider is asked once, both get the new token', async () => {
    await using world = connectedWorld()
    await world.connect()
    const { promise, resolve } = Promise.withResolvers<void>()
    const renewed = { type: 'tokens', tokens: world.provider.tokens() } as const
    world.provider.refreshes.push(() => promise.then(() => renewed))
    const both = Promise.all([many(world.broker), many(world.another())])
    await world.clock.pass(3)
    resolve()
    await world.clock.pass(1)
    const got = (await both).flat().map(({ accessToken }) => accessToken)
    assert.deepEqual([...new Set(got)], [renewed.tokens.accessToken])
    assert.equal(world.provider.asked.refresh.length, 1)
    assert.equal(world.events.length, 1)
  })

  test('whoever stops waiting does not stop it: in the process that renews, and in one that waits', async () => {
    await using world = connectedWorld()
    await world.connect()
    const { promise, resolve } = Promise.withResolvers<void>()
    const renewed = { type: 'tokens', tokens: world.provider.tokens() } as const
    world.provider.refreshes.push(() => promise.then(() => renewed))
    const stop = new AbortController()
    const options = { signal: stop.signal }
    const waiting = [world.broker, world.another()].map((broker) => broker.token('ada', 'scripted', options))
    await world.clock.settle()
    stop.abort(new Error('enough'))
    for (const one of waiting) await assert.rejects(one, /enough/)
    await assert.rejects(world.broker.token('ada', 'scripted', options), /enough/)
    resolve()
    await world.clock.settle()
    assert.equal((await world.stored()).tokens.accessToken, renewed.tokens.accessToken)
    assert.equal((await world.broker.token('ada', 'scripted')).accessToken, renewed.tokens.accessToken)
    assert.equal(world.provider.asked.refresh.length, 1)
  })

  test('whoever stopped waiting is told so, also where the old token lives a little', async () => {
    await using world = connectedWorld()
    await world.connect({ tokens: { expiresAt: world.clock.now() + 30 } })
    const stop = new AbortController()
    const token = world.broker.token('ada', 'scripted', { signal: stop.signal })
    stop.abort(new Error('enough'))
    await assert.rejects(token, /enough/)
  })

  test('a process that dies with the request out: all others are told to connect again, and sends nothing', async () => {
    await using world = connectedWorld()
    await world.connect()
    const { promise, resolve: comeBack } = Promise.withResolvers<void>()
    world.provider.refreshes.push(() => promise.then(() => ({ type: 'trouble' })))
    const dead = world.another()
    void dead.token('ada', 'scripted').catch(() => {})
    await world.clock.settle()
    const failed = [world.broker, world.another()].map((broker) =>
      assert.rejects(broker.token('ada', 'scripted'), tokenError('connect_again')),
    )
    await world.clock.pass(leaseSeconds + 1)
    await Promise.all(failed)
    assert.equal(world.provider.asked.refresh.length, 1)
    assert.equal((await world.stored()).ended, 'answer_lost')
    assert.deepEqual(
      world.events.map(({ type, why }) => [type, why]),
      [['failed', 'answer_lost']],
    )
    assert.equal((await world.lease())?.sent, null)
    comeBack()
  })

  test('a process that was only slow: its tokens are the right ones, and the connection works again', async () => {
    await using world = connectedWorld()
    await world.connect()
    const { promise, resolve } = Promise.withResolvers<void>()
    const renewed = { type: 'tokens', tokens: world.provider.tokens() } as const
    world.provider.refreshes.push(() => promise.then(() => renewed))
    const slow = world.another().token('ada', 'scripted')
    await world.clock.settle()
    const failed = assert.rejects(world.broker.token('ada', 'scripted'), tokenError('connect_again'))
    await world.clock.pass(leaseSeconds + 1)
    await failed
    resolve()
    assert.equal((await slow).accessToken, renewed.tokens.accessToken)
    assert.equal((await world.broker.token('ada', 'scripted')).accessToken, renewed.tokens.accessToken)
    assert.deepEqual(
      world.events.map(({ type }) => type),
      ['failed', 'refreshed'],
    )
  })

  test('a holder that dies again and again keeps nobody waiting for ever', async () => {
    await using world = connectedWorld()
    await world.connect()
    const held = async () => {
      const last = await world.lease()
      const lease = { id: 'connection-1', holder: 'somebody', sent: null, sentAt: null }
      const version = (last?.version ?? 0) + 1
      await world.store.leases.put({ ...lease, version, until: world.clock.now() + leaseSeconds })
    }
    await held()
    const waiting = assert.rejects(world.broker.token('ada', 'scripted'), tokenError('try_later'))
    for (let seconds = 0; seconds < 60; seconds += 5) {
      await world.clock.pass(5)
      await held()
    }
    await waiting
    assert.equal(world.provider.asked.refresh.length, 0)
  })

  test('a listener that throws changes nothing', async () => {
    await using world = connectedWorld()
    await world.connect()
    world.broker.on(() => {
      throw new Error('not here')
    })
    assert.equal((await world.broker.token('ada', 'scripted')).accessToken, 'access-token-2')
    assert.equal(world.events.length, 1)
    assert.deepEqual(
      world.log.map(({ event }) => event),
      ['listener.failed'],
    )
  })

  test('closing waits for a renewal whose request is out', async () => {
    await using world = connectedWorld()
    await world.connect()
    const { promise, resolve } = Promise.withResolvers<void>()
    const renewed = { type: 'tokens', tokens: world.provider.tokens() } as const
    world.provider.refreshes.push(() => promise.then(() => renewed))
    const token = world.broker.token('ada', 'scripted')
    await world.clock.settle()
    let closed = false
    const closing = world.broker.close().then(() => {
      closed = true
    })
    await world.clock.pass(5)
    assert.equal(closed, false)
    resolve()
    await closing
    assert.equal((await token).accessToken, renewed.tokens.accessToken)
    assert.equal((await world.stored()).tokens.accessToken, renewed.tokens.accessToken)
  })
})

describe('CL-09 a token that the API refused', () => {
  test('is renewed once, however many report it, in two processes', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect({ tokens: { expiresAt: null } })
    const rejected = tokens.accessToken
    const report = (broker: Broker) =>
      Promise.all(Array.from({ length: 20 }, () => broker.token('ada', 'scripted', { rejected })))
    const both = Promise.all([report(world.broker), report(world.another())])
    await world.clock.pass(2)
    const late = await world.broker.token('ada', 'scripted', { rejected })
    for (const got of [...(await both).flat(), late]) assert.equal(got.accessToken, 'access-token-2')
    assert.equal(world.provider.asked.refresh.length, 1)
  })

  test('and is refused again as soon as it was renewed for that: the provider is left alone for a while', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect({ tokens: { expiresAt: null } })
    const report = (rejected: string) => world.broker.token('ada', 'scripted', { rejected })
    const { accessToken } = await report(tokens.accessToken)
    await assert.rejects(
      report(accessToken),
      (error) => error instanceof TokenError && error.code === 'try_later' && error.retryAfterSeconds === 10,
    )
    assert.equal(world.provider.asked.refresh.length, 1)
    await world.clock.pass(10)
    assert.notEqual((await report(accessToken)).accessToken, accessToken)
    assert.equal(world.provider.asked.refresh.length, 2)
  })

  test('and cannot be renewed ends the connection', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect({ tokens: { expiresAt: null, refreshToken: null } })
    const rejected = tokens.accessToken
    await assert.rejects(world.broker.token('ada', 'scripted', { rejected }), tokenError('connect_again'))
    assert.equal((await world.stored()).ended, 'refused')
    assert.equal(world.events[0]?.type, 'failed')
  })

  test('and comes back from the provider is not handed out again, nor asked for without end', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect({ tokens: { expiresAt: null } })
    world.provider.refreshes.push({ type: 'tokens', tokens })
    const rejected = tokens.accessToken
    await assert.rejects(world.broker.token('ada', 'scripted', { rejected }), tokenError('try_later'))
    assert.equal(world.provider.asked.refresh.length, 1)
    assert.equal((await world.stored()).ended, null)
  })

  test('while the provider is in trouble is not handed out either', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect({ tokens: { expiresAt: null } })
    world.provider.refreshes.push({ type: 'trouble' })
    const rejected = tokens.accessToken
    await assert.rejects(world.broker.token('ada', 'scripted', { rejected }), tokenError('try_later'))
  })
})

describe('which connection is meant', () => {
  test('none: not connected; nobody else sees it; an unknown provider is said to be one', async () => {
    await using world = connectedWorld()
    await world.connect()
    for (const person of ['bob', '']) {
      await assert.rejects(world.broker.token(person, 'scripted'), tokenError('not_connected'))
      const connection = 'connection-1'
      await assert.rejects(
        world.broker.token(person, 'scripted', { connection }),
        tokenError('not_connected'),
      )
    }
    await assert.rejects(
      world.broker.token('ada', 'github'),
      (error) =>
        error instanceof RequestError && error.code === 'unknown_provider' && /scripted/.test(error.message),
    )
  })

  test('of another provider: not connected, by name as well', async () => {
    await using world = connectedWorld()
    await world.connect({ provider: 'another' })
    const connection = 'connection-1'
    for (const options of [{}, { connection }])
      await assert.rejects(world.broker.token('ada', 'scripted', options), tokenError('not_connected'))
  })

  test('of several the newest that works and has the scopes, or the one that is named', async () => {
    await using world = connectedWorld()
    const { clock, broker } = world
    const expiresAt = clock.now() + 3600
    const createdAt = (ago: number) => ({ createdAt: clock.now() - ago })
    await world.connect({ id: 'oldest', ...createdAt(3), tokens: { expiresAt, scopes: ['repo', 'gist'] } })
    await world.connect({ id: 'newer', ...createdAt(2), tokens: { expiresAt } })
    await world.connect({ id: 'newest', ...createdAt(1), ended: 'refused', tokens: { expiresAt } })
    const idOf = async (options: Parameters<Broker['token']>[2]) =>
      (await broker.token('ada', 'SCRIPTED ', options)).connection.id
    assert.equal(await idOf({}), 'newer')
    assert.equal(await idOf({ scopes: ['gist'] }), 'oldest')
    assert.equal(await idOf({ connection: 'oldest' }), 'oldest')
    const named = { connection: 'newest' }
    await assert.rejects(broker.token('ada', 'scripted', named), tokenError('connect_again'))
    await assert.rejects(
      broker.token('ada', 'scripted', { scopes: ['admin', 'repo'] }),
      (error) => tokenError('more_scopes')(error) && (error as TokenError).missingScopes.join() === 'admin',
    )
  })

  test('one that turns out not to work makes room for the next', async () => {
    await using world = connectedWorld()
    const now = world.clock.now()
    await world.connect({ id: 'older', createdAt: now - 2, tokens: { expiresAt: now + 3600 } })
    await world.connect({ id: 'newer', createdAt: now - 1 })
    world.provider.refreshes.push({ type: 'ended' })
    assert.equal((await world.broker.token('ada', 'scripted')).connection.id, 'older')
    assert.equal(world.events[0]?.connection, 'newer')
  })
})
