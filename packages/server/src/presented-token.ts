// An access token beside a request to a resource of this server itself, which is any resource (RFC 6750 §2, RFC 9449 §7): UserInfo
// and whatever else is for its bearer. Found and counted here, with the proof of its key; what it may do is the endpoint's.
// Other resources have @countersign/resource.

import { dpopNonce, nonceAge, proofFor, spendShownProof } from './dpop.ts'
import { checkProof } from './dpop-proof.ts'
import { json, type PlainRequest, type PlainResponse } from './http.ts'
import { defaultAudience } from './issue-tokens.ts'
import { findLiveToken, type LiveToken } from './live-token.ts'
import { clientAlgs } from './offered.ts'
import { digest } from './secrets.ts'
import type { Services } from './services.ts'

export type Presented =
  | {
      readonly ok: true
      readonly live: LiveToken
      readonly scheme: Scheme
      /** For the next proof, where the nonce that came will soon be too old. */
      readonly nonce: string | undefined
    }
  | { readonly ok: false; readonly response: PlainResponse }

export type Scheme = 'Bearer' | 'DPoP'

export async function readPresentedToken(services: Services, request: PlainRequest): Promise<Presented> {
  const { authorization } = request.headers
  // RFC 6750 §3.1: without credentials, or with some of another kind, the challenges name no error.
  const named = /^(bearer|dpop)(?: |$)/i.exec(authorization ?? '')?.[1]
  if (authorization === undefined || named === undefined) return refused(challenge(401))
  const scheme = named.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer'
  const text = /^[a-z]+ +([A-Za-z0-9\-._~+/]+=*)$/i.exec(authorization.trim())?.[1]
  if (text === undefined || carriesAnother(request)) return refused(malformed)
  const live = await findLiveToken(services, text)
  if (live === undefined || live.token.audience !== defaultAudience(services)) return refused(invalid(scheme))
  const { jkt } = live.token
  // RFC 9449 §7.2: bound to a key and sent as if it were not, or the other way round.
  if ((jkt !== null) !== (scheme === 'DPoP')) return refused(invalid(scheme))
  if (jkt === null) return { ok: true, live, scheme, nonce: undefined }
  const proof = checkProof(request.headers.dpop ?? '', proofFor(services, request))
  if (typeof proof === 'string' || proof.jkt !== jkt || proof.ath !== digest(text)) return refused(badProof)
  const age = services.config.dpopNonces ? nonceAge(services, 'resource', proof.nonce) : 'young'
  if (age === undefined) return refused(needNonce(services))
  if (!(await spendShownProof(services, request, proof))) return refused(badProof)
  const nonce = age === 'old' ? dpopNonce(services, 'resource') : undefined
  return { ok: true, live, scheme, nonce }
}

const refused = (response: PlainResponse): Presented => ({ ok: false, response })

// RFC 6750 §2: "Clients MUST NOT use more than one method to transmit the token in each request." By itself a token in the query
// or in the body is not looked at (standards.md X-06).
function carriesAnother({ headers, query, body }: PlainRequest): boolean {
  if (isAccessToken.test(query)) return true
  return (
    /^application\/x-www-form-urlencoded/i.test(headers['content-type'] ?? '') &&
    isAccessToken.test(body ?? '')
  )
}

const isAccessToken = /(?:^|&)access_token=/

const algs = clientAlgs.join(' ')

export interface Complaint {
  readonly error: string
  readonly description: string
  /** The scope that it takes. */
  readonly scope?: string
}

/**
 * RFC 6750 §3, RFC 9449 §7.1: both schemes are offered, and the error stands with the one that was used (RFC 9449 §7.2). What is
 * in it is fixed; nothing of the request is repeated.
 */
export function challenge(
  status: 400 | 401 | 403,
  complaint?: Complaint,
  schemes: readonly Scheme[] = [],
): PlainResponse {
  const details = (scheme: Scheme): readonly string[] => {
    if (complaint === undefined || !schemes.includes(scheme)) return []
    const { error, description, scope } = complaint
    const needs = scope === undefined ? [] : [`scope="${scope}"`]
    return [`error="${error}"`, `error_description="${description}"`, ...needs]
  }
  const bearer = `Bearer ${['realm="countersign"', ...details('Bearer')].join(', ')}`
  const dpop = `DPoP ${[...details('DPoP'), `algs="${algs}"`].join(', ')}`
  const body =
    complaint === undefined ? {} : { error: complaint.error, error_description: complaint.description }
  return json(status, body, { 'www-authenticate': [bearer, dpop] })
}

const invalid = (scheme: Scheme) =>
  challenge(
    401,
    {
      error: 'invalid_token',
      description: 'The access token is unknown, expired, revoked, or not for this use.',
    },
    [scheme],
  )

const malformed = challenge(
  400,
  { error: 'invalid_request', description: 'Send one token, in the Authorization header.' },
  ['Bearer', 'DPoP'],
)

const badProof = challenge(
  401,
  { error: 'invalid_dpop_proof', description: 'The DPoP proof is missing or not valid.' },
  ['DPoP'],
)

function needNonce(services: Services): PlainResponse {
  const complaint = {
    error: 'use_dpop_nonce',
    description: 'Use the nonce of this answer in the DPoP proof.',
  }
  const { headers, ...response } = challenge(401, complaint, ['DPoP'])
  return { ...response, headers: { ...headers, 'dpop-nonce': dpopNonce(services, 'resource') } }
}
