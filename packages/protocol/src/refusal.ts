// Every way in which Countersign says no to a client: one union, and one switch that gives the wire form.
// Descriptions are fixed sentences; the evidence in a refusal is for the log and never leaves the server.
// `authorization_pending` and `slow_down` are outcomes of a poll, not refusals; their wire form is here
// because RFC 8628 §3.5 gives them the same shape.

export type Refusal =
  | { readonly reason: 'malformed_request'; readonly detail: MalformedDetail; readonly parameter?: string }
  | { readonly reason: 'client_unidentified' }
  | { readonly reason: 'client_authentication_failed'; readonly clientId?: string }
  | { readonly reason: 'grant_type_unsupported' }
  | { readonly reason: 'grant_type_not_allowed'; readonly clientId: string; readonly grantType: string }
  | { readonly reason: 'scope_not_allowed'; readonly clientId?: string }
  | { readonly reason: 'scope_not_for_devices'; readonly clientId: string }
  | { readonly reason: 'resource_not_allowed'; readonly clientId?: string }
  | { readonly reason: 'device_code_unknown' }
  | { readonly reason: 'device_code_foreign'; readonly clientId: string }
  | { readonly reason: 'device_code_used' }
  | { readonly reason: 'device_code_denied' }
  | { readonly reason: 'device_code_reported' }
  | { readonly reason: 'device_code_cancelled' }
  | { readonly reason: 'device_network_refused' }
  | { readonly reason: 'return_code_wrong' }
  | { readonly reason: 'device_code_expired' }
  | { readonly reason: 'account_disabled'; readonly accountId: string }
  | { readonly reason: 'refresh_token_unknown' }
  | { readonly reason: 'refresh_token_foreign'; readonly clientId: string }
  | { readonly reason: 'refresh_token_expired'; readonly grantId: string }
  | { readonly reason: 'refresh_token_reused'; readonly grantId: string }
  | { readonly reason: 'grant_revoked'; readonly grantId: string }
  | { readonly reason: 'token_foreign'; readonly clientId: string }
  | { readonly reason: 'token_type_unsupported' }
  | { readonly reason: 'code_unknown' }
  | { readonly reason: 'code_foreign'; readonly clientId: string }
  | { readonly reason: 'code_expired' }
  /** Somebody who knows everything that belongs to the code used it a second time: the grant is gone (RFC 6749 §4.1.2). */
  | { readonly reason: 'code_reused'; readonly grantId: string }
  | { readonly reason: 'code_mismatch'; readonly what: 'redirect_uri' | 'code_verifier' }
  | { readonly reason: 'dpop_proof_invalid'; readonly why: string }
  | { readonly reason: 'dpop_proof_missing' }
  | { readonly reason: 'dpop_key_mismatch' }
  | { readonly reason: 'dpop_nonce_needed' }
  | { readonly reason: 'assertion_invalid'; readonly why: string }
  | { readonly reason: 'subject_token_invalid'; readonly why: string }
  | { readonly reason: 'exchange_target_refused'; readonly clientId: string }
  | { readonly reason: 'connection_refused'; readonly clientId: string; readonly why: ConnectionFault }
  | { readonly reason: 'par_required' }
  | { readonly reason: 'request_uri_unknown' }
  | { readonly reason: 'response_type_unsupported' }
  | {
      readonly reason: 'request_object_unsupported'
      readonly what: 'request' | 'request_uri' | 'registration'
    }
  | { readonly reason: 'request_denied' }
  | { readonly reason: 'login_required' }
  | { readonly reason: 'consent_required' }
  | { readonly reason: 'interaction_required' }
  | { readonly reason: 'account_selection_required' }
  | { readonly reason: 'authentication_unmet' }

export type MalformedDetail =
  | 'media_type'
  | 'encoding'
  | 'repeated_parameter'
  | 'missing_parameter'
  | 'credentials_in_query'
  | 'two_credentials'
  | 'client_id_mismatch'
  | 'value'

/** The wire form of a refusal: `error` and `error_description` of RFC 6749 §5.2 with the status to send. */
export interface WireError {
  readonly status: 400 | 401
  readonly error: string
  readonly description: string
}

const wire = (error: string, description: string, status: 400 | 401 = 400): WireError => ({
  status,
  error,
  description,
})

export const authorizationPending = wire('authorization_pending', 'The request has not been decided yet.')
export const slowDown = wire(
  'slow_down',
  'Wait at least the interval between requests; it grew by 5 seconds.',
)

