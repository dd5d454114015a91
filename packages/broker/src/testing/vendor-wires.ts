// The wire contract of each vendor as its documentation shows it (the page is `docs` of the provider), to be played by a real server on
// loopback. Only what goes over the wire; what must hold for every provider is provider-contract.ts.

import { type Handler, json, paths, text } from '@countersign/client/testing'
import type { ProviderSettings } from '../providers/index.ts'
import type { ProviderWire } from './provider-wire.ts'

export interface Wire extends Omit<ProviderWire, 'provider'> {
  readonly settings: (base: string) => ProviderSettings
}

const client = { clientId: 'client.canary', clientSecret: 'SECRET-canary' }
const bearer = { access_token: 'ACCESS-canary-1', token_type: 'bearer', expires_in: 28_800 }
const refused = (error: string, status = 400): Handler => json(status, { error, error_description: 'No.' })

/** Enough of a JWT: nobody checks signatures of what comes straight from the token endpoint. */
function idToken(claims: Readonly<Record<string, unknown>>): string {
  const now = Math.floor(Date.parse('2026-01-01') / 1000)
  const parts = [
    { alg: 'RS256' },
    { iat: now, exp: now + 100 * 365 * 86_400, aud: client.clientId, ...claims },
  ].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  return `${parts.join('.')}.c2lnbmF0dXJl`
}

export const github: Wire = {
  settings: (baseUrl) => ({ kind: 'github', baseUrl, ...client, scopes: ['repo', 'gist'] }),
  beginPath: '/login/device/code',
  tokenPath: '/login/oauth/access_token',
  begun: (base) =>
    json(200, {
      device_code: 'DEVICE-CODE-canary',
      user_code: 'WDJB-MJHT',
      verification_uri: `${base}/login/device`,
      expires_in: 900,
      interval: 5,
    }),
  pending: refused('authorization_pending', 200),
  slowDown: json(200, { error: 'slow_down', interval: 10 }),
  denied: refused('access_denied', 200),
  expired: refused('expired_token', 200),
  granted: () => json(200, { ...bearer, refresh_token: 'REFRESH-canary-1', scope: 'repo,gist' }),
  renewed: json(200, { ...bearer, access_token: 'ACCESS-canary-2', refresh_token: 'REFRESH-canary-2' }),
  spent: refused('bad_refresh_token', 200),
  others: () => ({
    '/api/v3/user': json(200, { login: 'octocat', id: 583231, name: 'The Octocat' }),
    '/api/v3/applications/client.canary/token': text(204, ''),
  }),
  expected: {
    id: 'github',
    account: { id: '583231', name: 'octocat' },
    scopes: ['repo', 'gist'],
    refreshGraceSeconds: 0,
    revokes: true,
  },
}

export const gitlab: Wire = {
  settings: (baseUrl) => ({ kind: 'gitlab', baseUrl, ...client }),
  beginPath: '/oauth/authorize_device',
  tokenPath: '/oauth/token',
  begun: (base) =>
    json(200, {
      device_code: 'DEVICE-CODE-canary',
      user_code: '0A44L90H',
      verification_uri: `${base}/oauth/device`,
      verification_uri_complete: `${base}/oauth/device?user_code=0A44L90H`,
      expires_in: 300,
      interval: 5,
    }),
  pending: refused('authorization_pending'),
  slowDown: refused('slow_down'),
  denied: refused('access_denied'),
  expired: refused('expired_token'),
  granted: () => json(200, { ...bearer, refresh_token: 'REFRESH-canary-1', scope: 'read_user' }),
  renewed: json(200, { ...bearer, access_token: 'ACCESS-canary-2', refresh_token: 'REFRESH-canary-2' }),
  spent: refused('invalid_grant'),
  others: () => ({
    '/api/v4/user': json(200, { id: 1, username: 'john_smith', name: 'John Smith' }),
    '/oauth/revoke': json(200, {}),
  }),
  expected: {
    id: 'gitlab',
    account: { id: '1', name: 'john_smith' },
    scopes: ['read_user'],
    refreshGraceSeconds: 0,
    revokes: true,
  },
}

