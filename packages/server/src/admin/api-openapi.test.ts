// The OpenAPI document: it says of every operation what the server holds to, and every name in it leads somewhere.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestServer } from '../testing/services.ts'
import { operations } from './api-operations.ts'

interface Document {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly paths: Record<
    string,
    Record<string, { operationId: string; parameters?: { name: string }[]; responses: object }>
  >
  readonly components: { readonly schemas: Record<string, { type?: string }> }
}

async function document(issuer: string, path = '/api/v1/openapi.json') {
  const response = await (await createTestServer({ settings: { issuer } })).call('GET', path)
  assert.equal(response.status, 200)
  assert.equal(response.headers['content-type'], 'application/json')
  return { text: response.body, said: JSON.parse(response.body) as Document }
}

test('every operation is described once, under its path, with what stands in its braces', async () => {
  const { said } = await document('https://login.example')
  assert.match(said.openapi, /^3\.1\./)
  const described = Object.entries(said.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, one]) => `${one.operationId} ${method.toUpperCase()} ${path}`),
  )
  assert.deepEqual(
    described.toSorted(),
    operations.map(({ id, method, path }) => `${id} ${method} ${path}`).toSorted(),
  )
  assert.equal(new Set(operations.map(({ id }) => id)).size, operations.length)
  for (const [path, item] of Object.entries(said.paths)) {
    for (const { parameters = [], responses } of Object.values(item)) {
      const names = parameters.map(({ name }) => name)
      for (const [, name] of path.matchAll(/\{(\w+)\}/g)) assert.ok(names.includes(name ?? ''), path)
      assert.ok('401' in responses && '403' in responses)
    }
  }
})

test('every reference leads to a schema, and every schema is one of things and not of this program', async () => {
  const { said, text } = await document('https://login.example')
  const names = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, target]) => target ?? '')
  assert.ok(names.length > 10)
  for (const target of names) {
    const name = /^#\/components\/schemas\/(\w+)$/.exec(target)?.[1] ?? target
    assert.equal(said.components.schemas[name]?.type, 'object', target)
  }
  assert.doesNotMatch(text, /\$defs|\$schema|__schema/)
})

test('MD-01 the address is that of the issuer, with a path as well, and nothing else of the installation is told', async () => {
  assert.equal((await document('https://login.example')).said.servers[0]?.url, 'https://login.example/api/v1')
  const { said } = await document('https://example.com/auth', '/auth/api/v1/openapi.json')
  assert.equal(said.servers[0]?.url, 'https://example.com/auth/api/v1')
})
