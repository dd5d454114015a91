// Each refusal against its row of the error matrix (standards.md section 22), and what no description may contain.
// Headers such as WWW-Authenticate are the server's.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  authorizationPending,
  type MalformedDetail,
  type Refusal,
  slowDown,
  speakRefusal,
  type WireError,
} from './refusal.ts'

// Evidence that must stay in the log: it may hold anything that somebody sent.
const hostile = '"\\\u0000\u00e9<script>evil'

/** One of each; a reason without a row does not compile. */
const rows: {
  [R in Refusal['reason']]: [Extract<Refusal, { reason: R }>, WireError['status'], string]
} = {
  malformed_request: [
    { reason: 'malformed_request', detail: 'value', parameter: hostile },
    400,
    'invalid_request',
  ],
  client_unidentified: [{ reason: 'client_unidentified' }, 400, 'invalid_request'],
  client_authentication_failed: [
    { reason: 'client_authentication_failed', clientId: hostile },
    401,
    'invalid_client',
  ],
  grant_type_unsupported: [{ reason: 'grant_type_unsupported' }, 400, 'unsupported_grant_type'],
  grant_type_not_allowed: [
    { reason: 'grant_type_not_allowed', clientId: hostile, grantType: hostile },
    400,
    'unauthorized_client',
  ],
  scope_not_allowed: [{ reason: 'scope_not_allowed', clientId: hostile }, 400, 'invalid_scope'],
  scope_not_for_devices: [{ reason: 'scope_not_for_devices', clientId: hostile }, 400, 'invalid_scope'],
  resource_not_allowed: [{ reason: 'resource_not_allowed', clientId: hostile }, 400, 'invalid_target'],
  device_code_unknown: [{ reason: 'device_code_unknown' }, 400, 'invalid_grant'],
  device_code_foreign: [{ reason: 'device_code_foreign', clientId: hostile }, 400, 'invalid_grant'],
  device_code_used: [{ reason: 'device_code_used' }, 400, 'invalid_grant'],
  device_code_denied: [{ reason: 'device_code_denied' }, 400, 'access_denied'],
  device_code_reported: [{ reason: 'device_code_reported' }, 400, 'access_denied'],
  device_code_cancelled: [{ reason: 'device_code_cancelled' }, 400, 'access_denied'],
  device_network_refused: [{ reason: 'device_network_refused' }, 400, 'access_denied'],
  return_code_wrong: [{ reason: 'return_code_wrong' }, 400, 'access_denied'],
  device_code_expired: [{ reason: 'device_code_expired' }, 400, 'expired_token'],
  account_disabled: [{ reason: 'account_disabled', accountId: hostile }, 400, 'access_denied'],
  refresh_token_unknown: [{ reason: 'refresh_token_unknown' }, 400, 'invalid_grant'],
  refresh_token_foreign: [{ reason: 'refresh_token_foreign', clientId: hostile }, 400, 'invalid_grant'],
  refresh_token_expired: [{ reason: 'refresh_token_expired', grantId: hostile }, 400, 'invalid_grant'],
  refresh_token_reused: [{ reason: 'refresh_token_reused', grantId: hostile }, 400, 'invalid_grant'],
  grant_revoked: [{ reason: 'grant_revoked', grantId: hostile }, 400, 'invalid_grant'],
  token_foreign: [{ reason: 'token_foreign', clientId: hostile }, 400, 'invalid_grant'],
  token_type_unsupported: [{ reason: 'token_type_unsupported' }, 400, 'unsupported_token_type'],
  code_unknown: [{ reason: 'code_unknown' }, 400, 'invalid_grant'],
  code_foreign: [{ reason: 'code_foreign', clientId: hostile }, 400, 'invalid_grant'],
  code_expired: [{ reason: 'code_expired' }, 400, 'invalid_grant'],
  code_reused: [{ reason: 'code_reused', grantId: hostile }, 400, 'invalid_grant'],
  code_mismatch: [{ reason: 'code_mismatch', what: 'code_verifier' }, 400, 'invalid_grant'],
  dpop_proof_invalid: [{ reason: 'dpop_proof_invalid', why: hostile }, 400, 'invalid_dpop_proof'],
  dpop_proof_missing: [{ reason: 'dpop_proof_missing' }, 400, 'invalid_dpop_proof'],
  dpop_key_mismatch: [{ reason: 'dpop_key_mismatch' }, 400, 'invalid_grant'],
  dpop_nonce_needed: [{ reason: 'dpop_nonce_needed' }, 400, 'use_dpop_nonce'],
  assertion_invalid: [{ reason: 'assertion_invalid', why: hostile }, 400, 'invalid_grant'],
  subject_token_invalid: [{ reason: 'subject_token_invalid', why: hostile }, 400, 'invalid_request'],
  connection_refused: [
    { reason: 'connection_refused', clientId: hostile, why: 'missing' },
    400,
    'interaction_required',
  ],
  exchange_target_refused: [{ reason: 'exchange_target_refused', clientId: hostile }, 400, 'invalid_target'],
  par_required: [{ reason: 'par_required' }, 400, 'invalid_request'],
  request_uri_unknown: [{ reason: 'request_uri_unknown' }, 400, 'invalid_request'],
  response_type_unsupported: [{ reason: 'response_type_unsupported' }, 400, 'unsupported_response_type'],
  request_object_unsupported: [
    { reason: 'request_object_unsupported', what: 'registration' },
    400,
    'registration_not_supported',
  ],
  request_denied: [{ reason: 'request_denied' }, 400, 'access_denied'],
  login_required: [{ reason: 'login_required' }, 400, 'login_required'],
  consent_required: [{ reason: 'consent_required' }, 400, 'consent_required'],
  interaction_required: [{ reason: 'interaction_required' }, 400, 'interaction_required'],
  account_selection_required: [{ reason: 'account_selection_required' }, 400, 'account_selection_required'],
  authentication_unmet: [{ reason: 'authentication_unmet' }, 400, 'unmet_authentication_requirements'],
}

