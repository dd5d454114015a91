// Who it is at the vendor, and ending tokens there: what comes after and beside the token endpoint. Nothing here ever fails a flow or
// a disconnecting; where it does not work, it is noted and the rest goes on. Not here: the tokens themselves (oauth-tokens.ts).

import { guardedFetch } from '@countersign/client/http'
import { printable } from '@countersign/client/text'
import * as oauth from 'oauth4webapi'
import type { Tokens } from './connection.ts'
import { apiSeconds, failed, guarded, type OAuthServer, rawAnswer, userAgent } from './oauth-server.ts'
import type { Told } from './oauth-tokens.ts'
import { type Api, accountOf, longestAccountId } from './oauth-vendor.ts'
import type { Account, Answer, ProviderContext } from './provider.ts'

type Tokened = Extract<Told, { type: 'tokens' }>

/** What a flow gets for tokens that came. */
export async function withAccount(
  server: OAuthServer,
  context: ProviderContext,
  told: Tokened,
): Promise<Answer> {
  const account = await identify(server, context, told).catch((error: unknown) => {
    failed(context, server.vendor.id, error)
    return null
  })
  return { type: 'tokens', tokens: told.tokens, account: account && presentable(account) }
}

async function identify(
  server: OAuthServer,
  context: ProviderContext,
  { tokens, person, body }: Tokened,
): Promise<Account | null> {
  const api = apiOf(server, context, tokens.accessToken)
  if (server.vendor.account !== undefined) return await server.vendor.account(api, body)
  const { subject, email, name } = person
  const known = accountOf(subject, email, name)
  if (email !== undefined || name !== undefined) return known
  const { userinfo_endpoint } = await server.metadata(context)
  // OpenID Connect Core §5.3: UserInfo is for tokens of an OpenID request.
  if (userinfo_endpoint === undefined || !tokens.scopes.includes('openid')) return known
  const claims = (await api.get(userinfo_endpoint)) ?? {}
  // §5.3.2: another `sub` than the ID token's is somebody else's answer.
  if (subject !== undefined && claims.sub !== subject) return known
  return accountOf(claims.sub, claims.preferred_username, claims.email, claims.name)
}

/** Both are shown to people. */
function presentable({ id, name }: Account): Account | null {
  const account = { id: printable(id, longestAccountId), name: printable(name, 100) }
  return account.id === '' ? null : { ...account, name: account.name || account.id }
}

/** RFC 7009, the refresh token first: most servers end the access token with it, and the second request makes sure. */
export async function revokeTokens(
  server: OAuthServer,
  context: ProviderContext,
  tokens: Tokens,
): Promise<boolean> {
  const { accessToken, refreshToken } = tokens
  try {
    if (server.vendor.revoke !== undefined)
      return await server.vendor.revoke(apiOf(server, context, accessToken), tokens)
    if (refreshToken === null) return await revokeOne(server, context, accessToken, 'access_token')
    const ended = await revokeOne(server, context, refreshToken, 'refresh_token')
    if (ended) await revokeOne(server, context, accessToken, 'access_token')
    return ended
  } catch (error) {
    failed(context, server.vendor.id, error)
    return false
  }
}

export async function revokeOne(
  server: OAuthServer,
  context: ProviderContext,
  token: string,
  hint: 'refresh_token' | 'access_token' | 'device_code',
): Promise<boolean> {
  const metadata = await server.metadata(context)
  if (metadata.revocation_endpoint === undefined) return false
  const response = await oauth.revocationRequest(metadata, server.client, server.auth(metadata), token, {
    additionalParameters: { token_type_hint: hint },
    ...guarded(context, apiSeconds, 'any'),
  })
  return response.ok
}

/** For what arrived and nobody can use. */
export async function revokeArrived(
  server: OAuthServer,
  context: ProviderContext,
  token: string | undefined,
): Promise<void> {
  if (token === undefined) return
  const tokens = { accessToken: token, refreshToken: null, expiresAt: null, scopes: [] }
  await revokeTokens(server, context, tokens)
}

function apiOf({ vendor }: OAuthServer, context: ProviderContext, accessToken: string): Api {
  const { system, signal } = context
  const request = guardedFetch({ system, signal, timeoutSeconds: apiSeconds, expect: 'any' })
  const usual = { accept: 'application/json', 'user-agent': userAgent }
  const send: Api['send'] = async (url, { method, headers, body }) =>
    await rawAnswer(await request(url, { method, headers: { ...usual, ...headers }, body }), vendor)
  return {
    context,
    accessToken,
    send,
    async get(url) {
      const headers = { authorization: `Bearer ${accessToken}` }
      const { status, body } = await send(url, { method: 'GET', headers })
      return status === 200 ? body : undefined
    },
  }
}
