// The device login that the Codex command line uses with a ChatGPT account. A server that speaks the same can
// be named by `baseUrl`. Not here: how that way goes (codex-style.ts).

import { codexStyleProvider } from '../codex-style.ts'
import { claimsOf } from '../oauth-claims.ts'
import { accountOf, type RawAnswer, withErrors } from '../oauth-vendor.ts'
import type { Provider } from '../provider.ts'
import { baseOf, type VendorSettings } from './settings.ts'

export function codex(settings: Partial<Omit<VendorSettings, 'flow' | 'scopes'>>): Provider {
  return codexStyleProvider({
    id: settings.id ?? 'openai-codex',
    aliases: settings.id === undefined ? ['codex'] : [],
    name: settings.name ?? 'OpenAI Codex',
    docs: 'https://developers.openai.com/codex/auth',
    issuer: baseOf(settings, 'https://auth.openai.com'),
    // Public, and the same in every program that speaks this (systems.md 3.4).
    clientId: settings.clientId ?? 'app_EMoamEEZ73f0CkXaXp7hrann',
    clientSecret: settings.clientSecret,
    clientAuthentication: 'client_secret_post',
    // Used once; a second time is answered with `refresh_token_reused`.
    refreshGraceSeconds: 0,
    normalise,
    async account(_api, { told_id_token }) {
      const claims = claimsOf(told_id_token)
      const openai = claims['https://api.openai.com/auth']
      const account = typeof openai === 'object' && openai !== null ? { ...openai } : {}
      const id = 'chatgpt_account_id' in account ? account.chatgpt_account_id : claims.sub
      return accountOf(id, claims.email, claims.name)
    },
  })
}

/** The type of token may be missing, an ID token is not needed and only read for the name, and an error may be an object. */
function normalise({ status, body }: RawAnswer): RawAnswer {
  const { id_token, token_type, error, ...rest } = body
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : error
  const told = { ...rest, ...(code === undefined ? {} : { error: code }), told_id_token: id_token }
  return withErrors({ status, body: { ...told, token_type: token_type ?? 'Bearer' } }, ends)
}

const ends = {
  refresh_token_expired: 'invalid_grant',
  refresh_token_reused: 'invalid_grant',
  refresh_token_invalidated: 'invalid_grant',
}
