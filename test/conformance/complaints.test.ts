// docs/complaints.md answers forty complaints, each by tests that are there. How they are named: doc-tables.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notThere, tableRows } from './doc-tables.ts'

const rows = tableRows('complaints.md')

test('every complaint from 1 to 40 is answered once, in order', () => {
  assert.deepEqual(
    rows.map(({ cells }) => Number(cells[0])),
    Array.from({ length: 40 }, (_, i) => i + 1),
  )
})

for (const { cells } of rows) {
  const [number = '', complaint = '', answer = '', shown = ''] = cells.map((cell) => cell.trim())
  test(`complaint ${number}: ${complaint}`, () => {
    assert.ok(complaint.length > 20 && answer.length > 20, 'it is said what it is about, and what is done')
    assert.match(shown, /“/, 'a test is named, not only its file')
    assert.deepEqual(notThere(shown), [])
  })
}
