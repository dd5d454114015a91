// A poll with a device code (RFC 8628 §3.4, §3.5), held until the decision where the client asks for it (RFC 7240 §4.3).
// The answer is decided by protocol/device-authorization.ts; this file reads, applies, waits and speaks.

import {
  type Account,
  authorizationPending,
  chooseAudience,
  type DeviceAuthorization,
  deviceAuthorization,
  returnCode,
  slowDown,
} from '@countersign/protocol'
import { audit, byClient } from '../audit.ts'
import { firstUse } from '../client-first-use.ts'
import { required } from '../form.ts'
import { comeBack, json, type PlainResponse } from '../http.ts'
import { defaultAudience, grantTerms, issueTokens } from '../issue-tokens.ts'
import { memoryOf } from '../network-memory.ts'
import { preferredWait } from '../prefer.ts'
import { readSentCode } from '../return-codes.ts'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import { oauthError, refuse } from '../speak.ts'
import { deviceCodeId, firstRefreshToken, newGrantId } from '../tokens.ts'
import { decideCall, refused, type TokenCall } from './token-call.ts'

export async function deviceCodeGrant(services: Services, call: TokenCall): Promise<PlainResponse> {
  const { request, form, client } = call
  const deviceCode = required(form, 'device_code')
  if (typeof deviceCode !== 'string') return refuse(services, request, deviceCode)
  const id = deviceCodeId(deviceCode)
  const arrivedAt = services.system.clock()
  const first = await answerPoll(services, call, id, arrivedAt, noteOnce(services, id, arrivedAt))
  if (!first.pending) return first.response
  const waitSeconds = preferredWait(request.headers.prefer, services.config.holdSeconds)
  if (waitSeconds === undefined) return first.response

  // Until the record expires at the latest: that is an answer, too (LP-02).
  const heldUntil = Math.min(arrivedAt + waitSeconds, first.expiresAt)
  let waited = false
  // `left` never grows, so that a clock which is set back holds nobody for hours.
  for (
    let left = heldUntil - arrivedAt;
    left > 0;
    left = Math.min(left, heldUntil - services.system.clock())
  ) {
    const hold = services.held.hold(id, { clientId: client.id, request, seconds: left + timerSlack })
    // Too many are held, or the server stops: an ordinary answer, without the confirmation (LP-09, LP-12).
    if (hold === undefined) break
    waited = true
    if ((await hold) === 'over') break
    // The code was early or not when it arrived; while it is held that is not asked again.
    const next = await answerPoll(services, call, id, services.system.clock(), noPoll)
    if (!next.pending) return confirmed(next.response, waitSeconds)
  }
  if (!waited) return first.response
  // The last look: what was decided, or ran out, in the very moment the hold ended.
  return confirmed(
    (await answerPoll(services, call, id, services.system.clock(), noPoll)).response,
    waitSeconds,
  )
}

// RFC 7240 §3.
function confirmed(response: PlainResponse, seconds: number): PlainResponse {
  return { ...response, headers: { ...response.headers, 'preference-applied': `wait=${seconds}` } }
}

// Timers may fire a little early, and the last look must not come before the end that it waited for.
const timerSlack = 0.005

/** Notes a poll and says when the one before it came; asked again, because the decision was made again, it says the same. */
function noteOnce({ pacing, held }: Services, id: string, arrivedAt: number): () => number | undefined {
  let noted: { readonly previous: number | undefined } | undefined
  return () => {
    if (noted === undefined) {
      const before = pacing.arrived(id, arrivedAt)
      // While a poll for the code is held, another one is early whenever it comes (LP-08).
      noted = { previous: held.has(id) ? arrivedAt : before }
    }
    return noted.previous
  }
}

const noPoll = (): undefined => undefined

type Answer =
  | { readonly pending: true; readonly expiresAt: number; readonly response: PlainResponse }
  | { readonly pending: false; readonly response: PlainResponse }

const final = (response: PlainResponse): Answer => ({ pending: false, response })

const pendingResponse: PlainResponse = oauthError(authorizationPending)
const slowDownResponse: PlainResponse = oauthError(slowDown)

