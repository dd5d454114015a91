// Signing in with GitHub, which speaks OAuth 2.0 and not OpenID Connect: the person is what its API says about the bearer of the
// token. The token is used for these two calls and kept nowhere.
// https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
// https://docs.github.com/en/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
// https://docs.github.com/en/rest/users/emails

import { digest } from '../../secrets.ts'
import {
  addressIn,
  faultOf,
  type Returning,
  textIn,
  type Upstream,
  UpstreamFailure,
  type UpstreamPerson,
  type UpstreamSettings,
} from './provider.ts'
import type { UpstreamFetch } from './upstream-fetch.ts'

export const githubBase = 'https://github.com'

export function createGithubProvider(settings: UpstreamSettings, fetch: UpstreamFetch): Upstream {
  const base = (settings.issuer ?? githubBase).replace(/\/$/, '')
  const api = apiOf(settings, base)
  return {
    settings,
    namespace: base,
    async begin({ redirectUri, state, codeVerifier, fresh }) {
      const url = new URL(`${base}/login/oauth/authorize`)
      url.search = String(
        new URLSearchParams({
          client_id: settings.clientId,
          redirect_uri: redirectUri,
          scope: (settings.scopes ?? ['read:user', 'user:email']).join(' '),
          state,
          code_challenge: digest(codeVerifier),
          code_challenge_method: 'S256',
          // There is no way to ask for a new proof there, only which account it shall be.
          ...(fresh ? { prompt: 'select_account' } : {}),
        }),
      )
      return url
    },
    async finish(returning) {
      const token = await redeem(`${base}/login/oauth/access_token`, settings, returning, fetch)
      return personBehind(token, api, fetch)
    },
  }
}

// A server of one's own has its API below a path; hosted ones at a host of its own.
function apiOf({ apiUrl }: UpstreamSettings, base: string): string {
  if (apiUrl !== undefined) return apiUrl.replace(/\/$/, '')
  const { protocol, host } = new URL(base)
  const isHosted = host === 'github.com' || host.endsWith('.ghe.com')
  return isHosted ? `${protocol}//api.${host}` : `${base}/api/v3`
}

async function redeem(
  endpoint: string,
  { clientId, clientSecret = '' }: UpstreamSettings,
  { callback, state, codeVerifier }: Returning,
  fetch: UpstreamFetch,
): Promise<string> {
  const said = callback.searchParams
  // CL-04: said twice is said by two.
  for (const name of ['state', 'code', 'error'])
    if (said.getAll(name).length > 1) throw new UpstreamFailure('untrusted', `${name} is there twice`)
  if (said.get('state') !== state) throw new UpstreamFailure('untrusted', 'another state')
  const error = said.get('error')
  if (error !== null) throw new UpstreamFailure(faultOf(error), `GitHub says ${error}`)
  const code = said.get('code')
  if (!code) throw new UpstreamFailure('untrusted', 'there is no code')
  const body = new URLSearchParams({
    client_id: clientId,
    client_secret: clientSecret,
    code,
    redirect_uri: callback.origin + callback.pathname,
    code_verifier: codeVerifier,
  })
  const headers = { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await json(await fetch(endpoint, { method: 'POST', headers, body }))
  // Errors of this endpoint come with the status 200.
  if (typeof answer.error === 'string') throw new UpstreamFailure('refused', `GitHub says ${answer.error}`)
  const { access_token: token, token_type: type } = answer
  if (typeof token !== 'string' || String(type).toLowerCase() !== 'bearer')
    throw new UpstreamFailure('untrusted', 'there is no bearer token in the answer')
  return token
}

async function personBehind(token: string, api: string, fetch: UpstreamFetch): Promise<UpstreamPerson> {
  const headers = {
    authorization: `Bearer ${token}`,
    accept: 'application/vnd.github+json',
    'x-github-api-version': '2022-11-28',
  }
  const answer = await fetch(`${api}/user`, { headers })
  if (!answer.ok) throw new UpstreamFailure('refused', `/user answers ${answer.status}`)
  const user = await json(answer)
  // The number stays; the login may be given up, and taken by somebody else.
  if (typeof user.id !== 'number' || !Number.isSafeInteger(user.id) || user.id <= 0)
    throw new UpstreamFailure('untrusted', '/user names nobody')
  const emails = await fetch(`${api}/user/emails`, { headers })
  return {
    subject: String(user.id),
    // 403 and 404 where the app may not see them: then there is none.
    email: emails.ok ? verifiedPrimary(await emails.json().catch(() => undefined)) : null,
    name: textIn(user.name, 80) ?? textIn(user.login, 80),
    authTime: null,
    amr: [],
    claims: user,
  }
}

function verifiedPrimary(emails: unknown): string | null {
  if (!Array.isArray(emails)) return null
  const found = emails.find((one) => one?.primary === true && one?.verified === true)
  return addressIn(found?.email)
}

async function json(answer: Response): Promise<Record<string, unknown>> {
  const value: unknown = await answer.json().catch(() => undefined)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UpstreamFailure('untrusted', `status ${answer.status} without a JSON object`)
  return value as Record<string, unknown>
}
