// Texts and arrays, as a real PostgreSQL reads them back.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import fc from 'fast-check'
import pg from 'pg'
import { type Postgres, startPostgres } from '../../../../test/support/postgres.ts'
import { fromText, toArray } from './postgres-text.ts'

let postgres: Postgres
let client: pg.Client
before(async () => {
  postgres = await startPostgres()
  client = new pg.Client({ connectionString: await postgres.createDatabase() })
  await client.connect()
})
after(async () => {
  await client.end()
  await postgres.stop()
})

const oddTexts = [
  '',
  ' ',
  'NULL',
  'null',
  '"',
  '\\',
  '\\"',
  '{}',
  'a,b',
  '\n',
  '\0',
  '\x01',
  '\x010',
  'ä €😀',
]

test('any texts, numbers and nulls come back from an array as they were', async () => {
  const text = fc.oneof(
    fc.constantFrom(...oddTexts),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: 'binary' }),
  )
  const texts = fc.array(fc.option(text), { maxLength: 8 })
  const numbers = fc.array(fc.option(fc.maxSafeInteger()), { maxLength: 8 })
  const comeBack = async (texts: (string | null)[], numbers: (number | null)[]) => {
    const { rows } = await client.query('SELECT $1::text[] AS texts, $2::bigint[] AS numbers', [
      toArray(texts),
      toArray(numbers),
    ])
    const read = rows[0] as { texts: (string | null)[]; numbers: (string | null)[] }
    assert.deepEqual(
      read.texts.map((one) => one && fromText(one)),
      texts,
    )
    assert.deepEqual(
      read.numbers.map((one) => one && Number(one)),
      numbers,
    )
  }
  await comeBack([null, ...oddTexts], [null, 0, -1, Number.MAX_SAFE_INTEGER])
  await fc.assert(fc.asyncProperty(texts, numbers, comeBack), { numRuns: 300 })
})
