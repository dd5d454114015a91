import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metadataUrl } from './metadata.ts'
import { protect } from './protect.ts'
import type { ResourceOptions } from './settings.ts'

const resource = 'https://api.example.com/notes'
const issuer = 'https://login.example.com'
const wellKnown = '/.well-known/oauth-protected-resource'

const of = (more: Partial<ResourceOptions> = {}) => protect({ resource, issuer, ...more }).metadata

const asking = (url: string, method = 'GET', headers: Record<string, string> = {}) => ({
  method,
  url,
  headers: new Headers(headers),
})

test('PRM-01 MS-02 the document stands between host and path, and before the query', () => {
  for (const [from, to] of [
    ['https://api.example.com', `https://api.example.com${wellKnown}`],
    ['https://api.example.com/', `https://api.example.com${wellKnown}`],
    ['https://api.example.com/notes', `https://api.example.com${wellKnown}/notes`],
    ['https://api.example.com/notes/', `https://api.example.com${wellKnown}/notes/`],
    ['https://api.example.com:8443/a/b', `https://api.example.com:8443${wellKnown}/a/b`],
    ['https://api.example.com/notes?tenant=1', `https://api.example.com${wellKnown}/notes?tenant=1`],
    ['https://api.example.com?tenant=1', `https://api.example.com${wellKnown}?tenant=1`],
    ['https://api.example.com/?tenant=1', `https://api.example.com${wellKnown}?tenant=1`],
  ] as const)
    assert.equal(metadataUrl(from), to)
})

test('PRM-01 PRM-13 RS-16 it is public JSON, for every origin, for ten minutes, and for HEAD and preflights', () => {
  const metadata = of()
  const url = `https://api.example.com${wellKnown}/notes`
  const answer = metadata.answer(asking(url))
  assert.ok(answer)
  assert.equal(answer.status, 200)
  const headers = new Headers(answer.headers.map(([name, value]): [string, string] => [name, value]))
  assert.equal(headers.get('content-type'), 'application/json')
  assert.equal(headers.get('access-control-allow-origin'), '*')
  assert.equal(headers.get('access-control-allow-credentials'), null)
  assert.equal(headers.get('cache-control'), 'public, max-age=600')
  assert.deepEqual(JSON.parse(answer.body), metadata.document)
  assert.equal(metadata.answer(asking(url, 'HEAD'))?.body, '')
  assert.equal(metadata.answer(asking(url, 'OPTIONS'))?.status, 204)
  const etag = headers.get('etag') ?? ''
  assert.match(etag, /^"[0-9a-f]+"$/)
  const again = metadata.answer(asking(url, 'GET', { 'if-none-match': etag }))
  assert.deepEqual([again?.status, again?.body], [304, ''])
  const changed = of({ name: 'Notes' }).answer(asking(url, 'GET', { 'if-none-match': etag }))
  assert.equal(changed?.status, 200)
  const post = metadata.answer(asking(url, 'POST'))
  assert.equal(post?.status, 405)
  assert.ok(post?.headers.some(([name, value]) => name === 'Allow' && value === 'GET, HEAD, OPTIONS'))
})

test('PRM-01 other addresses are the application’s, also of tenants in the query', () => {
  const ask = (more: Partial<ResourceOptions>, path: string) =>
    of(more).answer(asking(`https://anything.example.com${path}`))?.status
  assert.equal(ask({}, '/notes'), undefined)
  assert.equal(ask({}, wellKnown), undefined)
  assert.equal(ask({}, `${wellKnown}/notes/1`), undefined)
  assert.equal(ask({}, `${wellKnown}/notes?x=1`), 200)
  const tenant = { resource: `${resource}?tenant=1` }
  assert.equal(ask(tenant, `${wellKnown}/notes?tenant=1`), 200)
  assert.equal(ask(tenant, `${wellKnown}/notes?tenant=2`), undefined)
  assert.equal(of().answer(asking('http://[')), undefined)
})

test('PRM-02 PRM-03 PRM-04 PRM-06 MS-01 it says what the resource is, who issues tokens, and nothing empty', () => {
  assert.deepEqual(of({ dpop: { use: 'off' } }).document, {
    resource,
    authorization_servers: [issuer],
    bearer_methods_supported: ['header'],
  })
  const full = of({
    issuer: [issuer, 'https://second.example.com'],
    scopes: ['notes:read', 'offline_access', 'notes:write'],
    name: 'Notes',
    documentation: 'https://docs.example.com',
  }).document
  assert.deepEqual(full.authorization_servers, [issuer, 'https://second.example.com'])
  assert.equal(full.resource_name, 'Notes')
  assert.equal(full.resource_documentation, 'https://docs.example.com')
})

test('PRM-04 MS-07 offline_access is no business of a resource', () => {
  const { scopes_supported: scopes } = of({ scopes: ['notes:read', 'offline_access'] }).document
  assert.deepEqual(scopes, ['notes:read'])
  assert.ok(!('scopes_supported' in of({ scopes: ['offline_access'] }).document))
})

test('PRM-05 DP-16 it says which proofs are understood and whether they are needed', () => {
  const algorithms = ['ES256', 'EdDSA'] as const
  const accepted = of({ dpop: { algorithms } }).document
  assert.deepEqual(accepted.dpop_signing_alg_values_supported, algorithms)
  assert.ok(!('dpop_bound_access_tokens_required' in accepted))
  assert.equal(of({ dpop: { use: 'required' } }).document.dpop_bound_access_tokens_required, true)
  const usual = of().document.dpop_signing_alg_values_supported ?? []
  assert.ok(usual.length > 0 && usual.every((alg) => alg !== 'none' && !alg.startsWith('HS')))
})

test('PRM-08 X-21 at the root as well where it is the only resource of its host, still under its own name', () => {
  const root = asking(`https://api.example.com${wellKnown}`)
  assert.equal(of().answer(root), undefined)
  const answer = of({ rootMetadata: true }).answer(root)
  assert.equal(JSON.parse(answer?.body ?? '{}').resource, resource)
  assert.deepEqual(of({ rootMetadata: true }).paths, [`${wellKnown}/notes`, wellKnown])
})
