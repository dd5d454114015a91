// An assertion of a trusted issuer as a grant (RFC 7523 §2.1): plain, or an identity assertion authorization grant (ID-JAG), with
// which an enterprise lets the agents of its people in without asking each of them (MCP's enterprise-managed authorization).
// The claims are judged by protocol/assertion-grant.ts; who is trusted, and whom a subject is, trusted-issuers*.ts.

import {
  assertionGrant,
  type Client,
  chooseAudience,
  grant as grantRules,
  type Refusal,
} from '@countersign/protocol'
import { reservedScopePrefix } from '../admin/api-scopes.ts'
import { mayAskFor, registeredOf } from '../asked.ts'
import { audit, byClient } from '../audit.ts'
import { isConfidential } from '../client-auth.ts'
import { firstUse } from '../client-first-use.ts'
import { required } from '../form.ts'
import { comeBack, type PlainRequest, type PlainResponse } from '../http.ts'
import { defaultAudience, issueTokens, termsFor } from '../issue-tokens.ts'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { spentByAnyClock } from '../spent.ts'
import { cleanText } from '../text.ts'
import { newGrantId } from '../tokens.ts'
import { isSignedByIssuer, namedIssuer, type TrustedIssuer } from '../trusted-issuers.ts'
import { accountOfSubject } from '../trusted-issuers-subjects.ts'
import { decideCall, type TokenCall } from './token-call.ts'

const { jwtBearerGrantType } = assertionGrant

export async function jwtBearerGrant(services: Services, call: TokenCall): Promise<PlainResponse> {
  const { request } = call
  const text = required(call.form, 'assertion')
  if (typeof text !== 'string') return refuse(services, request, text)
  const accepted = await accept(services, call, text)
  if ('reason' in accepted) return refuse(services, request, accepted)
  const wanted = await whatIsGranted(services, call, accepted)
  if ('reason' in wanted) return refuse(services, request, wanted)
  const done = await decideCall(services, call, () => decide(services, call, accepted, wanted))
  if (!done.applied) return comeBack(503, 1)
  const { decision } = done
  return 'refusal' in decision ? refuse(services, request, decision.refusal) : decision.response
}

interface Accepted {
  readonly issuer: TrustedIssuer
  readonly assertion: assertionGrant.Assertion
  /** Under this id the store remembers that it was used (standards.md JK-18). */
  readonly spentId: string
}

async function accept(
  services: Services,
  { client, jkt }: TokenCall,
  text: string,
): Promise<Accepted | Refusal> {
  const { config, system } = services
  // Nobody without a credential learns who is trusted here.
  if (!config.trustedIssuers.some((issuer) => mayUse(issuer, client))) return notAllowed(client)
  const opened = namedIssuer(services, text)
  if (opened === undefined) return invalid('issuer')
  const { issuer, jwt } = opened
  if (!mayUse(issuer, client)) return notAllowed(client)
  const assertion = assertionGrant.judgeAssertion({
    kind: issuer.kind,
    typ: jwt.typ,
    claims: jwt.claims,
    client,
    issuer: config.issuer,
    tokenEndpoint: `${config.issuer.replace(/\/$/, '')}/oauth/token`,
    jkt,
    now: system.now(),
    skew: config.clockToleranceSeconds,
  })
  if ('reason' in assertion) return assertion
  // Last, because it may mean to fetch keys: what would be refused anyway makes us ask nobody.
  if (!(await isSignedByIssuer(services, opened, text))) return invalid('signature')
  // Without a `jti` it is what was signed; the signature itself can be written in more than one way.
  const name = assertion.jti ?? digest(text.slice(0, text.lastIndexOf('.')))
  return { issuer, assertion, spentId: `assertion ${digest(JSON.stringify([issuer.issuer, name]))}` }
}

// IDJAG-04 §9.1: a client that proves nothing, only where the administrator named it for this issuer (standards.md X-37). Nor does
// it prove anything that one has the keys of a document that anybody can write, unless the assertion was made for that client.
function mayUse(issuer: TrustedIssuer, client: Client): boolean {
  const isKnown = client.source !== 'metadata_document' || issuer.kind === 'id-jag'
  return (isConfidential(client) && isKnown) || issuer.publicClients.includes(client.id)
}

function notAllowed({ id }: Client): Refusal {
  return { reason: 'grant_type_not_allowed', clientId: id, grantType: jwtBearerGrantType }
}

