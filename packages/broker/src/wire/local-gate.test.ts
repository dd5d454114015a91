// Which addresses are nearby, and nothing else is. The gate as a whole is handler.hermes.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isPrivate, sessionOf } from './local-gate.ts'

test('S3 3.1 loopback, private and link-local addresses are nearby, in every spelling; whatever else is sent is not', () => {
  for (const address of [
    '127.0.0.1',
    '127.255.255.255',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.255.1',
    '169.254.1.1',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:10.0.0.1',
    'fd12:3456::1',
    'fe80::1%en0',
  ])
    assert.equal(isPrivate(address), true, address)
  for (const address of [
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '100.64.0.1',
    '0.0.0.0',
    '::',
    '::ffff:8.8.8.8',
    '2001:db8::1',
    'fec0::1',
    '',
    'localhost',
    '10.0.0.1, 8.8.8.8',
    '10.0.0',
  ])
    assert.equal(isPrivate(address), false, address)
})

test('the session is read from our cookie alone, and only as we made it', () => {
  const session = 's'.repeat(43)
  const read = (cookie: string) => sessionOf(new Request('http://localhost/', { headers: { cookie } }))
  assert.equal(read(`a=b; countersign-connect=${session}; c=d`), session)
  for (const cookie of [
    `x-countersign-connect=${session}`,
    `countersign-connect=${session}x`,
    'countersign-connect=',
    'countersign-connect=short',
  ])
    assert.equal(read(cookie), undefined, cookie)
})
