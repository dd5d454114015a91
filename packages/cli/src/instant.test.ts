// Instants as people write them: what is understood, and what is refused with an example.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseInstant } from './instant.ts'

const now = Date.UTC(2026, 10, 21, 12) / 1000 + 0.5
const read = (text: string) => new Date(parseInstant(text, '--since', now) * 1000).toISOString()

test('a date, a time in some zone, and a span back from now are understood', () => {
  assert.equal(read('2026-11-20'), '2026-11-20T00:00:00.000Z')
  assert.equal(read('2026-11-20T10:30'), '2026-11-20T10:30:00.000Z')
  assert.equal(read('2026-11-20 10:30:15Z'), '2026-11-20T10:30:15.000Z')
  assert.equal(read('2026-11-20T10:30+02:00'), '2026-11-20T08:30:00.000Z')
  assert.equal(read('90m'), '2026-11-21T10:30:00.000Z')
  assert.equal(read('1w'), '2026-11-14T12:00:00.000Z')
})

test('anything else is refused with an example', () => {
  for (const text of [
    '',
    'yesterday',
    '2026-13-01',
    '20261120',
    '5',
    '-1h',
    '1y',
    '2026-11-20T25:00',
    '1h2m',
  ])
    assert.throws(() => read(text), /--since takes a time such as 2026-11-21/, text)
})
