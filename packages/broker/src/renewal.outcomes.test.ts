// What the provider may answer to a renewal, trouble and silence included, and what comes of each for those who want a token.
// Stores that fail are renewal.test.ts, who gets what tokens.test.ts.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { TokenError } from './errors.ts'
import { connectedWorld } from './testing/connected-world.ts'

const tokenError = (code: TokenError['code']) => (error: unknown) =>
  error instanceof TokenError && error.code === code && error.provider === 'scripted'

describe('CL-10 S3-4 what a renewal can come to', () => {
  test('trouble: the token that lives a little is handed out, and the provider is left alone for as long as it says', async () => {
    await using world = connectedWorld()
    const { tokens } = await world.connect({ tokens: { expiresAt: world.clock.now() + 40 } })
    world.provider.refreshes.push({ type: 'trouble', retryAfterSeconds: 50 })
    for (let i = 0; i < 3; i++)
      assert.equal((await world.broker.token('ada', 'scripted')).accessToken, tokens.accessToken)
    await world.clock.pass(41)
    await assert.rejects(
      world.broker.token('ada', 'scripted'),
      (error) => error instanceof TokenError && error.code === 'try_later' && error.retryAfterSeconds === 9,
    )
    assert.equal(world.provider.asked.refresh.length, 1)
    await world.clock.pass(10)
    assert.notEqual((await world.broker.token('ada', 'scripted')).accessToken, tokens.accessToken)
    assert.deepEqual(world.provider.asked.refresh, [tokens, tokens])
    assert.equal((await world.stored()).ended, null)
  })

  test('CL-15 trouble for years, as it says: it is left alone for an hour', async () => {
    await using world = connectedWorld()
    await world.connect()
    world.provider.refreshes.push({ type: 'trouble', retryAfterSeconds: 999_999_999 })
    await assert.rejects(
      world.broker.token('ada', 'scripted'),
      (error) => error instanceof TokenError && error.retryAfterSeconds === 3600,
    )
    await world.clock.pass(3601)
    assert.equal((await world.broker.token('ada', 'scripted')).accessToken, 'access-token-2')
  })

  test('trouble, and nothing lives: all that wait are told when to try again', async () => {
    await using world = connectedWorld()
    await world.connect()
    world.provider.refreshes.push({ type: 'trouble', retryAfterSeconds: 7 })
    const all = await Promise.allSettled(
      Array.from({ length: 20 }, () => world.broker.token('ada', 'scripted')),
    )
    for (const one of all)
      assert.ok(
        one.status === 'rejected' && one.reason.code === 'try_later' && one.reason.retryAfterSeconds === 7,
      )
    assert.equal(world.provider.asked.refresh.length, 1)
    assert.deepEqual(world.events, [])
  })

  test('the end: said by the provider once, told to the application once, and never asked again', async () => {
    await using world = connectedWorld()
    await world.connect()
    world.provider.refreshes.push({ type: 'ended' })
    for (let i = 0; i < 3; i++)
      await assert.rejects(world.broker.token('ada', 'scripted'), tokenError('connect_again'))
    assert.equal(world.provider.asked.refresh.length, 1)
    assert.deepEqual(world.events, [
      { type: 'failed', person: 'ada', provider: 'scripted', connection: 'connection-1', why: 'refused' },
    ])
    assert.equal((await world.broker.connections('ada'))[0]?.ended, 'refused')
  })

  test('no answer, and the refresh token may be used once: it is not sent again', async () => {
    await using world = connectedWorld()
    await world.connect()
    world.provider.refreshes.push({ type: 'answer_lost' })
    for (let i = 0; i < 2; i++)
      await assert.rejects(world.broker.token('ada', 'scripted'), tokenError('connect_again'))
    assert.equal(world.provider.asked.refresh.length, 1)
    assert.deepEqual(
      world.events.map(({ type, why }) => [type, why]),
      [['failed', 'answer_lost']],
    )
  })

  test('a fault of the provider file counts as no answer', async () => {
    await using world = connectedWorld()
    await world.connect()
    world.provider.refreshes.push(() => Promise.reject(new Error('a bug, with a secret in it')))
    await assert.rejects(world.broker.token('ada', 'scripted'), tokenError('connect_again'))
    assert.equal(world.provider.asked.refresh.length, 1)
    assert.ok(!JSON.stringify(world.log).includes('secret'))
  })

  test('no answer, where it may be sent again for a while: it is, at once', async () => {
    await using world = connectedWorld({ provider: { refreshGraceSeconds: 60 } })
    const { tokens } = await world.connect()
    world.provider.refreshes.push({ type: 'answer_lost' })
    const got = await world.broker.token('ada', 'scripted')
    assert.equal(got.accessToken, (await world.stored()).tokens.accessToken)
    assert.deepEqual(world.provider.asked.refresh, [tokens, tokens])
  })

  test('no answer twice: sent again later, but not when that while is over', async () => {
    await using world = connectedWorld({ provider: { refreshGraceSeconds: 60 } })
    const { tokens } = await world.connect()
    // The trouble of the third says nothing about what became of the first.
    world.provider.refreshes.push(
      { type: 'answer_lost' },
      { type: 'answer_lost' },
      { type: 'trouble' },
      { type: 'answer_lost' },
    )
    for (const seconds of [10, 10, 45]) {
      await assert.rejects(world.another().token('ada', 'scripted'), tokenError('try_later'))
      await world.clock.pass(seconds)
    }
    assert.deepEqual(world.provider.asked.refresh, [tokens, tokens, tokens, tokens])
    await assert.rejects(world.broker.token('ada', 'scripted'), tokenError('connect_again'))
    assert.equal(world.provider.asked.refresh.length, 4)
    assert.equal((await world.stored()).ended, 'answer_lost')
  })

  test('no answer, where it is never spent: only trouble', async () => {
    await using world = connectedWorld({ provider: { refreshGraceSeconds: Number.POSITIVE_INFINITY } })
    await world.connect()
    world.provider.refreshes.push({ type: 'answer_lost' }, { type: 'answer_lost' })
    await assert.rejects(world.broker.token('ada', 'scripted'), tokenError('try_later'))
    await world.clock.pass(4000)
    assert.equal((await world.broker.token('ada', 'scripted')).accessToken, 'access-token-2')
  })
})
