// Signing in with ORCID: an OpenID provider for the scope `openid`, and plain OAuth 2.0 for its own scope `/authenticate`, where the
// token response itself names the person. Nothing else is asked for, and there is no e-mail address.
// https://info.orcid.org/documentation/api-tutorials/api-tutorial-get-and-authenticated-orcid-id/

import {
  authorizationParameters,
  authorizationUrl,
  createConfiguration,
  exchange,
  type OidcParts,
  proofOf,
} from './oidc.ts'
import { textIn, type Upstream, UpstreamFailure } from './provider.ts'

export const orcidIssuer = 'https://orcid.org'

export function createOrcidProvider(parts: OidcParts): Upstream {
  const configuration = createConfiguration(parts)
  const settings = { ...parts.settings, scopes: parts.settings.scopes ?? ['openid'] }
  const isOpenId = settings.scopes.includes('openid')
  return {
    settings,
    namespace: parts.issuer,
    async begin(leaving) {
      const { nonce, ...plain } = authorizationParameters(settings, leaving)
      return authorizationUrl(await configuration(), isOpenId ? { ...plain, nonce: nonce ?? '' } : plain)
    },
    async finish(returning) {
      const tokens = await exchange(await configuration(), returning, isOpenId ? returning : {})
      const claims: Readonly<Record<string, unknown>> = (isOpenId && tokens.claims()) || {}
      const subject = isOpenId ? String(claims.sub) : String(tokens.orcid)
      // Anything else is no iD, and must not become somebody here.
      if (!/^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$/.test(subject))
        throw new UpstreamFailure('untrusted', 'the answer names no ORCID iD')
      const full = [claims.given_name, claims.family_name].filter(Boolean).join(' ')
      return {
        subject,
        email: null,
        name: textIn(tokens.name, 80) ?? textIn(full, 80),
        ...proofOf(claims),
        claims: { ...claims, orcid: subject },
      }
    },
  }
}
