import assert from 'node:assert/strict'
import { test } from 'node:test'
import { passwordFault } from './password-policy.ts'

const mia = { email: 'mia.larsen@example.com', name: 'Mia Larsen' }

test('ASVS 6.2 length counts in characters, between 8 and 256', () => {
  assert.equal(passwordFault('a7#kQz1', mia), 'too_short')
  assert.equal(passwordFault('a7#kQz1p', mia), undefined)
  assert.equal(passwordFault('🦊🐙🦉🐝🦋🐢🦀', mia), 'too_short')
  assert.equal(passwordFault('ab c'.repeat(64), mia), undefined)
  assert.equal(passwordFault(`${'ab c'.repeat(64)}x`, mia), 'too_long')
})

test('ASVS 6.2 what is tried first is refused: listed words, runs, repetitions, ornaments', () => {
  for (const common of [
    'password',
    'PASSWORD',
    'Password123!',
    'qwertyuiop',
    '12345678',
    '87654321',
    'abcdefgh',
    'aaaaaaaa',
    'abababab',
    'iloveyou1',
    'changeme2024',
  ]) {
    assert.equal(passwordFault(common, mia), 'too_common', common)
  }
})

test('the name and the address are no passwords', () => {
  for (const own of ['mia.larsen@example.com', 'Mia.Larsen', 'mialarsen', 'Mia Larsen 1', 'mialarsen2024']) {
    assert.equal(passwordFault(own, mia), 'too_personal', own)
  }
})

test('no rules about kinds of characters: plain words are fine', () => {
  for (const good of ['four quiet green boats', 'correct horse', 'übermäßig viel Käse', 'zzxxccvvbbnn1']) {
    assert.equal(passwordFault(good, mia), undefined, good)
  }
})
