// Google, found by OpenID Connect Discovery. The device flow allows few scopes, so the browser's way is the usual one.
// Not here: how a flow goes (oauth-code.ts, oauth-device.ts).

import type { RawAnswer } from '../oauth-vendor.ts'
import type { Provider } from '../provider.ts'
import { baseOf, type VendorSettings, vendorProvider } from './settings.ts'

export function google(settings: VendorSettings): Provider {
  const flow = settings.flow ?? 'code'
  return vendorProvider(flow, {
    id: settings.id ?? 'google',
    name: settings.name ?? 'Google',
    docs:
      flow === 'code'
        ? 'https://developers.google.com/identity/protocols/oauth2/web-server'
        : 'https://developers.google.com/identity/protocols/oauth2/limited-input-device',
    issuer: baseOf(settings, 'https://accounts.google.com'),
    clientId: settings.clientId,
    // Google gives one to applications for devices too, and wants it.
    clientSecret: settings.clientSecret,
    clientAuthentication: 'client_secret_post',
    scopes: settings.scopes ?? ['openid', 'email', 'profile'],
    // Refreshing gives no new refresh token; the old one stays.
    refreshGraceSeconds: Number.POSITIVE_INFINITY,
    // Without the first there is no refresh token, without the second none for who has consented before.
    parameters: flow === 'code' ? { access_type: 'offline', prompt: 'consent' } : {},
    normalise,
  })
}

/** Two scopes are answered under longer names than they are asked for. */
function normalise({ status, body }: RawAnswer): RawAnswer {
  const { scope } = body
  if (typeof scope !== 'string') return { status, body }
  const names = scope.split(' ').map((name) => shortNames[name] ?? name)
  return { status, body: { ...body, scope: names.join(' ') } }
}

const shortNames: Readonly<Record<string, string>> = {
  'https://www.googleapis.com/auth/userinfo.email': 'email',
  'https://www.googleapis.com/auth/userinfo.profile': 'profile',
}
