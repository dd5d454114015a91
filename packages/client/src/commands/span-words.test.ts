// How `status` says how long something lasts, and how wrong the clock is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clockInWords, spanInWords } from './span-words.ts'

const noon = new Date(2026, 10, 21, 12).getTime() / 1000

test('what ends soon is said as what is left, what ends later as a date', () => {
  const table: [number, string][] = [
    [-5, 'for 0 more minutes'],
    [61, 'for 1 more minute'],
    [119 * 60, 'for 119 more minutes'],
    [2 * 3600, 'for 2 more hours'],
    [47.9 * 3600, 'for 47 more hours'],
    [48 * 3600, 'until 23 Nov 2026'],
    [90 * 86_400, 'until 19 Feb 2027'],
  ]
  for (const [seconds, words] of table) assert.equal(spanInWords(noon + seconds, noon), words)
})

test('a date that nobody can live to see stops nothing', () => {
  assert.match(spanInWords(1e300, noon), /^until \d+ \w+ \d+$/)
})

test('a clock that is wrong is told by how much', () => {
  const table: [number, string][] = [
    [12, '12 s behind the server'],
    [-90, '90 s ahead of the server'],
    [600, '10 min behind the server'],
    [-86_400, '24 h ahead of the server'],
  ]
  for (const [offset, words] of table) assert.equal(clockInWords(offset), words)
})
