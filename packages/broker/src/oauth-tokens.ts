// One request to a vendor's token endpoint, whatever the grant, and the five things it can come to. Judged by oauth4webapi by way
// of the client's tokens.ts, after members that make no sense and mean nothing were left out.
// Not here: what an error means to a flow (oauth-device.ts, oauth-code.ts).

import { OAuthError } from '@countersign/client/errors'
import { printable } from '@countersign/client/text'
import { type Tokens as ReadTokens, readTokens, UnusableTokens } from '@countersign/client/tokens'
import * as oauth from 'oauth4webapi'
import type { Tokens } from './connection.ts'
import {
  type Failed,
  failed,
  guarded,
  type OAuthServer,
  printableError,
  rawAnswer,
  tokenSeconds,
} from './oauth-server.ts'
import { longestAccountId, type OAuthVendor, type RawAnswer } from './oauth-vendor.ts'
import type { Account, ProviderContext, Renewed } from './provider.ts'

export type Told =
  | {
      readonly type: 'tokens'
      readonly tokens: Tokens
      /** What the ID token said, when there was one. */
      readonly person: Pick<ReadTokens, 'subject' | 'email' | 'name'>
      readonly body: RawAnswer['body']
    }
  | { readonly type: 'refused'; readonly error: string; readonly interval: unknown }
  /** Answered, but not with tokens that can be used; `arrived` is one to be revoked. */
  | { readonly type: 'unusable'; readonly arrived: string | undefined }
  | Failed

export interface TokenRequest {
  readonly grant: keyof typeof grants
  readonly parameters: Readonly<Record<string, string>>
  /** What the tokens are for where the answer does not say (RFC 6749 §5.1: then it is what was asked for). */
  readonly scopes: readonly string[]
  readonly nonce?: string | undefined
}

export async function requestTokens(
  server: OAuthServer,
  context: ProviderContext,
  { grant, parameters, scopes, nonce }: TokenRequest,
): Promise<Told> {
  const { vendor, client } = server
  let raw: RawAnswer | undefined
  try {
    const metadata = await server.metadata(context)
    // From here on what is sent may be spent, however it ends.
    const sent = { ...vendor.audience, ...parameters }
    const auth = server.auth(metadata)
    const response = await oauth
      .genericTokenEndpointRequest(
        metadata,
        client,
        auth,
        grants[grant],
        sent,
        guarded(context, tokenSeconds),
      )
      .catch((error: unknown) => failed(context, vendor.id, error))
    if (!(response instanceof Response)) return response
    raw = tidy(await rawAnswer(response, vendor))
    const issuer = vendor.issuerOf?.(raw.body) ?? metadata.issuer
    const judged = new Response(JSON.stringify(raw.body), { status: raw.status, headers: response.headers })
    const as = { ...metadata, issuer }
    const read = await readTokens(as, client.client_id, judged, grant, context.system.now(), nonce)
    return { type: 'tokens', tokens: tokensOf(read, scopes), person: read, body: raw.body }
  } catch (error) {
    if (error instanceof OAuthError) return refused(context, vendor, error, raw)
    if (error instanceof UnusableTokens) return unusable(context, vendor, error)
    // The metadata was not to be had, so nothing was sent; or the answer says that the server cannot serve now.
    const why = failed(context, vendor.id, error)
    return { ...why, type: 'trouble' }
  }
}

/** One use of a refresh token. An answer without a new one leaves the old one as it is (RFC 6749 §6). */
export async function refreshTokens(
  server: OAuthServer,
  context: ProviderContext,
  tokens: Tokens,
  account?: Account | null,
): Promise<Renewed> {
  const { refreshToken, scopes } = tokens
  if (refreshToken === null) return { type: 'ended' }
  const parameters = { refresh_token: refreshToken }
  const told = await requestTokens(server, context, { grant: 'refresh_token', parameters, scopes })
  switch (told.type) {
    case 'tokens':
      if (isSomebodyElse(server.vendor, account, told.person.subject)) {
        context.note('other_account', { provider: server.vendor.id })
        return { type: 'ended' }
      }
      return {
        type: 'tokens',
        tokens: { ...told.tokens, refreshToken: told.tokens.refreshToken ?? refreshToken },
      }
    case 'refused':
      // Anything else is about this application (its secret, its registration), which the operator can set right.
      return endings.has(told.error) ? { type: 'ended' } : { type: 'trouble' }
    case 'trouble':
      return told
    case 'lost':
    case 'unusable':
      return { type: 'answer_lost' }
  }
}

/** Only where accounts are known by the `sub` of ID tokens. */
function isSomebodyElse(vendor: OAuthVendor, account: Account | null | undefined, subject?: string): boolean {
  if (vendor.account !== undefined || !account || subject === undefined) return false
  return account.id !== printable(subject, longestAccountId)
}

function refused(
  context: ProviderContext,
  { id }: OAuthVendor,
  { error, status }: OAuthError,
  raw: RawAnswer | undefined,
): Told {
  if (transient.has(error)) return { type: 'trouble' }
  if (!expected.has(error))
    context.note('provider_refused', { provider: id, error: printableError(error), status })
  return { type: 'refused', error, interval: raw?.body.interval }
}

function unusable(context: ProviderContext, { id }: OAuthVendor, error: UnusableTokens): Told {
  context.note('provider_answer', { provider: id, code: error.code })
  return { type: 'unusable', arrived: error.arrived() }
}

/** Members that are hints (CL-11) or may be missing count as missing where they are not what they should be. */
function tidy({ status, body }: RawAnswer): RawAnswer {
  const { expires_in, refresh_token, scope, id_token, ...rest } = body
  const seconds = typeof expires_in === 'string' ? Number(expires_in) : expires_in
  const isTime = typeof seconds === 'number' && seconds > 0 && seconds <= longestSeconds
  const scopes = Array.isArray(scope) ? scope.filter((each) => typeof each === 'string').join(' ') : scope
  return {
    status: status > 200 && status < 300 ? 200 : status,
    body: {
      ...rest,
      ...(isTime ? { expires_in: seconds } : {}),
      ...(isText(refresh_token) ? { refresh_token } : {}),
      ...(isText(id_token) ? { id_token } : {}),
      ...(typeof scopes === 'string' ? { scope: scopes } : {}),
    },
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function tokensOf(read: ReadTokens, asked: readonly string[]): Tokens {
  const { accessToken, refreshToken, expiresIn, receivedAt, scope } = read
  return {
    accessToken,
    refreshToken: refreshToken ?? null,
    expiresAt: expiresIn === undefined ? null : receivedAt + expiresIn,
    scopes: scope === undefined ? asked : [...new Set(scope.split(/\s+/).filter(Boolean))],
  }
}

const grants = {
  authorization_code: 'authorization_code',
  refresh_token: 'refresh_token',
  device_code: 'urn:ietf:params:oauth:grant-type:device_code',
} as const
/** RFC 6749 §4.1.2.1 has names for what HTTP says with 5xx; some vendors use them here, too. */
export const transient = new Set(['server_error', 'temporarily_unavailable'])
/** RFC 6749 §5.2, and OpenID Connect Core §3.1.2.6: only the person can help. */
const endings = new Set(['invalid_grant', 'interaction_required', 'login_required', 'consent_required'])
const expected = new Set(['authorization_pending', 'slow_down', 'access_denied', 'expired_token'])
/** A century: what is longer is for ever, or a mistake. */
const longestSeconds = 100 * 365 * 86_400
