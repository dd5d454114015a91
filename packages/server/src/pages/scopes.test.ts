// Scopes as people read them: ours in words, those of a catalogue as it says, everything else by its name.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestServer, startOfTime, testClient } from '../testing/services.ts'
import { inWords, scopesInWords } from './scopes.ts'

test('UI-11 a scope that is named like a part of the language is shown by its name', () => {
  assert.equal(inWords('email', []).words, 'see your e-mail address')
  for (const name of ['constructor', '__proto__', 'toString'])
    assert.deepEqual(inWords(name, []), { scope: name, words: 'use the permission', name, optional: false })
})

const meaning = (scope: string, words: string, more = {}) => ({
  scope,
  words,
  risk: null,
  optional: false,
  ...more,
})

test('UI-11 the catalogue says what a scope means, but never what one of ours means', () => {
  const catalogue = [
    meaning('notes:delete', 'empty the bin', { risk: 'there is no way back', optional: true }),
    meaning('openid', 'nothing at all', { optional: true }),
    meaning('notes:write', 'write notes'),
  ]
  assert.deepEqual(inWords('notes:delete', catalogue), {
    scope: 'notes:delete',
    words: 'empty the bin',
    risk: 'there is no way back',
    optional: true,
  })
  // An administrator who says that there is no risk is believed.
  assert.deepEqual(inWords('notes:write', catalogue), {
    scope: 'notes:write',
    words: 'write notes',
    optional: false,
  })
  assert.deepEqual(inWords('openid', catalogue), {
    scope: 'openid',
    words: 'know who you are',
    optional: false,
  })
  assert.equal(inWords('files:delete', catalogue).risk, 'this can delete things')
})

test('UI-11 a resource that is asked for is heard before others of the client, and those of strangers are not', async () => {
  const server = await createTestServer()
  const resource = { version: 0, openToAll: false, accessTokenFormat: null, accessTokenSeconds: null }
  for (const [id, words] of [
    ['https://a.example', 'read at A'],
    ['https://b.example', 'read at B'],
    ['https://c.example', 'read at C'],
  ] as const) {
    const record = { ...resource, id, name: id, createdAt: startOfTime, scopes: [meaning('read', words)] }
    await server.services.store.apply([{ op: 'insert', kind: 'resource', record }])
  }
  const said = async (resources: string[], of: string[]) => {
    const client = { ...testClient, resources: of }
    const [first] = await scopesInWords(server.services, ['read'], { client, resources })
    return first?.words
  }
  assert.equal(await said(['https://b.example'], ['https://a.example']), 'read at B')
  assert.equal(await said([], ['https://a.example']), 'read at A')
  assert.equal(await said([], []), 'use the permission')
})
