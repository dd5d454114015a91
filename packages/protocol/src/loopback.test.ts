// Names that only look like this machine are not it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopbackHost } from './loopback.ts'

test('G-01 DC-03 plain http is for hosts that lead to this machine', () => {
  for (const host of ['localhost', 'app.localhost', '127.0.0.1', '127.1.2.3', '[::1]'])
    assert.equal(isLoopbackHost(host), true, host)
  for (const host of [
    'localhost.example',
    'notlocalhost',
    '127.0.0.1.example',
    '127.0.0',
    '[::2]',
    '0.0.0.0',
    '',
  ])
    assert.equal(isLoopbackHost(host), false, host)
})
