// One server, one spelling: what is kept under its address is found again however somebody types it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isServerAddress, normalIssuer } from './server-address.ts'

test('CL-07 OSA-D11 the case of a host, its default port and a last slash make no other server; all else does', () => {
  const server = 'https://login.example'
  for (const same of ['https://login.example/', 'HTTPS://Login.EXAMPLE', 'https://login.example:443'])
    assert.equal(normalIssuer(same), server)
  const others = ['http://login.example', 'https://login.example:8443', 'https://login.example/Auth']
  assert.equal(new Set([server, ...others, 'https://login.example/auth'].map(normalIssuer)).size, 5)
})

test('CL-07 what carries a name, a query or a fragment, or is no address of the web, is no server', () => {
  for (const text of [
    'https://a:b@login.example',
    'https://login.example?x',
    'https://login.example#x',
    'login.example',
    'file:///etc',
    'javascript:1',
    '',
  ])
    assert.equal(isServerAddress(text), false, text)
  assert.equal(isServerAddress('http://localhost:4000'), true)
})