const tid = '9188040d-6c67-4c5b-b112-36a304b66dad'
export const entra: Wire = {
  settings: (baseUrl) => ({ kind: 'entra', baseUrl, ...client }),
  beginPath: '/common/oauth2/v2.0/devicecode',
  tokenPath: '/common/oauth2/v2.0/token',
  begun: (base) =>
    json(200, {
      device_code: 'DEVICE-CODE-canary',
      user_code: 'YZMYLD4K',
      verification_uri: `${base}/devicelogin`,
      expires_in: 900,
      interval: 5,
      message: 'To sign in, use a web browser to open the page and enter the code YZMYLD4K to authenticate.',
    }),
  pending: refused('authorization_pending'),
  slowDown: refused('slow_down'),
  denied: refused('authorization_declined'),
  expired: refused('expired_token'),
  granted: (base, nonce) =>
    json(200, {
      ...bearer,
      token_type: 'Bearer',
      refresh_token: 'REFRESH-canary-1',
      scope: 'User.Read profile openid email',
      id_token: idToken({
        iss: `${base}/${tid}/v2.0`,
        sub: 'pairwise',
        tid,
        oid: '00000000-0000-0000-66f3-3332eca7ea81',
        preferred_username: 'abe@example.com',
        name: 'Abe Lincoln',
        nonce,
      }),
    }),
  renewed: json(200, { ...bearer, access_token: 'ACCESS-canary-2', refresh_token: 'REFRESH-canary-2' }),
  spent: refused('invalid_grant'),
  others: () => ({}),
  expected: {
    id: 'entra',
    account: { id: `${tid}.00000000-0000-0000-66f3-3332eca7ea81`, name: 'abe@example.com' },
    scopes: ['User.Read', 'profile', 'openid', 'email', 'offline_access'],
    refreshGraceSeconds: Number.POSITIVE_INFINITY,
    revokes: false,
  },
}

export const google: Wire = {
  settings: (baseUrl) => ({ kind: 'google', baseUrl, ...client }),
  tokenPath: '/token',
  denied: refused('access_denied'),
  granted: (base, nonce) =>
    json(200, {
      ...bearer,
      token_type: 'Bearer',
      refresh_token: 'REFRESH-canary-1',
      scope:
        'openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile',
      id_token: idToken({
        iss: base,
        sub: '10769150350006150715113082367',
        email: 'jsmith@example.com',
        nonce,
      }),
    }),
  renewed: json(200, { ...bearer, token_type: 'Bearer', access_token: 'ACCESS-canary-2' }),
  spent: refused('invalid_grant'),
  others: (base) => ({
    [paths.openid]: json(200, {
      issuer: base,
      authorization_endpoint: `${base}/o/oauth2/v2/auth`,
      device_authorization_endpoint: `${base}/device/code`,
      token_endpoint: `${base}/token`,
      userinfo_endpoint: `${base}/v1/userinfo`,
      revocation_endpoint: `${base}/revoke`,
      code_challenge_methods_supported: ['plain', 'S256'],
      id_token_signing_alg_values_supported: ['RS256'],
      token_endpoint_auth_methods_supported: ['client_secret_post', 'client_secret_basic'],
    }),
    [paths.metadata]: json(404, {}),
    '/revoke': json(200, {}),
  }),
  expected: {
    id: 'google',
    account: { id: '10769150350006150715113082367', name: 'jsmith@example.com' },
    scopes: ['openid', 'email', 'profile'],
    refreshGraceSeconds: Number.POSITIVE_INFINITY,
    revokes: true,
  },
}

