// The device authorization endpoint (RFC 8628 §3.1, §3.2): a program asks for a code.
// What happens to the request later: endpoints/token-device-code.ts (the poll) and pages/approve.ts (the person).

import {
  canSatisfyAcr,
  deviceAuthorization,
  drawUserCode,
  groupUserCode,
  type Refusal,
} from '@countersign/protocol'
import { administrationScopes } from '../admin/api-scopes.ts'
import { type Asked, whatIsAsked } from '../asked.ts'
import { authenticateClient } from '../client-auth.ts'
import { announcedKey, readOfferedProof, seenBefore, spendProof, withNonce } from '../dpop.ts'
import { type Form, readForm } from '../form.ts'
import { comeBack, json, type PlainRequest, type PlainResponse } from '../http.ts'
import { isFromPage, isOwnAddress } from '../networks.ts'
import { requestContext } from '../request-context.ts'
import type { Services } from '../services.ts'
import { refuse } from '../speak.ts'
import { deviceCodeId, newDeviceCode } from '../tokens.ts'

export const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code'

export async function deviceAuthorizeEndpoint(
  services: Services,
  request: PlainRequest,
): Promise<PlainResponse> {
  const read = readForm(request)
  if (!read.ok) return refuse(services, request, read.refusal)
  const caller = await authenticateClient(services, request, read.form)
  if (!caller.ok) return refuse(services, request, caller.refusal)
  if (!caller.client.grantTypes.includes(deviceGrantType)) {
    const refusal = {
      reason: 'grant_type_not_allowed',
      clientId: caller.client.id,
      grantType: deviceGrantType,
    } as const
    return refuse(services, request, refusal)
  }
  const asked = forDevices(caller.client.id, read.form, await whatIsAsked(services, caller.client, read.form))
  if ('reason' in asked) return refuse(services, request, asked)
  const signIn = askedSignIn(read.form)
  if ('reason' in signIn) return refuse(services, request, signIn)
  const proven = readOfferedProof(services, request)
  if (!proven.ok) return refuse(services, request, proven.refusal)
  const jkt = announcedKey(read.form, proven.jkt)
  if (jkt !== null && typeof jkt !== 'string') return refuse(services, request, jkt)
  const braked = await services.throttle.create(request.address, caller.client.id)
  if (braked) return comeBack(429, braked.retryAfterSeconds)
  if (!(await spendProof(services, proven.proof))) return refuse(services, request, seenBefore)

  const { config, system } = services
  const event = {
    client: caller.client,
    ...asked,
    context: requestContext(request, read.form),
    now: system.now(),
    expiresInSeconds: config.deviceCodeSeconds,
    intervalSeconds: config.pollIntervalSeconds,
    jkt,
    ...signIn,
    // A phisher's page may ask from the victim's own browser, and read the answer: then the network tells nothing about him, and
    // what is asked for next would be typed into his page (RFC 10027 §6.1.1).
    networkUnknown: isFromPage(request) || !isOwnAddress(config.issuer, request),
    takesReturnCode: read.form.get('return_code_supported') === 'true' && !isFromPage(request),
  }
  // A user code that somebody else holds is drawn again; three collisions in a row do not happen by chance.
  for (let attempt = 0; attempt < 3; attempt++) {
    const deviceCode = newDeviceCode(system)
    const userCode = drawUserCode(system.random(32))
    if (userCode === undefined) continue
    const hashes = {
      deviceCodeHash: deviceCodeId(deviceCode),
      userCodeHash: hashUserCode(services, userCode),
    }
    const { writes } = deviceAuthorization.start(event, hashes)
    if ((await services.store.apply(writes)) === 'applied')
      return withNonce(speak(services, deviceCode, userCode), proven.nonce)
  }
  return comeBack(503, 1)
}

/**
 * Keyed, because eight letters would fall to a search over plain digests (standards.md DA-17). A code has 35 bits, so 66 of the hash
 * keep all live ones apart; and twice as many fit on a page of the index, where they stand in no order.
 */
export function hashUserCode(services: Services, userCode: string): string {
  return services.secrets.mac('user code', userCode).slice(0, hashLength)
}

const hashLength = 11

// Asked for by name they are refused, so that nobody wonders; who names no scope gets all others.
function forDevices(clientId: string, form: Form, asked: Asked | Refusal): Asked | Refusal {
  if ('reason' in asked || !asked.scopes.some(isAdministration)) return asked
  const scopes = asked.scopes.filter((scope) => !isAdministration(scope))
  if (form.get('scope') !== undefined || scopes.length === 0)
    return { reason: 'scope_not_for_devices', clientId }
  return { ...asked, scopes }
}

const isAdministration = (scope: string): boolean => administrationScopes.includes(scope)

// RFC 9470 §4 by analogy (standards.md SU-07): what kind of sign-in the program needs at the approval.
function askedSignIn(
  form: Form,
): { readonly acrValues: readonly string[]; readonly maxAge: number | null } | Refusal {
  const acrValues = [...new Set(form.get('acr_values')?.split(' ').filter(Boolean))].slice(0, mostClasses)
  if (!canSatisfyAcr(acrValues)) return { reason: 'authentication_unmet' }
  const maxAge = form.get('max_age')
  if (maxAge !== undefined && !/^[0-9]{1,9}$/.test(maxAge))
    return { reason: 'malformed_request', detail: 'value', parameter: 'max_age' }
  return { acrValues, maxAge: maxAge === undefined ? null : Number(maxAge) }
}

const mostClasses = 10

function speak({ config }: Services, deviceCode: string, userCode: string): PlainResponse {
  const page = `${config.issuer.replace(/\/$/, '')}/device`
  return json(200, {
    device_code: deviceCode,
    user_code: groupUserCode(userCode),
    verification_uri: page,
    verification_uri_complete: `${page}/${groupUserCode(userCode)}`,
    expires_in: config.deviceCodeSeconds,
    interval: config.pollIntervalSeconds,
  })
}
