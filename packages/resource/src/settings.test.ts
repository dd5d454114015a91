import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OptionsError } from './errors.ts'
import { protect } from './protect.ts'
import { parseOptions, type ResourceOptions } from './settings.ts'

const good: ResourceOptions = { resource: 'https://api.example.com', issuer: 'https://login.example.com' }
const secret = { clientId: 'api', clientSecret: 's' }

function refuses(options: object, code: OptionsError['code']): void {
  const all: ResourceOptions = { ...good, ...options }
  assert.throws(() => protect(all), { name: 'OptionsError', code }, JSON.stringify(options))
}

test('RS-17 PRM-02 without a proper identifier of the resource nothing can be protected', () => {
  for (const resource of [
    undefined,
    '',
    'notes',
    'http://api.example.com',
    'https://api.example.com/#part',
    'https://mia:secret@api.example.com',
    'urn:example:api',
  ])
    refuses({ resource }, 'bad_resource')
  for (const resource of ['http://localhost:3000/mcp', 'http://127.0.0.1/mcp', 'http://[::1]:1/'])
    assert.equal(protect({ ...good, resource }).metadata.document.resource, resource)
})

test('RS-14 G-01 issuers are named, and https but on this machine', () => {
  for (const issuer of [
    [],
    'login',
    'http://login.example.com',
    'https://login.example.com?x',
    'https://a.example#b',
  ])
    refuses({ issuer }, 'bad_issuer')
  refuses({ issuer: { issuer: good.issuer, jwksUri: 'http://login.example.com/jwks' } }, 'bad_issuer')
})

test('JK-06 DP-16 algorithms with shared secrets cannot be configured', () => {
  for (const list of [['none'], ['HS256'], ['ES256', 'HS512'], []]) {
    refuses({ algorithms: list }, 'bad_algorithm')
    refuses({ dpop: { algorithms: list } }, 'bad_algorithm')
  }
})

test('RS-13 introspection needs credentials, one issuer, and a short memory', () => {
  refuses({ mode: 'introspection' }, 'bad_introspection')
  refuses({ mode: 'jwt', introspection: secret }, 'bad_introspection')
  refuses({ issuer: ['https://a.example', 'https://b.example'], introspection: secret }, 'bad_introspection')
  refuses({ introspection: { ...secret, cacheSeconds: 301 } }, 'bad_option')
  assert.equal(parseOptions({ ...good, introspection: secret }).introspection?.cacheSeconds, 30)
})

test('G-28 DP-04 what has bounds keeps them', () => {
  refuses({ clockTolerance: 301 }, 'bad_option')
  refuses({ clockTolerance: -1 }, 'bad_option')
  refuses({ clockTolerance: Number.NaN }, 'bad_option')
  refuses({ dpop: { ageSeconds: 301 } }, 'bad_option')
  refuses({ dpop: { nonces: new Uint8Array(31) } }, 'bad_option')
  assert.equal(parseOptions(good).clockTolerance, 30)
})

test('RS-08 what would break out of a header cannot be configured', () => {
  refuses({ scopes: ['a b'] }, 'bad_option')
  refuses({ scopes: ['a"'] }, 'bad_option')
  refuses({ implies: { a: ['b\r\n'] } }, 'bad_option')
  const api = protect(good)
  const handler = () => new Response()
  for (const requirements of [{ scopes: [''] }, { acrValues: ['a b'] }, { maxAge: -1 }, { maxAge: 1.5 }])
    assert.throws(() => api.guard(handler, requirements), { code: 'bad_option' })
})