const failedCall = (error: string): Handler => json(200, { ok: false, error })
export const slack: Wire = {
  settings: (baseUrl) => ({ kind: 'slack', baseUrl, ...client, scopes: ['chat:write', 'users:read'] }),
  tokenPath: '/api/oauth.v2.access',
  granted: () =>
    json(200, {
      ok: true,
      app_id: 'A0KRD7HC3',
      authed_user: {
        id: 'U1234',
        scope: 'chat:write,users:read',
        access_token: 'ACCESS-canary-1',
        token_type: 'user',
        expires_in: 43_200,
        refresh_token: 'REFRESH-canary-1',
      },
      team: { id: 'T9TK3CUKW', name: 'Slack Softball Team' },
    }),
  renewed: json(200, {
    ok: true,
    access_token: 'ACCESS-canary-2',
    token_type: 'user',
    expires_in: 43_200,
    refresh_token: 'REFRESH-canary-2',
  }),
  spent: failedCall('invalid_refresh_token'),
  others: () => ({
    '/api/auth.test': json(200, {
      ok: true,
      team: 'Subarachnoid Workspace',
      user: 'grace',
      team_id: 'T12345678',
      user_id: 'W12345678',
    }),
    '/api/auth.revoke': json(200, { ok: true, revoked: true }),
  }),
  expected: {
    id: 'slack',
    account: { id: 'T12345678.W12345678', name: 'grace (Subarachnoid Workspace)' },
    scopes: ['chat:write', 'users:read'],
    refreshGraceSeconds: 0,
    revokes: true,
  },
}

export const codex: Wire = {
  settings: (baseUrl) => ({ kind: 'codex', baseUrl, clientId: client.clientId }),
  beginPath: '/api/accounts/deviceauth/usercode',
  askPath: '/api/accounts/deviceauth/token',
  tokenPath: '/oauth/token',
  begun: () => json(200, { device_auth_id: 'DEVICE-CODE-canary', user_code: 'ABCD-12345', interval: '5' }),
  pending: json(403, { error: { message: 'Not yet.', code: 'deviceauth_authorization_unknown' } }),
  granted: () =>
    json(200, {
      authorization_code: 'CODE-canary',
      code_challenge: 'CHALLENGE',
      code_verifier: 'VERIFIER-canary',
    }),
  renewed: json(200, { access_token: 'ACCESS-canary-2', refresh_token: 'REFRESH-canary-2' }),
  spent: json(401, { error: { message: 'Used.', code: 'refresh_token_reused' } }),
  others: () => ({
    '/oauth/token': json(200, {
      access_token: 'ACCESS-canary-1',
      refresh_token: 'REFRESH-canary-1',
      id_token: idToken({
        sub: 'auth0|1',
        email: 'mia@example.com',
        'https://api.openai.com/auth': { chatgpt_account_id: 'acct-1' },
      }),
    }),
  }),
  expected: {
    id: 'openai-codex',
    account: { id: 'acct-1', name: 'mia@example.com' },
    scopes: [],
    refreshGraceSeconds: 0,
    revokes: false,
  },
}

/** The same vendors, connected in the other of their ways. */
export const otherWays: Readonly<Record<string, Wire>> = {
  'github in the browser': inBrowser(github),
  'gitlab in the browser': inBrowser(gitlab),
  'entra in the browser': inBrowser(entra),
  'google by a code': {
    ...google,
    settings: (base) => ({ ...google.settings(base), flow: 'device' }),
    beginPath: '/device/code',
    begun: (base) =>
      json(200, {
        device_code: 'DEVICE-CODE-canary',
        user_code: 'GQVQ-JKEC',
        // Not the name that RFC 8628 gives it.
        verification_url: `${base}/device`,
        expires_in: 1800,
        interval: 5,
      }),
    pending: refused('authorization_pending', 428),
    slowDown: refused('slow_down', 403),
    denied: refused('access_denied', 403),
  },
}

function inBrowser({ tokenPath, denied, granted, renewed, spent, others, expected, settings }: Wire): Wire {
  return {
    tokenPath,
    ...(denied ? { denied } : {}),
    granted,
    renewed,
    spent,
    others,
    expected,
    settings: (base) => ({ ...settings(base), flow: 'code' }),
  }
}
