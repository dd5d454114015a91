// Reading the wait preference (RFC 7240): what counts, what is ignored.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { preferredWait } from './prefer.ts'

test('LP-05 the first wait counts, in any case, with spaces, quotes and parameters, beside other preferences', () => {
  const wait = (header: string | undefined) => preferredWait(header, 25)
  assert.equal(wait('wait=10'), 10)
  assert.equal(wait('WAIT = 10'), 10)
  assert.equal(wait('respond-async, wait="7"; x=y, wait=20'), 7)
  assert.equal(wait('foo=1;wait=3,wait=4'), 4)
})

test('LP-02 LP-05 it is capped, and what is no positive integer is none', () => {
  assert.equal(preferredWait('wait=100', 25), 25)
  assert.equal(preferredWait('wait=100', 0), undefined)
  const none = [
    undefined,
    '',
    'wait',
    'wait=',
    'wait=0',
    'wait=-1',
    'wait=1.5',
    'wait=1e1',
    'wait=x, wait=5',
    'waiting=5',
    `wait=5,${' '.repeat(2000)}`,
    'wait=9999999999',
  ]
  for (const header of none) assert.equal(preferredWait(header, 25), undefined, header)
})
