// Records as text and back: every member comes back, whoever wrote the row. That the stores keep them so is contract.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthorizationCode, DeviceAuthorization, Grant, Kind, Records } from '@countersign/protocol'
import fc from 'fast-check'
import { toData, toRecord } from './record-data.ts'
import { kinds } from './tables.ts'
import { now, samples } from './testing/samples.ts'

/** With every member that there is, at each depth, those that may be left out included: who adds one to a record has to add it here. */
type Whole<R> = R extends readonly unknown[]
  ? R
  : R extends object
    ? { readonly [Member in keyof R]-?: Whole<Exclude<R[Member], undefined>> }
    : R

const whole: {
  readonly deviceAuthorization: Whole<DeviceAuthorization>
  readonly authorizationCode: Whole<AuthorizationCode>
  readonly grant: Whole<Grant>
} = {
  deviceAuthorization: {
    ...samples.deviceAuthorization,
    status: 'denied',
    decision: {
      accountId: 'usr_ada',
      at: now + 1,
      authTime: now - 1,
      amr: ['pwd', 'otp'],
      address: '203.0.113.9',
      userAgent: 'Mozilla/5.0',
      reportedAsAttack: true,
      grantId: 'grant-3',
    },
    accountId: 'usr_ada',
    grantId: 'grant-3',
    jkt: 'thumbprint',
    networkUnknown: true,
    returnCode: { hash: 'return-code', wrong: ['wrong'] },
    deniedFor: 'return_code',
  },
  authorizationCode: { ...samples.authorizationCode, jkt: 'thumbprint' },
  grant: { ...samples.grant, jkt: 'thumbprint', revokedAt: now, revokedFor: 'reuse' },
}

const throughText = <K extends Kind>(kind: K, record: Records[K]) =>
  toRecord(kind, record.id, record.version, toData(kind, record))

test('a record of every kind comes back as it was, whole and with nothing that may be missing', () => {
  for (const kind of kinds) assert.deepEqual(throughText(kind, samples[kind]), samples[kind])
  assert.deepEqual(throughText('deviceAuthorization', whole.deviceAuthorization), whole.deviceAuthorization)
  assert.deepEqual(throughText('authorizationCode', whole.authorizationCode), whole.authorizationCode)
  assert.deepEqual(throughText('grant', whole.grant), whole.grant)
  const ended: Grant = { ...samples.grant, refresh: null }
  assert.deepEqual(throughText('grant', ended), ended)
})

test('each member has a place of its own: no two of them are taken for each other', () => {
  const kept = (kind: keyof typeof whole, member: string, value: unknown) => {
    const record = { ...whole[kind], [member]: value } as unknown as Records[typeof kind]
    assert.deepEqual(throughText(kind, record), record, `${kind} ${member}`)
  }
  for (const kind of Object.keys(whole) as (keyof typeof whole)[]) {
    for (const [member, value] of Object.entries(whole[kind])) {
      // Values that are taken apart keep their form.
      if (['context', 'decision', 'refresh'].includes(member)) continue
      kept(kind, member, typeof value === 'string' ? `the ${member}` : [member, value])
    }
  }
})

test('whatever a machine says of itself comes back, halves of characters and control characters included', () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\ud800', '\udc00x', '\x1f', '\0', '"],['),
  )
  const said = fc.record({ name: text, agent: fc.option(text), userAgent: text, nonce: fc.option(text) })
  fc.assert(
    fc.property(said, ({ name, agent, userAgent, nonce }) => {
      const context = {
        observed: { address: '::1', userAgent },
        reported: { deviceName: name, clientVersion: null, agent },
      }
      const record: Grant = { ...samples.grant, deviceName: name, nonce, context }
      const data = toData('grant', record)
      assert.deepEqual(toRecord('grant', record.id, record.version, data), record)
      // What separates documents on the way to PostgreSQL.
      assert.ok(!data.includes('\x1f'))
    }),
  )
})

test('a row with the names of its members, as programs wrote it that packed nothing, is read as it is', () => {
  for (const kind of ['deviceAuthorization', 'authorizationCode', 'grant'] as const) {
    const { id: _id, version: _version, ...members } = whole[kind]
    assert.deepEqual(toRecord(kind, 'its id', 7, JSON.stringify(members)), {
      ...members,
      id: 'its id',
      version: 7,
    })
  }
})

test('a row that has no form of its kind is an error, not half of a record', () => {
  assert.throws(() => toRecord('client', 'client-1', 1, '[]'), /not packed/)
  assert.throws(() => toRecord('grant', 'grant-1', 1, 'no JSON'), SyntaxError)
  for (const kind of Object.keys(whole) as (keyof typeof whole)[]) {
    const values = JSON.parse(toData(kind, whole[kind])) as unknown[]
    const short = JSON.stringify(values.slice(0, -1))
    assert.throws(() => toRecord(kind, 'short', 1, short), /has \d+ places/)
  }
})
