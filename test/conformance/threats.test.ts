// docs/threats.md names tests for every threat; none of them may be made up, and no threat may stand without one.
// How they are named and looked for: doc-tables.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notThere, tableRows } from './doc-tables.ts'

const rows = tableRows('threats.md')

test('DA-22 every threat names a test that is there', () => {
  assert.ok(rows.length > 50, `only ${rows.length} lines were read`)
  for (const { line, cells } of rows) assert.deepEqual(notThere(cells.at(-1) ?? ''), [], line)
})

test('what is made up is found: an id, a file, a name, a name of another file, and nothing at all', () => {
  const here = '`test/conformance/threats.test.ts`'
  assert.deepEqual(notThere(`${here} “every threat names a test”, DA-22`), [])
  for (const cell of [
    'AZ-99',
    '`test/none.test.ts`',
    `${here} “no such test”`,
    '“every threat names”',
    'none',
  ])
    assert.equal(notThere(cell).length, 1, cell)
  assert.equal(notThere(`${here} \`package.json\` “every threat names a test”`).length, 1)
})
