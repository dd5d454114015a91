// What is read out of a refusal, and what is not believed. The header's own syntax is oauth4webapi's; with real requests:
// session.step-up.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { needsOf, type Refused, readRefusal } from './challenge.ts'

type Parameters = Record<string, string>
const challenge = (status: number, ...list: [string, Parameters][]) => ({
  status,
  cause: list.map(([scheme, parameters]) => ({ scheme: scheme as Lowercase<string>, parameters })),
})
const bearer = (status: number, parameters: Parameters) => challenge(status, ['bearer', parameters])

const read: [string, ReturnType<typeof challenge>, Refused | undefined][] = [
  ['a refused token', bearer(401, { error: 'invalid_token' }), { type: 'invalid_token' }],
  ['the same with another status', bearer(403, { error: 'invalid_token' }), undefined],
  ['another scheme', challenge(401, ['basic', { error: 'invalid_token' }]), undefined],
  [
    'missing permissions',
    bearer(403, { error: 'insufficient_scope', scope: 'a b a' }),
    { type: 'insufficient_scope', scope: 'a b' },
  ],
  ['missing permissions that are not named', bearer(403, { error: 'insufficient_scope' }), undefined],
  ['no more than a challenge', bearer(401, { realm: 'api' }), undefined],
  [
    'the second of two',
    challenge(
      403,
      ['dpop', { error: 'insufficient_scope', scope: 'x' }],
      ['bearer', { error: 'insufficient_scope', scope: 'y' }],
    ),
    { type: 'insufficient_scope', scope: 'y' },
  ],
  [
    'a stronger sign-in',
    bearer(401, { error: 'insufficient_user_authentication', acr_values: 'phr phrh', max_age: '300' }),
    { type: 'insufficient_user_authentication', acrValues: 'phr phrh', maxAge: 300 },
  ],
  [
    'nonsense beside it',
    bearer(401, { error: 'insufficient_user_authentication', acr_values: '\u001b[2J', max_age: '-1' }),
    { type: 'insufficient_user_authentication' },
  ],
]
for (const [what, given, expected] of read)
  test(`CL-12 SU-01 ${what} is read as ${expected?.type ?? 'nothing'}`, () => {
    assert.deepEqual(readRefusal(given), expected)
  })

test('CL-18 a hostile list of permissions is not passed on', () => {
  const many = Array.from({ length: 51 }, (_, at) => `s${at}`).join(' ')
  for (const scope of ['a"b', 'a\\b', 'ü', '\u001b[2J', 'x'.repeat(201), many, 'y '.repeat(1500)])
    assert.equal(
      readRefusal(bearer(403, { error: 'insufficient_scope', scope })),
      undefined,
      scope.slice(0, 20),
    )
})

test('CL-18 MX-11 the next sign-in asks for what there is and what is missing', () => {
  const refused = { type: 'insufficient_scope', scope: 'read erase' } as const
  assert.deepEqual(needsOf(refused, 'openid read', 'https://api.example'), {
    scope: 'openid read erase',
    missing: ['erase'],
    resource: 'https://api.example',
  })
})
