// Which strings are resource indicators, which may be bound, and the one audience that comes out.
// How the parameter is read from a form is the server's.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { chooseAudience, chooseResources, isResourceIndicator } from './resource.ts'

const api = 'https://api.example/v1'
const files = 'https://files.example'

test('RI-01 a resource is an absolute URI without a fragment', () => {
  const good = [
    api,
    'https://api.example',
    'https://api.example/',
    'https://api.example:8443/a/b?tenant=1',
    'https://[::1]:3000/mcp',
    'https://api.example/%7Emia',
    'http://localhost:3000',
    'urn:example:api',
    'HTTPS://API.EXAMPLE',
  ]
  const bad = [
    '',
    'api',
    '/v1',
    '//api.example/v1',
    'https',
    'https:',
    '1https://api.example',
    ':api',
    'https://api.example/#',
    'https://api.example/#top',
    'https://api.example/a b',
    'https://api.example/a\n',
    '\thttps://api.example',
    'https://api.example/"',
    'https://api.example/<a>',
    'https://api.example/\\a',
    'https://api.example/{a}',
    'https://api.example/é',
    'https://api.example/%',
    'https://api.example/%2',
    'https://api.example/%zz',
    `https://api.example/${'a'.repeat(2000)}`,
  ]
  for (const value of good) assert.equal(isResourceIndicator(value), true, value)
  for (const value of bad) assert.equal(isResourceIndicator(value), false, JSON.stringify(value))
})

test('RI-02 DA-18 G-26 what is bound was asked for and allowed, character for character', () => {
  const table: [string[], readonly string[] | undefined][] = [
    [[], []],
    [[api], [api]],
    [
      [files, api, files],
      [files, api],
    ],
    [[`${api}/`], undefined],
    [['https://API.example/v1'], undefined],
    [['https://api.example:443/v1'], undefined],
    [['https://api.example/%761'], undefined],
    [[api, 'https://evil.example'], undefined],
    [[api, ''], undefined],
  ]
  for (const [requested, bound] of table)
    assert.deepEqual(chooseResources(requested, [api, files]), bound, requested.join(' '))
})

test('RI-01 even an allowed string must be a resource indicator', () => {
  assert.equal(chooseResources([`${api}#a`], [`${api}#a`]), undefined)
})

test('AT-06 AT-07 DT-17 RI-03 RI-04 the one audience of a token', () => {
  const issuer = 'https://login.example'
  const table: [string[], string[], string | undefined][] = [
    [[], [], issuer],
    [[], [api], api],
    [[], [api, files], undefined],
    [[api], [api], api],
    [[files], [api, files], files],
    [[api, api], [api, files], api],
    [[api, files], [api, files], undefined],
    [[files], [api], undefined],
    [[api], [], undefined],
    [[`${api}/`], [api], undefined],
    [[''], [api], undefined],
  ]
  for (const [requested, granted, audience] of table)
    assert.equal(chooseAudience(requested, granted, issuer), audience, `${requested} of ${granted}`)
})

test('RI-03 RT-06 whatever is asked for, the audience lies within the grant', () => {
  const uri = fc.constantFrom<string[]>(api, files, 'https://other.example', '')
  fc.assert(
    fc.property(fc.array(uri), fc.uniqueArray(uri), (requested, granted) => {
      const audience = chooseAudience(requested, granted, 'fallback')
      if (audience === undefined) return
      if (audience === 'fallback') assert.deepEqual([requested, granted], [[], []])
      else assert.ok(granted.includes(audience))
    }),
  )
})
