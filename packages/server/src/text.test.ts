// Text of strangers, made fit to be shown (standards.md UI-10).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cleanText } from './text.ts'

test('UI-10 controls, direction marks, line separators and broken characters are gone, spaces are one', () => {
  assert.equal(cleanText(' a\u0000b\u001b[31m\tc\r\nd\u2028e\u202ef\u200bg\ufeff ', 60), 'a b [31m c d e f g')
  assert.equal(cleanText('x\ud83dy\udc00z', 60), 'x y z')
  assert.equal(cleanText('<b>&amp; ä😀日', 60), '<b>&amp; ä😀日')
})

test('UI-10 it is cut by characters, never through one, and nothing readable is null', () => {
  assert.equal(cleanText('😀'.repeat(100), 60), '😀'.repeat(60))
  for (const nothing of [undefined, '', ' ', '\u202e', '\ud800', `${' '.repeat(239)}😀`])
    assert.equal(cleanText(nothing, 60), null)
  assert.ok((cleanText(`${' '.repeat(239)}😀`, 60) ?? '').isWellFormed())
})
