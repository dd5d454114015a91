// The decision, posted by the form of approve.ts: allow, don't allow, or "I didn't start this"; and taking an allowance back.
// Each is one atomic step from the state it was decided in (standards.md DV-10) and ends on a page of our own.

import {
  type AuditEntry,
  type Decision,
  type DeviceAuthorization,
  deviceAuthorization,
  grant as grantRules,
  type NetworkStep,
  type Write,
} from '@countersign/protocol'
import { audit, byPerson, tellOfEnds } from '../audit.ts'
import { type PlainResponse, seeOther } from '../http.ts'
import { forgetNetworks } from '../network-memory.ts'
import { hashReturnCode, makeReturnCode } from '../return-codes.ts'
import { decideAndApply } from '../store/store.ts'
import { cleanText } from '../text.ts'
import { newGrantId } from '../tokens.ts'
import { carriedTyped, decisionPurpose, showApprove } from './approve.ts'
import { carryCode } from './carried-code.ts'
import { undoPurpose, undoSeconds } from './connected.ts'
import { decidedPlace } from './decided.ts'
import { showExpired } from './expired.ts'
import { findById } from './find-request.ts'
import { here } from './links.ts'
import { neededSignIn } from './needed-sign-in.ts'
import { networkStepOf } from './network-step.ts'
import { problemPage } from './problem.ts'
import { formFromSignedIn, type SignedVisit } from './visit.ts'

export const submitDecision = formFromSignedIn(
  (form) => decisionPurpose(form.get('request')),
  async (visit, form) => {
    const id = form.get('request') ?? ''
    const choice = form.get('decision')
    if (choice !== 'allow' && choice !== 'deny' && choice !== 'report')
      return problemPage(visit.services, 'malformed')
    const open = await findById(visit.services, id)
    if (open === undefined) return afterwards(visit, id)
    const typed = carriedTyped(visit, id) ?? ''
    const step = await networkStepOf(visit, open)
    if (choice === 'allow' && (neededSignIn(visit, open.record) !== undefined || step === 'refuse')) {
      return { ...(await showApprove(visit, open, typed)), status: 400 }
    }
    if (choice === 'allow' && step === 'confirm' && form.get('confirm') !== 'yes') {
      return showApprove(visit, open, typed, true)
    }
    return decide(visit, id, choice, step)
  },
)

type Choice = 'allow' | 'deny' | 'report'

const events: Readonly<Record<Choice, string>> = {
  allow: 'device.allowed',
  deny: 'device.denied',
  report: 'device.reported',
}

async function decide(
  visit: SignedVisit,
  id: string,
  choice: Choice,
  step: NetworkStep,
): Promise<PlainResponse> {
  const { services } = visit
  const done = await decideAndApply(services.store, async () => {
    const record = await services.store.read('deviceAuthorization', id)
    if (record === undefined) return { outcome: 'not_pending', writes: [] } as const
    const decided = decisionOn(visit, record, choice, step)
    if (decided.outcome !== 'decided') return decided
    const told = audited(visit, decided.record, events[choice], { network: step })
    // Whoever attacks from a network that is remembered shall not be let in there without a code the next time.
    const whose = { accountId: visit.signedIn.account.id, clientId: record.clientId }
    const forgotten = choice === 'report' ? await forgetNetworks(services.store, whose) : []
    return { ...decided, writes: [...decided.writes, ...forgotten, told] }
  })
  if (!done.applied) return problemPage(services, 'busy', { retryAfterSeconds: 1 })
  if (done.decision.outcome === 'decided') tell(visit, done.decision.record, choice)
  return afterwards(visit, id)
}

