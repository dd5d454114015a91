// What administrators may not write into a name, by whatever operation it comes in (standards.md UI-10).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createPeopledServer } from '../pages/testing.ts'
import { clientCaller } from './testing.ts'

const odd = {
  escape: '\u001b[31mred',
  newline: 'a\nb',
  override: 'safe\u202ecod.exe',
  invisible: 'A\u200bda',
}
const resource = { id: 'https://api.example', name: 'Api' }
const scope = { scope: 'read', words: 'read your files' }

const inputs: readonly (readonly [string, string, (text: string) => object])[] = [
  ['/accounts', 'name', (name) => ({ email: 'ada@example.com', password: 'wandering stream 41', name })],
  ['/clients', 'name', (name) => ({ id: 'web', name })],
  ['/clients', 'publisher', (publisher) => ({ id: 'web', name: 'Web', publisher })],
  ['/resources', 'name', (name) => ({ ...resource, name })],
  ['/resources', 'scopes.0.words', (words) => ({ ...resource, scopes: [{ ...scope, words }] })],
  ['/resources', 'scopes.0.risk', (risk) => ({ ...resource, scopes: [{ ...scope, risk }] })],
  ['/initial-access-tokens', 'name', (name) => ({ name })],
]

for (const [path, member, body] of inputs) {
  test(`UI-10 G-26 ${path}: ${member} holds what can be seen, or the answer names it`, async () => {
    const server = await createPeopledServer()
    const admin = await clientCaller(server, 'ops', ['countersign:admin'])
    for (const [what, text] of Object.entries(odd)) {
      const { status, json } = await admin.call('POST', path, { json: body(text) })
      assert.deepEqual([status, json.error], [400, 'invalid_request'], what)
      assert.ok(
        String(json.message).startsWith(`${member}: a control or invisible character`),
        String(json.message),
      )
    }
    const { status } = await admin.call('POST', path, { json: body('Renée 東京 עברית 🛠') })
    assert.equal(status, 201)
  })
}

test('UI-10 a name is not made odd by changing it either', async () => {
  const server = await createPeopledServer()
  const admin = await clientCaller(server, 'ops', ['countersign:admin'])
  const { status, json } = await admin.call('PATCH', '/clients/countersign-cli', {
    json: { name: odd.override },
  })
  assert.equal(status, 400)
  assert.match(String(json.message), /^name: /)
})