async function answerPoll(
  services: Services,
  call: TokenCall,
  id: string,
  now: number,
  notePoll: () => number | undefined,
): Promise<Answer> {
  const done = await decideCall(services, call, async () => {
    const found = await services.store.readWithAccount('deviceAuthorization', id)
    const sent = readSentCode(services, id, call.form.get('return_code'))
    const polled = pollPaced(
      found?.record,
      { clientId: call.client.id, jkt: call.jkt, now, returnCode: sent },
      notePoll,
    )
    if (polled.outcome === 'refused') return tellOfSpentTries(services, call, polled, found?.record)
    if (polled.outcome !== 'approved') return polled
    return redeem(services, call, polled.record, { account: found?.account, returnCode: sent })
  })
  // Three others moved the record in the meantime; whoever polls next hears how it ended.
  if (!done.applied) return final(slowDownResponse)
  const { decision } = done
  switch (decision.outcome) {
    case 'pending':
      return { pending: true, expiresAt: decision.record.expiresAt, response: pendingResponse }
    case 'slow_down':
      return final(slowDownResponse)
    case 'return_code':
      return final(askBack(decision.record, decision.wrong))
    case 'refused':
      return final(await refuse(services, call.request, decision.refusal))
    case 'left':
      return final(comeBack(503, 1))
    case 'granted':
      services.log.info('signed in', {
        grantId: decision.grant.id,
        clientId: call.client.id,
        accountId: decision.grant.accountId,
      })
      await services.throttle.completed(decision.grant.context.observed.address)
      return final(decision.response)
  }
}

// Only who may wait is paced: nothing is remembered of a code that does not exist, is another's, or is decided (DT-03).
function pollPaced(
  record: DeviceAuthorization | undefined,
  event: Omit<deviceAuthorization.PollEvent, 'previousPollAt'>,
  notePoll: () => number | undefined,
): deviceAuthorization.Polled {
  const polled = deviceAuthorization.poll(record, { ...event, previousPollAt: undefined })
  if (polled.outcome !== 'pending' && polled.outcome !== 'return_code') return polled
  return deviceAuthorization.poll(record, { ...event, previousPollAt: notePoll() })
}

// Ours, on top of RFC 8628 §3.5: to a program that knows nothing of it this is an ordinary "pending".
function askBack(record: DeviceAuthorization, wrong: boolean): PlainResponse {
  const { status, error, description } = authorizationPending
  const ask = {
    length: returnCode.returnCodeLength,
    tries_left: record.returnCode ? returnCode.triesLeft(record.returnCode) : 0,
    ...(wrong ? { wrong } : {}),
  }
  return json(status, { error, error_description: description, return_code: ask })
}

// The one refusal of a poll that changes something: the last try was spent.
function tellOfSpentTries(
  services: Services,
  { request }: TokenCall,
  refusal: Extract<deviceAuthorization.Polled, { outcome: 'refused' }>,
  record: DeviceAuthorization | undefined,
) {
  if (refusal.writes.length === 0 || record === undefined) return refusal
  const { clientId, accountId, context } = record
  const told = audit(services, {
    event: 'device.return_code_failed',
    ...byClient(clientId, request),
    accountId,
    clientId,
    detail: { deviceAddress: context.observed.address },
  })
  return { ...refusal, writes: [...refusal.writes, told] }
}

// The answer is complete before the writes that make it true are applied (DT-15), and nothing is spent on a caller who has
// left (LP-10).
async function redeem(
  services: Services,
  { request, form, client, jkt }: TokenCall,
  record: DeviceAuthorization,
  {
    account,
    returnCode: sent,
  }: { readonly account: Account | undefined; readonly returnCode: string | undefined },
) {
  const { system } = services
  const audience = chooseAudience(form.all('resource'), record.resources, defaultAudience(services))
  if (audience === undefined) return refused({ reason: 'resource_not_allowed', clientId: client.id })
  if (request.gone()) return { outcome: 'left', writes: [] } as const
  const grantId = record.decision?.grantId ?? newGrantId(system)
  const terms = grantTerms(services, client, jkt)
  const refreshToken = terms.refresh === null ? undefined : firstRefreshToken(services, grantId)
  // Who came from where they are at home is asked and remembered nothing.
  const memory =
    returnCode.awaitsReturnCode(record) && record.networkUnknown !== true
      ? await memoryOf(services, {
          accountId: record.accountId ?? '',
          clientId: record.clientId,
          address: record.context.observed.address,
        })
      : undefined
  const event = { account, now: system.now(), ...terms, returnCode: sent, memory }
  const redeemed = deviceAuthorization.redeem(record, event, {
    grantId,
    refreshHash: digest(refreshToken ?? ''),
  })
  if (redeemed.outcome === 'refused' || account === undefined)
    return redeemed as Extract<typeof redeemed, { outcome: 'refused' }>
  const { grant } = redeemed
  const response = await issueTokens(services, {
    client,
    grant,
    account,
    scopes: grant.scopes,
    audience,
    refreshToken,
    jkt,
  })
  return { ...redeemed, writes: [...redeemed.writes, ...(await firstUse(services, client))], response }
}
