// The refresh token grant (RFC 6749 §6): rotation, the same successor for a repeated request, the end of the grant for a theft.
// Decided by protocol/refresh-token.ts; this file opens tokens, applies and speaks.

import { chooseAudience, chooseScopes, type Grant, refreshToken } from '@countersign/protocol'
import { byClient, tellOfEnds } from '../audit.ts'
import { required } from '../form.ts'
import type { PlainResponse } from '../http.ts'
import { comeBack } from '../http.ts'
import { defaultAudience, issueTokens, refreshIdleSeconds } from '../issue-tokens.ts'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { isOwnRefreshToken, nextRefreshToken, type ReadRefreshToken, readRefreshToken } from '../tokens.ts'
import { decideCall, refused, type TokenCall } from './token-call.ts'

export async function refreshTokenGrant(services: Services, call: TokenCall): Promise<PlainResponse> {
  const { request, form } = call
  const presented = required(form, 'refresh_token')
  if (typeof presented !== 'string') return refuse(services, request, presented)
  const facts = readRefreshToken(presented)
  if (facts === undefined) return refuse(services, request, { reason: 'refresh_token_unknown' })
  const done = await decideCall(services, call, async () => {
    const rotated = await rotate(services, call, presented, facts)
    if (rotated.outcome !== 'refused') return rotated
    // A reuse ends the grant, and whoever reads the log learns where it came from.
    return { ...rotated, writes: tellOfEnds(services, rotated.writes, byClient(call.client.id, request)) }
  })
  if (!done.applied) return comeBack(503, 1)
  const { decision } = done
  return decision.outcome === 'refused' ? refuse(services, request, decision.refusal) : decision.response
}

async function rotate(
  services: Services,
  { form, client, jkt }: TokenCall,
  presented: string,
  facts: ReadRefreshToken,
) {
  const { config, system } = services
  const found = await services.store.readWithAccount('grant', facts.grantId)
  // The usual token is the one that the grant knows by its digest. Any other has to prove that it was ever one of ours.
  if (!isKnown(found?.record, facts) && !isOwnRefreshToken(services, presented))
    return refused({ reason: 'refresh_token_unknown' })
  const successor = nextRefreshToken(services, presented, facts)
  const event = {
    presented: facts,
    clientId: client.id,
    jkt,
    account: found?.account,
    now: system.now(),
    graceSeconds: config.refreshGraceSeconds,
    idleSeconds: refreshIdleSeconds(config, client),
    successorHash: digest(successor),
  }
  const rotated = refreshToken.rotate(found?.record, event)
  if (rotated.outcome === 'refused' || found?.account === undefined) {
    return rotated as Extract<typeof rotated, { outcome: 'refused' }>
  }
  const { grant } = rotated
  // RFC 6749 §6: scope and resource narrow this access token; the refresh token keeps the whole grant.
  const scopes = chooseScopes(form.get('scope'), grant.scopes)
  if (scopes === undefined) return refused({ reason: 'scope_not_allowed', clientId: client.id })
  const audience = chooseAudience(form.all('resource'), grant.resources, defaultAudience(services))
  if (audience === undefined) return refused({ reason: 'resource_not_allowed', clientId: client.id })
  const response = await issueTokens(services, {
    client,
    grant,
    account: found.account,
    scopes,
    audience,
    refreshToken: successor,
    jkt,
  })
  return { outcome: 'issued', response, writes: rotated.writes } as const
}

function isKnown(grant: Grant | undefined, { hash }: ReadRefreshToken): boolean {
  return hash === grant?.refresh?.hash || hash === grant?.refresh?.previous?.hash
}
