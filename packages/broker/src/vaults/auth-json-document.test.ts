import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Connection } from '../connection.ts'
import {
  connectionIn,
  connectionsIn,
  printDocument,
  readDocument,
  withConnection,
  withoutConnection,
} from './auth-json-document.ts'
import { isRow, numberOf, type Row } from './exact-json.ts'

const codex = {
  pool: 'openai-codex',
  label: 'Codex OAuth',
  baseUrl: 'https://chatgpt.com/backend-api/codex',
  idPrefix: 'codex-oauth',
}
const shapes = { 'openai-codex': codex }
const place = '/home/mia/.hermes/auth.json'
const at = Date.parse('2026-03-01T10:00:00Z') / 1000

function connection(changes: Partial<Connection> = {}): Connection {
  return {
    id: 'c1',
    version: '',
    person: 'mia',
    place,
    provider: 'openai-codex',
    account: null,
    label: 'mia@example.com',
    tokens: { accessToken: 'access-1', refreshToken: 'refresh-1', expiresAt: null, scopes: [] },
    flow: 'f1',
    ended: null,
    createdAt: at,
    updatedAt: at,
    ...changes,
  }
}

function put(document: Row, one: Connection, seen: string | null = null): Row {
  const { outcome, document: next } = withConnection(document, one, seen, shapes)
  assert.equal(outcome, 'stored')
  assert.ok(next)
  return next
}

const entriesOf = (document: Row, pool = 'openai-codex'): Record<string, unknown>[] =>
  (document.credential_pool as Record<string, Record<string, unknown>[]>)[pool] ?? []
