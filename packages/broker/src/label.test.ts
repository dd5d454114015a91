// What becomes of what a person calls a connection.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { labelOf } from './label.ts'

test('a label is one short line of whole characters, or none', () => {
  const known: readonly [string | null | undefined, string | null][] = [
    [undefined, null],
    [null, null],
    [' \n\t ', null],
    ['\u0000\u202e', null],
    ['  My\r\nwork\u0007 account ', 'My work account'],
    ['Büro 🏢', 'Büro 🏢'],
    ['🏢'.repeat(200), '🏢'.repeat(100)],
  ]
  for (const [text, label] of known) assert.equal(labelOf(text), label)
})