/** RFC 6749 §5.2, RFC 8628 §3.5, RFC 8707 §2, RFC 7009 §2.2.1. Adding a refusal without its form does not compile. */
export function speakRefusal(refusal: Refusal): WireError {
  switch (refusal.reason) {
    case 'malformed_request':
      return wire('invalid_request', malformedSentence(refusal.detail))
    case 'client_unidentified':
      return wire('invalid_request', 'The client_id parameter is missing.')
    case 'client_authentication_failed':
      return wire('invalid_client', 'Client authentication failed.', 401)
    case 'grant_type_unsupported':
      return wire('unsupported_grant_type', 'This grant type is not supported.')
    case 'grant_type_not_allowed':
      return wire('unauthorized_client', 'This client may not use this grant.')
    case 'scope_not_allowed':
      return wire('invalid_scope', 'The scope is malformed, unknown, or more than this client may have.')
    case 'scope_not_for_devices':
      return wire('invalid_scope', 'Scopes of the administration are not given to devices.')
    case 'resource_not_allowed':
      return wire('invalid_target', 'The resource is malformed, unknown, or not part of the grant.')
    case 'device_code_unknown':
    case 'device_code_foreign':
    case 'device_code_used':
      return wire('invalid_grant', 'The device code is unknown or was already used.')
    case 'device_code_denied':
    case 'device_code_reported':
    case 'device_code_cancelled':
    case 'device_network_refused':
    case 'return_code_wrong':
    case 'account_disabled':
    case 'request_denied':
      return wire('access_denied', denials[refusal.reason])
    case 'device_code_expired':
      return wire('expired_token', 'The device code has expired.')
    case 'refresh_token_unknown':
    case 'refresh_token_foreign':
    case 'refresh_token_expired':
    case 'refresh_token_reused':
    case 'grant_revoked':
      return wire('invalid_grant', 'The refresh token is unknown, expired or revoked.')
    case 'token_foreign':
      return wire('invalid_grant', 'The token was issued to another client.')
    case 'token_type_unsupported':
      return wire('unsupported_token_type', 'Tokens of this type cannot be revoked here.')
    case 'code_unknown':
    case 'code_foreign':
    case 'code_expired':
    case 'code_reused':
      return wire('invalid_grant', 'The code is unknown, expired or was already used.')
    case 'code_mismatch':
      return wire('invalid_grant', `The ${refusal.what} does not belong to the code.`)
    case 'assertion_invalid':
      return wire('invalid_grant', 'The assertion is not acceptable.')
    case 'subject_token_invalid':
      return wire('invalid_request', 'The subject or actor token is not acceptable.')
    case 'exchange_target_refused':
      return wire('invalid_target', 'This client may not exchange tokens for this audience.')
    case 'connection_refused':
      return connectionFaults[refusal.why]
    case 'dpop_proof_invalid':
      return wire('invalid_dpop_proof', 'The DPoP proof is not valid.')
    case 'dpop_proof_missing':
      return wire('invalid_dpop_proof', 'This client must send a DPoP proof.')
    case 'dpop_key_mismatch':
      return wire('invalid_grant', 'The grant is bound to another key.')
    case 'dpop_nonce_needed':
      return wire('use_dpop_nonce', 'Use the nonce of this answer in the DPoP proof.')
    case 'par_required':
      return wire('invalid_request', 'The authorization request must be pushed first.')
    case 'request_uri_unknown':
      return wire('invalid_request', 'The request_uri is unknown, expired or was already used.')
    case 'response_type_unsupported':
      return wire('unsupported_response_type', 'Only the response type code is supported.')
    case 'request_object_unsupported':
      return wire(`${refusal.what}_not_supported`, `The parameter ${refusal.what} is not supported.`)
    case 'login_required':
    case 'consent_required':
    case 'interaction_required':
    case 'account_selection_required':
      return wire(refusal.reason, interactions[refusal.reason])
    case 'authentication_unmet':
      return wire('unmet_authentication_requirements', 'The requested kind of sign-in cannot be reached.')
  }
}

const denials = {
  device_code_denied: 'The request was denied.',
  device_code_reported: 'The request was denied and reported.',
  device_code_cancelled: 'The request was cancelled.',
  device_network_refused: 'The browser is on another network than this device, which is refused here.',
  return_code_wrong: 'The characters shown in the browser were typed wrong too often.',
  account_disabled: 'The account cannot be used.',
  request_denied: 'The request was denied.',
} as const

/** OIDC Core §3.1.2.6. */
const interactions = {
  login_required: 'The person has to sign in.',
  consent_required: 'The person has to agree.',
  interaction_required: 'The person has to do something first.',
  account_selection_required: 'The person has to choose an account.',
} as const

const connectionFaults = {
  client: wire('unauthorized_client', 'This client may not have tokens of connected accounts.'),
  scope: wire('invalid_scope', 'The subject token lacks the scope for this connection.'),
  provider: wire('invalid_target', 'Accounts of this provider cannot be connected here.'),
  // The name is that of OIDC Core §3.1.2.6: only the person can help, on the page that the answer names.
  missing: wire('interaction_required', 'No account of this provider is connected.'),
  ended: wire('interaction_required', 'The account must be connected again.'),
  more_scopes: wire('interaction_required', 'The account must be connected again with more permissions.'),
} as const

/** Why there is no token of a connected account: who asks may not have it, or the person has to do something first. */
export type ConnectionFault = keyof typeof connectionFaults

function malformedSentence(detail: MalformedDetail): string {
  switch (detail) {
    case 'media_type':
      return 'The body must be application/x-www-form-urlencoded.'
    case 'encoding':
      return 'The body is not a well-formed UTF-8 form.'
    case 'repeated_parameter':
      return 'A parameter occurs more than once.'
    case 'missing_parameter':
      return 'A required parameter is missing.'
    case 'credentials_in_query':
      return 'Parameters belong in the body, not in the URL.'
    case 'two_credentials':
      return 'The client authenticated in more than one way.'
    case 'client_id_mismatch':
      return 'The client_id differs from the authenticated client.'
    case 'value':
      return 'A parameter has a value that is not allowed.'
  }
}