const found = (document: Row, id = 'c1') => connectionIn(document, place, 'mia', id, shapes)
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig`

test('S3 3.3 the first connection makes the layout that hermes-webui makes', () => {
  const document = put({}, connection())
  const [{ countersign, ...entry } = {}] = entriesOf(document)
  assert.match(String(entry.id), /^codex-oauth-[0-9a-f]{12}$/)
  const now = '2026-03-01T10:00:00.000Z'
  assert.equal(
    JSON.stringify({ ...document, credential_pool: { 'openai-codex': [{ ...entry, id: 'x' }] } }),
    JSON.stringify({
      version: 1,
      credential_pool: {
        'openai-codex': [
          {
            id: 'x',
            label: 'Codex OAuth',
            auth_type: 'oauth',
            priority: 0,
            source: 'manual:device_code',
            base_url: 'https://chatgpt.com/backend-api/codex',
            created_at: now,
            access_token: 'access-1',
            refresh_token: 'refresh-1',
            last_refresh: now,
            updated_at: now,
          },
        ],
      },
      updated_at: now,
    }),
  )
  assert.ok(isRow(countersign))
})

test('a connection comes back as it was put', () => {
  const one = connection({
    account: { id: 'acc', name: 'Mia' },
    tokens: { accessToken: 'a', refreshToken: null, expiresAt: at + 60, scopes: ['openid', 'mail'] },
    ended: 'refused',
    updatedAt: at + 1,
  })
  const back = found(put({}, one))
  assert.deepEqual(back, { ...one, version: back?.version })
})

for (const source of ['manual:device_code', 'oauth_device']) {
  test(`S3 3.3 an entry with source ${source} is updated in place, and nothing else in the file changes`, () => {
    const text = `{
  "version": 1,
  "providers": { "nous": { "agent_key": "k", "n": 9007199254740993 } },
  "credential_pool": {
    "anthropic": [ { "id": "x", "source": "env:KEY", "weight": 1.0 } ],
    "openai-codex": [
      { "id": "first", "source": "device_code", "access_token": "other" },
      { "id": "kept", "label": "Old", "source": "${source}", "priority": 3, "access_token": "old",
        "created_at": "2025-01-01T00:00:00+00:00", "request_count": 7, "last_status": "dead", "mine": {"a": [1e400]} }
    ]
  },
  "active_provider": "nous",
  "updated_at": "2025-01-01T00:00:00Z"
}`
    const document = put(readDocument(text).document, connection())
    const printed = printDocument(document)
    assert.deepEqual(Object.keys(document), [
      'version',
      'providers',
      'credential_pool',
      'active_provider',
      'updated_at',
    ])
    const [first, kept, ...more] = entriesOf(document)
    assert.equal(more.length, 0)
    assert.deepEqual(first, { id: 'first', source: 'device_code', access_token: 'other' })
    const { countersign: _, mine, ...members } = kept ?? {}
    assert.deepEqual(members, {
      id: 'kept',
      label: 'Codex OAuth',
      source: 'manual:device_code',
      priority: 3,
      access_token: 'access-1',
      created_at: '2025-01-01T00:00:00+00:00',
      request_count: 7,
      // hermes-agent passes over an entry that it once marked as dead; this was said of the old tokens.
      last_status: null,
      base_url: 'https://chatgpt.com/backend-api/codex',
      auth_type: 'oauth',
      refresh_token: 'refresh-1',
      last_refresh: '2026-03-01T10:00:00.000Z',
      updated_at: '2026-03-01T10:00:00.000Z',
    })
    for (const spelling of ['9007199254740993', '1.0', '1e400'])
      assert.match(printed, new RegExp(`[ :]${spelling.replace('.', '\\.')}[,\\s\\]}]`))
    assert.ok(mine)
  })
}

test('an entry that another program made is a connection, one of another kind is not', () => {
  const expires = at + 3600
  const entry = {
    id: 'codex-oauth-0123456789ab',
    label: 'Codex OAuth',
    source: 'manual:device_code',
    access_token: jwt({ exp: expires, sub: 'u1' }),
    refresh_token: 'r',
    created_at: '2026-02-01T00:00:00Z',
    updated_at: '2026-02-02T00:00:00.5Z',
  }
  const document: Row = {
    credential_pool: {
      'openai-codex': [{ ...entry, source: 'device_code' }, { ...entry, access_token: '' }, 'x', entry],
      qwen: [entry],
    },
  }
  const [one, ...others] = connectionsIn(document, place, 'mia', shapes)
  assert.equal(others.length, 0)
  assert.equal(one?.id, entry.id)
  assert.equal(one?.provider, 'openai-codex')
  assert.equal(one?.tokens.expiresAt, expires)
  assert.equal(one?.updatedAt, Date.parse('2026-02-02T00:00:00.5Z') / 1000)
})

test('a second account gets an entry of its own, in front, and the first stays', () => {
  const a = connection({ account: { id: 'a', name: 'A' } })
  const b = connection({ id: 'c2', account: { id: 'b', name: 'B' }, flow: 'f2' })
  const document = put(put({}, a), b)
  assert.deepEqual(
    connectionsIn(document, place, 'mia', shapes).map(({ id }) => id),
    ['c2', 'c1'],
  )
})

test('no sign-in takes the place of an entry whose token names somebody else', () => {
  const theirs = { id: 't', source: 'manual:device_code', access_token: jwt({ sub: 'u1' }) }
  const mine = connection({ tokens: { ...connection().tokens, accessToken: jwt({ sub: 'u2' }) } })
  const document = put({ credential_pool: { 'openai-codex': [theirs] } }, mine)
  assert.deepEqual(entriesOf(document)[1], theirs)
})

test('one person neither sees nor replaces what another connected in the same file', () => {
  const document = put({}, connection())
  assert.deepEqual(connectionsIn(document, place, 'noah', shapes), [])
  assert.equal(connectionIn(document, place, 'noah', 'c1', shapes), undefined)
  const both = put(document, connection({ id: 'c2', person: 'noah', flow: 'f2' }))
  assert.equal(found(both)?.tokens.accessToken, 'access-1')
  assert.equal(entriesOf(both).length, 2)
})

test('the version is that of the entry: whoever changed it, a put that saw the old one is a conflict', () => {
  const document = put({}, connection())
  const seen = found(document)?.version ?? ''
  const text = JSON.stringify(document).replace('refresh-1', 'refresh-by-agent')
  const changed = readDocument(text).document
  const late = withConnection(changed, connection(), seen, shapes)
  assert.deepEqual(late, { outcome: 'conflict' })
  assert.deepEqual(withoutConnection(changed, { ...connection(), version: seen }, at, shapes), {
    outcome: 'conflict',
  })
  assert.deepEqual(withConnection(changed, connection(), null, shapes), { outcome: 'conflict' })
  assert.deepEqual(withConnection({}, connection(), seen, shapes), { outcome: 'conflict' })
})

test('what we knew of the old tokens is over when another program has renewed them', () => {
  const tokens = { ...connection().tokens, expiresAt: at - 5 }
  const document = put({}, connection({ tokens, ended: 'answer_lost' }))
  const text = JSON.stringify(document).replaceAll('access-1', jwt({ exp: at + 900 }))
  const renewed = found(readDocument(text).document)
  assert.equal(renewed?.ended, null)
  assert.equal(renewed?.tokens.expiresAt, at + 900)
})

test('a connection is found although a program dropped the member that it does not know', () => {
  const document = put({}, connection())
  const [{ countersign: _, ...entry } = {}] = entriesOf(document)
  const dropped = { ...document, credential_pool: { 'openai-codex': [entry] } }
  const back = found(dropped)
  assert.equal(back?.id, 'c1')
  assert.equal(back?.tokens.refreshToken, 'refresh-1')
  assert.equal(entriesOf(put(dropped, connection(), back?.version ?? '')).length, 1)
})

test('a renewal leaves name, address and creation alone, and keeps the times that others read in step', () => {
  const entry = {
    id: 'e',
    label: 'Work',
    source: 'manual:device_code',
    base_url: 'https://proxy.example/codex',
    access_token: 'old',
    created_at: '2025-01-01T00:00:00Z',
    expires_at_ms: 5,
    last_refresh: 'then',
  }
  const before: Row = { credential_pool: { 'openai-codex': [entry] } }
  const seen = found(before, 'e')
  assert.ok(seen)
  const tokens = { ...seen.tokens, accessToken: 'new', expiresAt: at + 7 }
  const [after] = entriesOf(put(before, { ...seen, tokens, updatedAt: at }, seen.version))
  assert.equal(after?.label, 'Work')
  assert.equal(after?.base_url, 'https://proxy.example/codex')
  assert.equal(after?.created_at, '2025-01-01T00:00:00Z')
  assert.equal(after?.expires_at_ms, (at + 7) * 1000)
  assert.equal(after?.last_refresh, '2026-03-01T10:00:00.000Z')
  const [renamed] = entriesOf(put(before, { ...seen, label: 'Home' }, seen.version))
  assert.equal(renamed?.label, 'Home')
  assert.equal(renamed?.last_refresh, 'then')
})

test('S3 3.3 providers.<id>.tokens stays a copy where it is one, and is left alone where it is another credential', () => {
  const seen = put({}, connection())
  const version = found(seen)?.version ?? ''
  const providers = (tokens: object) => ({
    'openai-codex': { tokens, last_refresh: 'then', auth_mode: 'chatgpt' },
    nous: { x: 1 },
  })
  const next = connection({
    tokens: { ...connection().tokens, accessToken: 'access-2', refreshToken: 'refresh-2' },
  })
  const copy = {
    ...seen,
    providers: providers({ access_token: 'access-1', refresh_token: 'r', id_token: 'i' }),
  }
  assert.deepEqual(put(copy, next, version).providers, {
    'openai-codex': {
      tokens: { access_token: 'access-2', refresh_token: 'refresh-2', id_token: 'i' },
      last_refresh: '2026-03-01T10:00:00.000Z',
      auth_mode: 'chatgpt',
    },
    nous: { x: 1 },
  })
  const other = { ...seen, providers: providers({ access_token: 'else', refresh_token: 'else' }) }
  assert.deepEqual(put(other, next, version).providers, other.providers)
  const gone = withoutConnection(copy, { ...connection(), version }, at, shapes)
  assert.deepEqual(gone.document, {
    version: 1,
    credential_pool: {},
    updated_at: '2026-03-01T10:00:00.000Z',
    providers: { 'openai-codex': { last_refresh: 'then', auth_mode: 'chatgpt' }, nous: { x: 1 } },
  })
})

test('text that is no auth.json is said to be lost in the document; what is, is kept', () => {
  for (const text of ['{', '[]', '"x"', '12', '{"credential_pool": []}'])
    assert.equal(readDocument(text).whole, false, text)
  for (const text of ['', ' \n', '{}', '{"credential_pool": null}', '\uFEFF{"version": 1.0}'])
    assert.equal(readDocument(text).whole, true, text)
  const { document } = readDocument('{"a": 1.0, "credential_pool": {"odd": {"b": 1}, "good": [{"id": 1}]}}')
  assert.equal(numberOf(document.a), 1)
  const { document: next, loses } = withConnection(document, connection(), null, shapes)
  assert.equal(loses, false)
  assert.ok(next)
  const { 'openai-codex': _, ...others } = next.credential_pool as Row
  assert.deepEqual(others, { odd: { b: 1 }, good: [{ id: 1 }] })
  const taken = { credential_pool: { 'openai-codex': { a: 1 } } }
  assert.equal(withConnection(taken, connection(), null, shapes).loses, true)
  // A name that every object answers to is no pool.
  const odd = withConnection({}, connection({ provider: 'constructor' }), null, shapes)
  assert.deepEqual(Object.keys(odd.document?.credential_pool as Row), ['constructor'])
})

test('whatever is in the file, a put keeps every member that is not of the entry', () => {
  const json = fc.json({ maxDepth: 4 }).map((text) => JSON.parse(text) as unknown)
  const members = fc.dictionary(fc.string(), json)
  fc.assert(
    fc.property(members, members, fc.array(json), (others, pools, rows) => {
      const { credential_pool: _, version: _v, updated_at: _u, ...foreign } = others
      const lists = Object.fromEntries(Object.entries(pools).filter(([name]) => name !== 'openai-codex'))
      const file = { ...foreign, credential_pool: { ...lists, 'openai-codex': rows } }
      const read = readDocument(JSON.stringify(file))
      const {
        credential_pool,
        version: _w,
        updated_at: _x,
        ...rest
      } = JSON.parse(printDocument(put(read.document, connection())))
      assert.equal(JSON.stringify(rest), JSON.stringify(foreign))
      const { 'openai-codex': entries, ...restOfPools } = credential_pool
      const { 'openai-codex': _rows, ...wasThere } = read.document.credential_pool as Row
      assert.equal(JSON.stringify(restOfPools), JSON.stringify(wasThere))
      assert.equal(JSON.stringify(entries.slice(1)), JSON.stringify(rows))
    }),
  )
})
