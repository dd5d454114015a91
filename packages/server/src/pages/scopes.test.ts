// Scopes as people read them: ours in words, everything else by its name.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scopeInWords } from './scopes.ts'

test('UI-11 a scope that is named like a part of the language is shown by its name', () => {
  assert.equal(scopeInWords('email').words, 'see your e-mail address')
  for (const name of ['constructor', '__proto__', 'toString'])
    assert.deepEqual(scopeInWords(name), { words: 'use the permission', name })
})
