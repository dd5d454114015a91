// Client authentication by a signed assertion: `private_key_jwt` (RFC 7521 §4.2, RFC 7523 §2.2 and §3, with the one audience of
// its update). The other ways to authenticate, and where this is called, are client-auth.ts.
// Signatures and keys are client-keys.ts.

import type { Client } from '@countersign/protocol'
import { type CompactJwt, readCompactJwt } from './compact-jwt.ts'
import type { Form } from './form.ts'
import { clientAlgs } from './offered.ts'
import { digest } from './secrets.ts'
import type { Services } from './services.ts'
import { spendOnce } from './spent.ts'

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

/** How far ahead an assertion may end, and how old it may be (standards.md CA-14). */
const longestSeconds = 300

/** Plain JWTs, and those that say what they are; any other kind was made for something else (RFC 8725 §3.11). */
const types: readonly (string | undefined)[] = [undefined, 'jwt', 'client-authentication+jwt']

/** The client that made the assertion in the form, which is spent by this; undefined when it is not good. */
export async function clientByAssertion(
  services: Services,
  form: Form,
  from: string,
): Promise<Client | undefined> {
  const text = form.get('client_assertion') ?? ''
  const assertion = form.get('client_assertion_type') === assertionType ? readCompactJwt(text) : undefined
  if (assertion === undefined || !types.includes(assertion.typ)) return undefined
  const { sub, jti, exp } = assertion.claims
  // RFC 7521 §4.2: a client_id beside it must name the same client.
  if (typeof sub !== 'string' || (form.get('client_id') ?? sub) !== sub) return undefined
  if (typeof jti !== 'string' || jti === '' || !isForUsNow(services, assertion)) return undefined
  const client = await services.clients.find(sub, from)
  if (client === undefined || !client.authMethods.includes('private_key_jwt')) return undefined
  if (!(await services.clientKeys.isSignedBy(client, text, algsOf(client)))) return undefined
  const id = `client assertion ${digest(JSON.stringify([sub, jti]))}`
  return (await spendOnce(services, id, Number(exp))) ? client : undefined
}

function isForUsNow({ config, system }: Services, { claims }: CompactJwt): boolean {
  const { iss, sub, aud, exp, nbf, iat } = claims
  const now = system.now()
  const skew = config.clockToleranceSeconds
  // Only the issuer: an assertion for the address of an endpoint could have been asked for by another server that names our
  // endpoints as its own (audience injection; RFC 7523 §3 as updated, standards.md X-08).
  const [audience, another] = Array.isArray(aud) ? (aud as unknown[]) : [aud]
  if (iss !== sub || audience !== config.issuer || another !== undefined) return false
  if (typeof exp !== 'number' || exp <= now - skew || exp > now + longestSeconds) return false
  if (typeof nbf === 'number' && nbf > now + skew) return false
  return typeof iat !== 'number' || (iat <= now + skew && iat >= now - longestSeconds)
}

// RFC 7591 §2, OIDC Registration §2: who registered one algorithm is held to it.
function algsOf({ registration }: Client): readonly string[] {
  const registered = registration?.echoed.token_endpoint_auth_signing_alg
  return typeof registered === 'string' ? clientAlgs.filter((alg) => alg === registered) : clientAlgs
}
