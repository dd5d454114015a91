// A code for tokens (RFC 6749 §4.1.3). The answer is decided by protocol/authorization-code.ts, which looks at everything that belongs
// to the code before it is spent; this file reads, applies in one step, and speaks. How the code came to be is ../authorization.ts.

import { type AuthorizationCode, authorizationCode, chooseAudience } from '@countersign/protocol'
import { byClient, tellOfEnds } from '../audit.ts'
import { authorizationCodeId } from '../authorization-codes.ts'
import { required } from '../form.ts'
import { comeBack, type PlainResponse } from '../http.ts'
import { defaultAudience, grantTerms, issueTokens } from '../issue-tokens.ts'
import { nameOfSignIn } from '../pages/user-agent.ts'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { firstRefreshToken } from '../tokens.ts'
import { decideCall, refused, type TokenCall } from './token-call.ts'

export async function authorizationCodeGrant(services: Services, call: TokenCall): Promise<PlainResponse> {
  const { request, form, client } = call
  const code = required(form, 'code')
  if (typeof code !== 'string') return refuse(services, request, code)
  const verifier = required(form, 'code_verifier')
  if (typeof verifier !== 'string') return refuse(services, request, verifier)
  if (!authorizationCode.isCodeVerifier(verifier))
    return refuse(services, request, {
      reason: 'malformed_request',
      detail: 'value',
      parameter: 'code_verifier',
    })
  const id = authorizationCodeId(code)
  if (id === undefined) return refuse(services, request, { reason: 'code_unknown' })
  const challenge = digest(verifier)
  const presented = { id, challenge, sawUnspent: false }
  const done = await decideCall(services, call, async () => {
    const redeemed = await redeem(services, call, presented)
    if (redeemed.outcome !== 'refused') return redeemed
    // A second use ends the grant, and whoever reads the log learns where it came from.
    return { ...redeemed, writes: tellOfEnds(services, redeemed.writes, byClient(client.id, request)) }
  })
  if (!done.applied) return comeBack(503, 1)
  const { decision } = done
  if (decision.outcome === 'left') return comeBack(503, 1)
  if (decision.outcome === 'refused') return refuse(services, request, decision.refusal)
  const { grant } = decision
  services.log.info('signed in', { grantId: grant.id, clientId: client.id, accountId: grant.accountId })
  return decision.response
}

interface Presented {
  readonly id: string
  readonly challenge: string
  /** Whether the code was still good when this request first looked. */
  sawUnspent: boolean
}

// The answer is complete before the writes that make it true are applied (DT-15), and nothing is spent on a caller who has left.
async function redeem(services: Services, { request, form, client, jkt }: TokenCall, presented: Presented) {
  const { store, system } = services
  const found = await store.readWithAccount('authorizationCode', presented.id)
  const record = found?.record
  const { jkt: refreshJkt, ...terms } = grantTerms(services, client, jkt)
  const refreshToken =
    record === undefined || terms.refresh === null ? undefined : firstRefreshToken(services, record.grantId)
  const event = {
    clientId: client.id,
    challenge: presented.challenge,
    redirectUri: form.get('redirect_uri'),
    jkt,
    account: found?.account,
    grant: await earlierGrant(services, record, presented),
    plainName: nameOfSignIn(client.name, record?.context.observed.userAgent ?? ''),
    now: system.now(),
    refreshJkt,
    ...terms,
  }
  const redeemed = authorizationCode.redeem(record, event, { refreshHash: digest(refreshToken ?? '') })
  if (redeemed.outcome === 'refused' || found?.account === undefined)
    return redeemed as Extract<typeof redeemed, { outcome: 'refused' }>
  const { grant } = redeemed
  const audience = chooseAudience(form.all('resource'), grant.resources, defaultAudience(services))
  if (audience === undefined) return refused({ reason: 'resource_not_allowed', clientId: client.id })
  if (request.gone()) return { outcome: 'left', writes: [] } as const
  const response = await issueTokens(services, {
    client,
    grant,
    account: found.account,
    scopes: grant.scopes,
    audience,
    refreshToken,
    jkt,
  })
  return { ...redeemed, response }
}

// A second use ends what the first one made (AC-05). Two that came at the very same moment are one client that sent twice: the
// slower one is refused, and what the other got stays.
async function earlierGrant(
  { store }: Services,
  record: AuthorizationCode | undefined,
  presented: Presented,
) {
  if (record?.status === 'issued') presented.sawUnspent = true
  if (record?.status !== 'redeemed' || presented.sawUnspent) return undefined
  return store.read('grant', record.grantId)
}
