// What a broker is made of, checked when it is made; listeners.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBroker } from './create-broker.ts'
import { memoryStore } from './stores/memory.ts'
import { ada, brokerWorld, testKey } from './testing/broker-world.ts'
import { scriptedProvider } from './testing/scripted-provider.ts'

const store = memoryStore()

test('a wrong setting stops it at once, with a sentence that names it', () => {
  const one = scriptedProvider()
  const redirecting = scriptedProvider({ kind: 'redirect' })
  const wrong: readonly [Partial<Parameters<typeof createBroker>[0]>, RegExp][] = [
    [{ key: new Uint8Array(31) }, /32 bytes/],
    [{ providers: [one, one] }, /called scripted/],
    [{ providers: [one, scriptedProvider({ id: 'other', aliases: ['scripted'] })] }, /called scripted/],
    [{ providers: [scriptedProvider({ id: 'Not An Id' })] }, /"Not An Id"/],
    [{ providers: [redirecting] }, /redirectUri/],
    [{ providers: [redirecting], redirectUri: 'http://app.example/back' }, /redirectUri/],
    [{ providers: [redirecting], redirectUri: 'app://back' }, /redirectUri/],
  ]
  for (const [settings, message] of wrong)
    assert.throws(() => createBroker({ providers: [one], store, key: testKey, ...settings }), {
      code: 'wrong_setting',
      message,
    })
})

test('it names its providers, and closes at once when nothing is in flight', async () => {
  const broker = createBroker({ providers: [scriptedProvider()], store, key: testKey })
  assert.deepEqual(broker.providers, [
    { id: 'scripted', name: 'Scripted', docs: 'https://provider.example/docs', kind: 'code' },
  ])
  await broker.close()
})

test('what listeners throw, at once or later, is logged and changes nothing; who stops listening hears nothing', async () => {
  await using world = brokerWorld()
  const { broker, provider, clock } = world
  const heard: string[] = []
  broker.on(() => {
    throw new TypeError('at once')
  })
  broker.on(async () => {
    throw new RangeError('later')
  })
  broker.on(({ type }) => void heard.push(type))
  broker.on(({ type }) => void heard.push(`not ${type}`))()
  const { id } = await broker.start(ada, { provider: 'scripted' })
  provider.polls.push(provider.approved())
  await clock.pass(5)
  assert.equal((await broker.status(ada, id)).state, 'success')
  assert.deepEqual(heard, ['connected'])
  const reasons = world.log
    .filter(({ event }) => event === 'listener.failed')
    .map(({ detail }) => detail.reason)
  assert.deepEqual(reasons.toSorted(), ['RangeError', 'TypeError'])
})
