// Work in turn: what is the same is shared, what is not waits, other names do not, and a failure ends only its own.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inTurn } from './in-turn.ts'

test('work under one name runs one after the other, the same thing once', async () => {
  const turns = inTurn<string>()
  const [first, told] = [Promise.withResolvers<string>(), [] as string[]]
  const work = (what: string, result: Promise<string> | string) => async () => {
    told.push(what)
    return result
  }
  const all = [
    turns('a', 'one', work('one', first.promise)),
    turns('a', 'one', work('one again', '')),
    turns('a', 'two', work('two', 'second')),
    turns('b', 'one', work('other name', 'third')),
  ]
  await all[3]
  assert.deepEqual(told, ['one', 'other name'])
  first.reject(new Error('failed'))
  const results = await Promise.allSettled(all)
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled', 'fulfilled'],
  )
  assert.equal(await turns('a', 'one', work('afterwards', 'fourth')), 'fourth')
  assert.deepEqual(told, ['one', 'other name', 'two', 'afterwards'])
})
