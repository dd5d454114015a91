// How a person proved who they are, as the field names it: methods (RFC 8176) and the classes they add up to.
// `phr` is the class "phishing-resistant" of the OpenID EAP ACR values; a password has a class of our own.

/** Authentication context classes (OIDC Core §2, RFC 9470 §3), the stronger first. */
export const acrValues = ['phr', 'urn:countersign:acr:password'] as const
export type Acr = (typeof acrValues)[number]

/** Whether it can be the name of a method (RFC 8176 §2), which others invent, too. */
export function isAuthenticationMethod(value: unknown): value is string {
  return typeof value === 'string' && /^[\w:./-]{1,32}$/.test(value)
}

/** The class of a sign-in by these methods. */
export function acrOf(amr: readonly string[]): Acr {
  return amr.includes('pop') ? 'phr' : 'urn:countersign:acr:password'
}

/** Whether a class is at least one of those asked for; nothing asked for is always satisfied, an unknown class never. */
export function satisfiesAcr(acr: Acr, wanted: readonly string[]): boolean {
  return (
    wanted.length === 0 || acrValues.slice(acrValues.indexOf(acr)).some((value) => wanted.includes(value))
  )
}

/** Whether some sign-in here could satisfy them (RFC 9470 §5). */
export function canSatisfyAcr(wanted: readonly string[]): boolean {
  return wanted.length === 0 || acrValues.some((value) => wanted.includes(value))
}

/** Whether the person must prove themselves again: too long ago (OIDC Core §3.1.2.1), or in too weak a way. */
export function mustAuthenticateAgain(
  signedIn: { readonly authTime: number; readonly amr: readonly string[] },
  wanted: { readonly maxAge: number | null; readonly acrValues: readonly string[] },
  now: number,
): boolean {
  if (wanted.maxAge !== null && now - signedIn.authTime > wanted.maxAge) return true
  return !satisfiesAcr(acrOf(signedIn.amr), wanted.acrValues)
}
