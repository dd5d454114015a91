// Lists for people, as text.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { table } from './table.ts'

test('tables align by characters, show gaps as dashes, and clean what they show', () => {
  const rows = [
    { name: 'Mia', on: true },
    { name: 'Zoë\u001b[2J', on: undefined },
  ]
  const columns = [
    { title: 'name', of: (row: (typeof rows)[number]) => row.name },
    { title: 'on', of: (row: (typeof rows)[number]) => row.on },
  ]
  assert.equal(table(rows, columns, 'none'), 'NAME  ON\nMia   yes\nZoë   -')
  assert.equal(table([], columns, 'none'), 'none')
})
