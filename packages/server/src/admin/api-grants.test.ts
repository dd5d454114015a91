// The operations on sign-ins, keys and the audit log. Who is let in is api.test.ts; the log itself audit-log.test.ts.

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { createPeopledServer } from '../pages/testing.ts'
import { refresh, signIn as signInDevice } from '../testing/device-flow.ts'
import type { TestServer } from '../testing/services.ts'
import { type ApiCaller, clientCaller } from './testing.ts'

let server: TestServer
let admin: ApiCaller
beforeEach(async () => {
  server = await createPeopledServer()
  admin = await clientCaller(server, 'ops', ['countersign:admin'])
})

interface Listed {
  readonly items: readonly { readonly id: string; readonly client_id: string }[]
  readonly next?: string
}

const ids = async (path: string): Promise<string[]> =>
  (await admin.call<Listed>('GET', path)).json.items.map(({ id }) => id)

test('DV-20 RT-08 sign-ins are listed by account, client and life, shown, and ended with all their tokens', async () => {
  const tokens = [await signInDevice(server), await signInDevice(server), await signInDevice(server)]
  const all = await ids('/grants')
  assert.equal(all.length, 3)
  assert.deepEqual(await ids('/grants?account=mia@example.com'), all)
  assert.deepEqual(await ids('/grants?client=countersign-cli'), all)
  assert.deepEqual(await ids('/grants?client=countersign'), [])
  assert.equal((await admin.call('GET', '/grants?account=usr_none')).status, 404)
  const [first = ''] = all
  assert.equal((await admin.call('DELETE', `/grants/${first}`)).status, 204)
  assert.deepEqual([await ids('/grants?live=true'), await ids('/grants?live=false')], [all.slice(1), [first]])
  const shown = await admin.call('GET', `/grants/${first}`)
  assert.equal(shown.json.revoked_for, 'admin')
  // Of the members' names: what is random in their values may hold any word.
  const names: string[] = []
  JSON.parse(shown.body, (name, value) => {
    names.push(name)
    return value
  })
  assert.ok(names.includes('revoked_for'))
  assert.doesNotMatch(names.join(' '), /refresh|hash/i)
  const answers = await Promise.all(tokens.map(({ refresh_token: token }) => refresh(server, token)))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 200, 400])
  assert.equal((await admin.call('DELETE', '/grants/none')).status, 404)
  const paged = [await ids('/grants?limit=2'), await ids(`/grants?account=usr_mia&limit=2&after=${all[1]}`)]
  assert.deepEqual(paged, [all.slice(0, 2), all.slice(2)])
  assert.equal((await admin.call<Listed>('GET', '/grants?account=usr_mia&limit=2')).json.next, all[1])
})

test('JK-05 JK-17 keys are listed without their secret half, and rotate', async () => {
  const rotated = await admin.call<{ items: { state: string }[] }>('POST', '/keys/rotations')
  assert.deepEqual(
    [rotated.status, rotated.json.items.map(({ state }) => state)],
    [201, ['next', 'next', 'next']],
  )
  const { json, body } = await admin.call<{ items: object[] }>('GET', '/keys')
  assert.equal(json.items.length, 6)
  assert.doesNotMatch(body, /ealed|PRIVATE|"d"/)
  // Again while these wait for their turn would only make the set longer.
  const again = await admin.call('POST', '/keys/rotations')
  assert.deepEqual([again.status, again.json.error], [409, 'conflict'])
  assert.match(String(again.json.message), /wait for their turn/)
  assert.equal((await admin.call<{ items: object[] }>('GET', '/keys')).json.items.length, 6)
  server.advance(1200)
  assert.equal((await admin.call('POST', '/keys/rotations')).status, 201)
})

interface Log {
  readonly items: readonly { readonly sequence: number; readonly event: string; readonly hash: string }[]
  readonly next?: number
}

test('the audit log is listed with filters and pages, exported in lines, and verified in steps', async () => {
  for (let i = 0; i < 21; i++)
    await admin.call('POST', '/resources', { json: { id: `https://${i}.example`, name: 'Api' } })
  const first = await admin.call<Log>('GET', '/audit?limit=5')
  assert.deepEqual(
    first.json.items.map(({ sequence }) => sequence),
    [21, 20, 19, 18, 17],
  )
  const second = await admin.call<Log>('GET', `/audit?limit=200&before=${first.json.next}`)
  assert.deepEqual([second.json.items.length, second.json.next], [16, undefined])
  assert.equal((await admin.call<Log>('GET', '/audit?event=resource&client=ops')).json.items.length, 21)
  assert.equal((await admin.call<Log>('GET', '/audit?event=reso')).json.items.length, 0)
  assert.equal(
    (await admin.call<Log>('GET', '/audit?since=2027-01-15T09:00:00%2B01:00')).json.items.length,
    21,
  )
  assert.equal((await admin.call<Log>('GET', '/audit?until=2027-01-15T08:00:00Z')).json.items.length, 0)
  assert.equal((await admin.call('GET', '/audit?since=yesterday')).status, 400)
  const lines = await admin.call('GET', '/audit/export?after=2&limit=10')
  assert.equal(lines.headers['content-type'], 'application/x-ndjson')
  assert.deepEqual(
    lines.body
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { sequence: number }).sequence),
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
  )
  assert.equal((await admin.call('GET', '/audit/export?after=21')).body, '')
  const step = await admin.call('GET', '/audit/verification?most=20')
  assert.deepEqual([step.json.ok, step.json.next], [true, 20])
  const rest = await admin.call<{ ok: boolean; next: null; head: { sequence: number; hash: string } }>(
    'GET',
    '/audit/verification?after=20',
  )
  assert.deepEqual([rest.json.ok, rest.json.next], [true, null])
  const { sequence, hash } = rest.json.head
  const noted = await admin.call('GET', `/audit/verification?noted=${sequence}:${hash}`)
  assert.equal(noted.json.ok, true)
  const other = await admin.call('GET', `/audit/verification?noted=${sequence - 1}:${hash}`)
  assert.deepEqual([other.json.ok, other.json.faults], [false, [{ sequence: sequence - 1, fault: 'noted' }]])
})

test('G-27 the audit log is verified by one at a time and so often a minute, with few questions to the database at once', async () => {
  const { store } = server.services
  for (let i = 0; i < 130; i++)
    await admin.call('POST', '/resources', { json: { id: `https://${i}.example`, name: 'Api' } })
  const { find } = store
  let asked = 0
  let most = 0
  let all = 0
  const watched: typeof find = async (...args) => {
    all++
    most = Math.max(most, ++asked)
    await new Promise((resolve) => setImmediate(resolve))
    const found = await find(...args)
    asked--
    return found
  }
  Object.assign(store, { find: watched })
  const verify = (query = '') => admin.call('GET', `/audit/verification${query}`)
  const [first, same, other] = await Promise.all([verify(), verify(), verify('?after=1')])
  assert.deepEqual([first.status, same.status, other.status], [200, 200, 503])
  assert.deepEqual([first.json.checked, same.body], [130, first.body])
  assert.match(String(other.headers['retry-after']), /^[1-9]\d*$/)
  assert.ok(most <= 50, `${most} at once`)
  assert.ok(all < 2 * 130, `${all} altogether`)
  Object.assign(store, { find })
  const statuses: number[] = []
  for (let i = 0; i < 62; i++) statuses.push((await verify('?most=1')).status)
  assert.deepEqual([statuses.indexOf(503), new Set(statuses)], [59, new Set([200, 503])])
})
