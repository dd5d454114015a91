// Places for fetches: nobody gets more than a share, and those who were good before always find room (G-27).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFetchPlaces, type Standing, siteOf } from './fetch-places.ts'

function crowd(limits: Parameters<typeof createFetchPlaces>[0]) {
  const places = createFetchPlaces(limits)
  const ends: (() => void)[] = []
  const enter = (sharers: readonly string[], standing: Standing = 'new'): boolean =>
    places.run(sharers, standing, () => new Promise<void>((end) => void ends.push(end))) !== undefined
  const leave = async (): Promise<void> => {
    ends.shift()?.()
    await new Promise(setImmediate)
  }
  return { enter, leave }
}

test('G-27 CIM-10 a host or a caller has a few of the places, and others still find some', async () => {
  const { enter, leave } = crowd({ trusted: 10, known: 10, new: 6, perSharer: 2 })
  assert.deepEqual(
    [enter(['a', 'x']), enter(['a', 'y']), enter(['a', 'z']), enter(['b', 'x']), enter(['c', 'x'])],
    [true, true, false, true, false],
  )
  await leave()
  assert.ok(enter(['c', 'x']))
  assert.ok(!enter(['d', 'x']))
})

test('G-27 CIM-10 strangers never take the places of those who were good before, who are bounded as well', async () => {
  const { enter, leave } = crowd({ trusted: 5, known: 5, new: 2, perSharer: 2 })
  assert.deepEqual([enter(['a']), enter(['a']), enter(['c'])], [true, true, false])
  assert.deepEqual([enter(['a'], 'known'), enter(['a'], 'known'), enter(['a'], 'known')], [true, true, false])
  assert.deepEqual([enter(['b'], 'known'), enter(['c'], 'known')], [true, false])
  await leave()
  assert.ok(enter(['c']))
})

test('G-27 a place is free again when the fetch fails', async () => {
  const places = createFetchPlaces({ trusted: 1, known: 1, new: 1, perSharer: 1 })
  await assert.rejects(places.run(['a'], 'new', () => Promise.reject(new Error('no'))) ?? Promise.resolve())
  assert.equal(await places.run(['a'], 'new', async () => 'again'), 'again')
})

test('G-27 CIM-10 however many were good only to be slow, who is at home here finds a place', () => {
  const { enter } = crowd({ trusted: 5, known: 4, new: 2, perSharer: 2 })
  const slow = ['a', 'b', 'c', 'd', 'e'].map((site) => enter([site], 'known'))
  assert.deepEqual(slow, [true, true, true, true, false])
  assert.ok(!enter(['f']))
  assert.ok(enter(['home'], 'trusted'))
  assert.ok(!enter(['home'], 'trusted'))
})

test('G-27 all names and ports of a domain are one site', () => {
  const sites = ['a.evil.example', 'b.c.evil.example', 'evil.example.', 'evil.example'].map(siteOf)
  assert.deepEqual([...new Set(sites)], ['evil.example'])
  assert.deepEqual(['192.0.2.1', '[2001:db8::1]', 'localhost'].map(siteOf), [
    '192.0.2.1',
    '[2001:db8::1]',
    'localhost',
  ])
})
