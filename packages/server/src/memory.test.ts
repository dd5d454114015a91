// The bounded memory: what is used stays, and it never grows past its bound.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createMemory } from './memory.ts'

test('what was never kept is not there, what was is', () => {
  const memory = createMemory<number>(10)
  assert.equal(memory.get('a'), undefined)
  memory.set('a', 1)
  assert.equal(memory.get('a'), 1)
  assert.equal(memory.get('__proto__'), undefined)
})

test('G-27 the last entries that were used are there, whatever came before; twice as many are not', () => {
  const key = fc.integer({ min: 0, max: 30 })
  fc.assert(
    fc.property(fc.array(key, { maxLength: 200 }), fc.integer({ min: 1, max: 8 }), (keys, most) => {
      const memory = createMemory<number>(most)
      for (const one of keys) if (memory.get(`${one}`) === undefined) memory.set(`${one}`, one)
      const lately = [...new Set(keys.toReversed())].slice(0, most)
      // Looking moves entries, so each is looked for in the order of its last use.
      for (const one of lately) assert.equal(memory.get(`${one}`), one)
      let kept = 0
      for (let one = 0; one <= 30; one++) if (memory.get(`${one}`) !== undefined) kept++
      assert.ok(kept <= 2 * most)
    }),
  )
})
