// The refresh token grant (RFC 6749 §6): rotation, the same successor for a repeated request, the end of the grant for a theft.
// Decided by protocol/refresh-token.ts; this file opens tokens, applies and speaks.

import { chooseAudience, chooseScopes, type Refusal, refreshToken } from '@countersign/protocol'
import type { PlainResponse } from '../http.ts'
import { comeBack } from '../http.ts'
import { defaultAudience, issueTokens } from '../issue-tokens.ts'
import { digest, sealUnder, unsealUnder } from '../secrets.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { decideAndApply } from '../store/store.ts'
import { decodeRefreshToken, encodeRefreshToken } from '../tokens.ts'
import type { TokenCall } from './token-call.ts'

export async function refreshTokenGrant(services: Services, call: TokenCall): Promise<PlainResponse> {
  const { request, form } = call
  const presented = form.get('refresh_token')
  if (presented === undefined) {
    return refuse(services, request, {
      reason: 'malformed_request',
      detail: 'missing_parameter',
      parameter: 'refresh_token',
    })
  }
  const facts = decodeRefreshToken(services, presented)
  if (facts === undefined) return refuse(services, request, { reason: 'refresh_token_unknown' })
  const done = await decideAndApply(services.store, () => rotate(services, call, presented, facts))
  if (!done.applied) return comeBack(503, 1)
  const { decision } = done
  return decision.outcome === 'refused' ? refuse(services, request, decision.refusal) : decision.response
}

type Facts = NonNullable<ReturnType<typeof decodeRefreshToken>>

async function rotate(services: Services, { form, client }: TokenCall, presented: string, facts: Facts) {
  const { config, system } = services
  const found = await services.store.readWithAccount('grant', facts.grantId)
  const successor = encodeRefreshToken(services, { grantId: facts.grantId, generation: facts.generation + 1 })
  const event = {
    presented: facts,
    clientId: client.id,
    account: found?.account,
    now: system.now(),
    graceSeconds: config.refreshGraceSeconds,
    idleSeconds: config.refreshIdleSeconds,
  }
  const fresh = { hash: digest(successor), sealed: sealUnder(presented, successor, system.random) }
  const rotated = refreshToken.rotate(found?.record, event, fresh)
  if (rotated.outcome === 'refused' || found?.account === undefined) {
    return rotated as Extract<typeof rotated, { outcome: 'refused' }>
  }
  const { grant } = rotated
  // RFC 6749 §6: scope and resource narrow this access token; the refresh token keeps the whole grant.
  const scopes = chooseScopes(form.get('scope'), grant.scopes)
  if (scopes === undefined) return refused({ reason: 'scope_not_allowed', clientId: client.id })
  const audience = chooseAudience(form.all('resource'), grant.resources, defaultAudience(services))
  if (audience === undefined) return refused({ reason: 'resource_not_allowed', clientId: client.id })
  const next = rotated.outcome === 'rotated' ? successor : unsealUnder(presented, rotated.successorSealed)
  const response = issueTokens(services, {
    client,
    grant,
    account: found.account,
    scopes,
    audience,
    refreshToken: next,
  })
  return { outcome: 'issued', response, writes: rotated.writes } as const
}

function refused(refusal: Refusal) {
  return { outcome: 'refused', refusal, writes: [] } as const
}