function decisionOn(
  visit: SignedVisit,
  record: DeviceAuthorization,
  choice: Choice,
  step: NetworkStep,
): deviceAuthorization.Decided {
  const { services, signedIn } = visit
  const grantId = newGrantId(services.system)
  const decision = decisionOf(visit, grantId, choice === 'report')
  if (choice !== 'allow')
    return deviceAuthorization.deny(record, decision, step === 'refuse' ? 'network' : null)
  const { account, session } = signedIn
  if (step !== 'return-code') return deviceAuthorization.approve(record, decision, account)
  const code = makeReturnCode(services, { id: record.id, grantId, sessionId: session.id })
  return deviceAuthorization.approve(record, decision, account, hashReturnCode(services, record.id, code))
}

function decisionOf(
  { services, request, signedIn }: SignedVisit,
  grantId: string,
  reportedAsAttack: boolean,
): Decision {
  return {
    accountId: signedIn.account.id,
    at: services.system.now(),
    authTime: signedIn.session.authenticatedAt,
    amr: signedIn.session.amr,
    address: request.address,
    userAgent: cleanText(request.headers['user-agent'], 200) ?? '',
    reportedAsAttack,
    grantId,
  }
}

function tell(
  { services, request, signedIn }: SignedVisit,
  record: DeviceAuthorization,
  choice: Choice,
): void {
  const facts = {
    clientId: record.clientId,
    accountId: signedIn.account.id,
    deviceAddress: record.context.observed.address,
    browserAddress: request.address,
  }
  if (choice === 'report') services.log.warn('request reported as an attack', facts)
  else services.log.info(choice === 'allow' ? 'request allowed' : 'request denied', facts)
}

function audited(
  { services, request, signedIn }: SignedVisit,
  { clientId, context, scopes, decision }: DeviceAuthorization,
  event: string,
  more: AuditEntry['detail'] = {},
): Write {
  const accountId = signedIn.account.id
  return audit(services, {
    event,
    ...byPerson(accountId, request),
    accountId,
    clientId,
    // A request that was not allowed never becomes a grant.
    grantId: event === events.deny || event === events.report ? null : (decision?.grantId ?? null),
    detail: { scopes, deviceAddress: context.observed.address, ...more },
  })
}

// To the page that tells what the request came to, whoever was first: a second decision changes nothing.
async function afterwards(visit: SignedVisit, id: string): Promise<PlainResponse> {
  const { services } = visit
  const place = await decidedPlace(visit, id)
  if (place === undefined) return showExpired(visit)
  const typed = carriedTyped(visit, id) ?? ''
  return seeOther(here(services, place), {
    'set-cookie': [carryCode(services, { typed, id, decided: true })],
  })
}

export const submitUndo = formFromSignedIn(
  (form) => undoPurpose(form.get('request')),
  async (visit, form) => {
    const id = form.get('request') ?? ''
    const done = await decideAndApply(visit.services.store, async () => ({ writes: await undo(visit, id) }))
    if (!done.applied) return problemPage(visit.services, 'busy', { retryAfterSeconds: 1 })
    return afterwards(visit, id)
  },
)

// An approval that was not fetched is withdrawn; a grant that was made of it is revoked. Which of the two it is may change in
// this very moment, and then the step is decided again.
async function undo(visit: SignedVisit, id: string): Promise<readonly Write[]> {
  const { services, signedIn, request } = visit
  const now = services.system.now()
  const record = await services.store.read('deviceAuthorization', id)
  if (record === undefined || record.decision?.accountId !== signedIn.account.id) return []
  if (now >= record.decision.at + undoSeconds) return []
  const grant = record.grantId === null ? undefined : await services.store.read('grant', record.grantId)
  const writes =
    record.status === 'approved'
      ? deviceAuthorization.cancel(record, { clientId: record.clientId, now }).writes
      : grant === undefined
        ? []
        : grantRules.revoke(grant, 'person', now)
  if (writes.length === 0) return []
  const told = tellOfEnds(services, writes, byPerson(signedIn.account.id, request))
  const forgotten = await forgetNetworks(services.store, {
    accountId: signedIn.account.id,
    clientId: record.clientId,
  })
  return [...told, ...forgotten, audited(visit, record, 'device.undone')]
}
