// Remembering polls in memory: long enough for any interval, and no longer.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPacing } from './pacing.ts'

test('DT-05 LP-07 the arrival before is remembered for at least the longest interval', () => {
  const pacing = createPacing()
  assert.equal(pacing.arrived('a', 1000), undefined)
  assert.equal(pacing.arrived('a', 1000.5), 1000)
  for (let at = 1001; at <= 1060; at++) pacing.arrived('other', at)
  assert.equal(pacing.arrived('a', 1060), 1000.5)
})

test('DT-05 it is forgotten soon after, so that memory stays with the codes that are polled', () => {
  const pacing = createPacing()
  pacing.arrived('a', 1000)
  for (let at = 1001; at < 1200; at++) pacing.arrived('other', at)
  assert.equal(pacing.arrived('a', 1200), undefined)
})

test('DT-05 a clock that was set back blames nobody forever', () => {
  const pacing = createPacing()
  pacing.arrived('a', 5000)
  assert.equal(pacing.arrived('b', 1000), undefined)
  pacing.arrived('b', 1200)
  assert.equal(pacing.arrived('a', 1400), undefined)
})