const invalid = (why: string): Refusal => ({ reason: 'assertion_invalid', why })

// Whom somebody else vouches for may do much here, but does not rule here unless the settings say so by name: an issuer that is
// broken into would be an administrator otherwise.
function mayAssert({ scopes }: TrustedIssuer, scope: string): boolean {
  return !scope.startsWith(reservedScopePrefix) || scopes.includes(scope)
}

interface Granted {
  readonly audience: string
  readonly scopes: readonly string[]
  readonly seconds: number
}

async function whatIsGranted(
  services: Services,
  { form, client }: TokenCall,
  { issuer, assertion }: Accepted,
): Promise<Granted | Refusal> {
  const requested = [...new Set(form.all('resource'))]
  const named = assertion.resources ?? (issuer.kind === 'id-jag' ? client.resources : requested)
  // An identity assertion is for a resource; where it does not say which, it is that of the client (standards.md X-11).
  if (issuer.kind === 'id-jag' && named.length === 0) return invalid('resource')
  const registered = await registeredOf(services, named)
  const refused: Refusal = { reason: 'resource_not_allowed', clientId: client.id }
  if (!named.every((uri, index) => mayAskFor(client, uri, registered[index])))
    return assertion.resources === null ? refused : invalid('resource')
  const audience = chooseAudience(requested, named, defaultAudience(services))
  if (audience === undefined) return refused
  const ofResource = registered[named.indexOf(audience)]?.scopes.map(({ scope }) => scope) ?? []
  const policy = ofResource.length > 0 ? ofResource : client.scopes
  const scopes = assertionGrant.assertedScopes({
    requested: form.get('scope'),
    assertion: assertion.scopes,
    policy: policy.filter((scope) => mayAssert(issuer, scope)),
    issuer: issuer.scopes,
  })
  if (scopes === undefined) return { reason: 'scope_not_allowed', clientId: client.id }
  const terms = await termsFor(services, { client, audience, scopes })
  return { audience, scopes: terms.scopes, seconds: terms.accessTokenSeconds }
}

async function decide(
  services: Services,
  { request, client, jkt }: TokenCall,
  { issuer, assertion, spentId }: Accepted,
  { audience, scopes, seconds }: Granted,
) {
  const { store, system } = services
  if (!issuer.reusable && (await store.read('spent', spentId)) !== undefined)
    return refused(invalid('replayed'))
  const by = byClient(client.id, request)
  const foreign = { issuer: issuer.issuer, subject: assertion.subject, tenant: assertion.tenant }
  const email = issuer.linkByEmail ? assertion.email : null
  const found = await accountOfSubject(services, foreign, { email, by })
  if (found === undefined) return refused(invalid('subject'))
  const { account } = found
  const event = {
    accountId: account.id,
    clientId: client.id,
    scopes,
    resources: audience === defaultAudience(services) ? [] : [audience],
    via: 'jwt_bearer' as const,
    context: contextOf(request),
    plainName: client.name,
    authTime: assertion.authTime,
    amr: assertion.amr,
    nonce: null,
    jkt: null,
    now: system.now(),
    // The issuer is asked again instead, and can say no (IDJAG-04 §4.4.3).
    refresh: null,
    absoluteSeconds: seconds,
  }
  const grant = grantRules.begin(event, { grantId: newGrantId(system), refreshHash: '' })
  const response = await issueTokens(services, {
    client,
    grant,
    account,
    scopes,
    audience,
    refreshToken: undefined,
    jkt,
  })
  const told = audit(services, {
    event: 'assertion.accepted',
    ...by,
    accountId: account.id,
    clientId: client.id,
    grantId: grant.id,
    detail: { issuer: issuer.issuer, jti: assertion.jti, audience, scopes },
  })
  const writes = [
    { op: 'insert', kind: 'grant', record: grant } as const,
    ...(issuer.reusable ? [] : [spentByAnyClock(services, spentId, assertion.expiresAt)]),
    ...found.writes,
    told,
    ...(await firstUse(services, client)),
  ]
  return { response, writes }
}

function refused(refusal: Refusal) {
  return { refusal, writes: [] } as const
}

function contextOf({ address, headers }: PlainRequest) {
  return {
    observed: { address, userAgent: cleanText(headers['user-agent'], 200) ?? '' },
    reported: { deviceName: null, clientVersion: null, agent: null },
  }
}