const details: Record<MalformedDetail, true> = {
  media_type: true,
  encoding: true,
  repeated_parameter: true,
  missing_parameter: true,
  credentials_in_query: true,
  two_credentials: true,
  client_id_mismatch: true,
  value: true,
}

const everything: WireError[] = [
  authorizationPending,
  slowDown,
  ...Object.values(rows).map(([refusal]) => speakRefusal(refusal)),
  ...(Object.keys(details) as MalformedDetail[]).map((detail) =>
    speakRefusal({ reason: 'malformed_request', detail }),
  ),
]

for (const [reason, [refusal, status, error]] of Object.entries(rows)) {
  test(`TK-02 DT-11 DA-15 ${reason} is ${status} ${error}`, () => {
    const spoken = speakRefusal(refusal)
    assert.deepEqual([spoken.status, spoken.error], [status, error])
    assert.deepEqual(Object.keys(spoken).sort(), ['description', 'error', 'status'])
  })
}

test('G-11 error and description are printable ASCII without quote and backslash, and echo nothing', () => {
  for (const { error, description } of everything) {
    assert.match(error, /^[a-z_]+$/)
    assert.match(description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    assert.doesNotMatch(description, /evil|script/)
  }
})

test('G-11 a description is one sentence for people', () => {
  for (const { description } of everything) assert.match(description, /^[A-Z].+\.$/)
})

test('DT-04 DT-05 waiting and slowing down have the form of errors', () => {
  assert.deepEqual([authorizationPending.status, authorizationPending.error], [400, 'authorization_pending'])
  assert.deepEqual([slowDown.status, slowDown.error], [400, 'slow_down'])
})

test('TK-02 only a failed client authentication is a 401', () => {
  for (const { status, error } of everything) assert.equal(status, error === 'invalid_client' ? 401 : 400)
})

test('DT-03 DT-09 an unknown, a foreign and a used device code cannot be told apart', () => {
  const unknown = speakRefusal({ reason: 'device_code_unknown' })
  assert.deepEqual(speakRefusal({ reason: 'device_code_foreign', clientId: 'a' }), unknown)
  assert.deepEqual(speakRefusal({ reason: 'device_code_used' }), unknown)
})

test('RT-01 RT-03 what is wrong with a refresh token is not told', () => {
  const unknown = speakRefusal({ reason: 'refresh_token_unknown' })
  for (const reason of ['refresh_token_expired', 'refresh_token_reused', 'grant_revoked'] as const)
    assert.deepEqual(speakRefusal({ reason, grantId: 'g' }), unknown)
  assert.deepEqual(speakRefusal({ reason: 'refresh_token_foreign', clientId: 'a' }), unknown)
})

test('G-04 G-07 G-08 TK-03 each malformed request says which fault it was', () => {
  const spoken = (Object.keys(details) as MalformedDetail[]).map((detail) =>
    speakRefusal({ reason: 'malformed_request', detail }),
  )
  assert.equal(new Set(spoken.map(({ description }) => description)).size, spoken.length)
  for (const { error } of spoken) assert.equal(error, 'invalid_request')
})
