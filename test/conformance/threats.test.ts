// docs/threats.md names tests for every threat; none of them may be made up, and no threat may stand without one.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { root, testsById } from './test-names.ts'

const lines = readFileSync(join(root, 'docs', 'threats.md'), 'utf8').split('\n')
const rows = lines
  .filter((line) => line.startsWith('| ') && !/^\| (threat|requirement) /.test(line))
  .map((line) => ({ line, shown: line.split('|').at(-2) ?? '' }))
const tests = testsById()

test('DA-22 every threat names a test that is there', () => {
  assert.ok(rows.length > 50, `only ${rows.length} lines were read`)
  for (const { line, shown } of rows) {
    const ids = shown.match(/\b[A-Z]{1,3}-\d\d\b/g) ?? []
    const files = [...shown.matchAll(/`([^`]+)`/g)].map(([, file = '']) => file)
    assert.ok(ids.length + files.length > 0, `no test: ${line}`)
    for (const id of ids) assert.ok(tests.has(id), `no test is named ${id}: ${line}`)
    for (const file of files) assert.ok(existsSync(join(root, file)), `there is no ${file}: ${line}`)
  }
})
