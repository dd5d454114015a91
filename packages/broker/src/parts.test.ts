// What the log says of an error: what kind it is and where it came from, and nothing that an error may quote.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreUnavailable } from './errors.ts'
import { reasonOf } from './parts.ts'

test('S3-5 a reason for the log names what went wrong underneath, without its message', () => {
  const full = Object.assign(new Error('INSERT of a secret'), {
    code: 'ERR_SQLITE_ERROR',
    errstr: 'database or disk is full',
  })
  const away = new StoreUnavailable('The database does not answer.', { cause: full })
  assert.equal(
    reasonOf(away),
    'StoreUnavailable store_unavailable: Error ERR_SQLITE_ERROR database or disk is full',
  )
  assert.equal(reasonOf(new TypeError('a secret')), 'TypeError')
  assert.equal(reasonOf('a secret'), 'string')
})
