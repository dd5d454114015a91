import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ago, clockText, spanText } from './messages.ts'

test('times read as people say them', () => {
  const now = 1_800_000_000
  const said = [0, 4, 20, 59, 60, 3599, 3600, 86_399, 86_400, 29 * 86_400].map((seconds) =>
    ago(now - seconds, now),
  )
  assert.deepEqual(said, [
    'just now',
    'just now',
    '20 seconds ago',
    '59 seconds ago',
    '1 minute ago',
    '59 minutes ago',
    '1 hour ago',
    '23 hours ago',
    'yesterday',
    '29 days ago',
  ])
  assert.equal(ago(now + 5, now), 'just now')
  assert.equal(ago(now - 5.758, now), '5 seconds ago')
  assert.match(ago(now - 90 * 86_400, now), /\d{4}/)
})

test('spans and countdowns', () => {
  assert.deepEqual([581, 60, 59, 0, -3].map(clockText), ['9:41', '1:00', '0:59', '0:00', '0:00'])
  assert.deepEqual([1, 30, 60, 600, 7200, 90 * 86_400].map(spanText), [
    '1 second',
    '30 seconds',
    '1 minute',
    '10 minutes',
    '2 hours',
    '90 days',
  ])
})
