// The addresses that programs call (design.md section 3): one row each. What a row answers with is in the file named after it.
// The pages are pages/page-routes.ts, the administration admin/api-routes.ts.

import type { Config } from '../config.ts'
import type { Cors, Route } from '../routes.ts'
import { authorizationLink, authorizeEndpoint, linkPath } from './authorize.ts'
import { deviceAuthorizeEndpoint } from './device-authorize.ts'
import { liveEndpoint, readyEndpoint } from './health.ts'
import { introspectEndpoint } from './introspect.ts'
import { logoutEndpoint } from './logout.ts'
import { jwksEndpoint, metadataEndpoint } from './metadata.ts'
import { parEndpoint } from './par.ts'
import { registerEndpoint } from './register.ts'
import { readRegistration, removeRegistration, replaceRegistration } from './register-client.ts'
import { revokeEndpoint } from './revoke.ts'
import { tokenEndpoint } from './token.ts'
import { userinfoEndpoint } from './userinfo.ts'

type Answers = Pick<Route, 'GET' | 'POST' | 'PUT' | 'DELETE'>

const row = (name: string, path: string, cors: Cors, answers: Answers): Route => ({
  name,
  path,
  cors,
  speaks: 'json',
  ...answers,
})

export function clientRoutes({ registration }: Config): readonly Route[] {
  return [
    row('metadata', '/.well-known/oauth-authorization-server', 'read', { GET: metadataEndpoint }),
    row('metadata', '/.well-known/openid-configuration', 'read', { GET: metadataEndpoint }),
    row('jwks', '/oauth/jwks', 'read', { GET: jwksEndpoint }),
    {
      ...row('authorize', '/oauth/authorize', 'never', { GET: authorizeEndpoint, POST: authorizeEndpoint }),
      speaks: 'html',
    },
    { ...row('authorize', linkPath, 'never', { GET: authorizationLink }), speaks: 'html' },
    row('par', '/oauth/par', 'call', { POST: parEndpoint }),
    row('device_authorize', '/oauth/device/authorize', 'call', { POST: deviceAuthorizeEndpoint }),
    row('token', '/oauth/token', 'call', { POST: tokenEndpoint }),
    row('introspect', '/oauth/introspect', 'never', { POST: introspectEndpoint }),
    row('revoke', '/oauth/revoke', 'call', { POST: revokeEndpoint }),
    row('userinfo', '/oauth/userinfo', 'call', { GET: userinfoEndpoint, POST: userinfoEndpoint }),
    {
      ...row('logout', '/oauth/logout', 'never', { GET: logoutEndpoint, POST: logoutEndpoint }),
      speaks: 'html',
    },
    ...(registration === 'off' ? [] : registrationRoutes),
    row('live', '/health/live', 'never', { GET: liveEndpoint }),
    row('ready', '/health/ready', 'never', { GET: readyEndpoint }),
  ]
}

// RFC 7591 and RFC 7592. Programs that run in a browser may register, where registration is on at all.
const registrationRoutes: readonly Route[] = [
  row('register', '/oauth/register', 'call', { POST: registerEndpoint }),
  row('registration', '/oauth/register/', 'never', {
    GET: readRegistration,
    PUT: replaceRegistration,
    DELETE: removeRegistration,
  }),
]
