// A vendor that answers what a test says, at every place at once, and all five questions asked of every family of providers.
// Not here: what it answers (oauth-server.hostile.test.ts, oauth-server.members.slow.test.ts).

import assert from 'node:assert/strict'
import { system } from '@countersign/client/system'
import { type Handler, paths, type ScriptedServer, startScriptedServer } from '@countersign/client/testing'
import { codexStyleProvider } from '../codex-style.ts'
import { codeProvider } from '../oauth-code.ts'
import { deviceProvider } from '../oauth-device.ts'
import type { Provider, ProviderContext } from '../provider.ts'

export interface HostileVendor {
  readonly server: ScriptedServer
  readonly device: Provider
  readonly context: ProviderContext
  everywhere(handler: Handler): void
  /** What each question came to; one answer that is none of the contract fails the test. */
  askEverything(context?: ProviderContext): Promise<readonly string[]>
  /** Ends it, and fails where a secret was noted. */
  close(): Promise<void>
}

export const asked = { scopes: ['openid'], redirectUri: 'https://app.example/return', state: 'STATE-canary' }
const tokens = { accessToken: 'ACCESS-canary', refreshToken: 'REFRESH-canary', expiresAt: null, scopes: [] }
const kept = {
  device_code: 'DEVICE-canary',
  code: 'CODE-canary',
  verifier: 'VERIFIER-canary',
  nonce: 'N-canary',
}
const codexKept = { device_auth_id: 'DEVICE-canary', user_code: 'A' }
const known = /^(begun|trouble|problem|pending|slow_down|further|denied|expired|tokens|ended|answer_lost)$/

export async function openHostileVendor(): Promise<HostileVendor> {
  const server = await startScriptedServer()
  const notes: unknown[] = []
  const patient: ProviderContext = {
    system,
    signal: new AbortController().signal,
    note: (event, detail) => void notes.push({ event, ...detail }),
  }
  // New ones each time: what was discovered once is kept.
  const settings = (id: string) => ({
    id,
    issuer: server.issuer,
    clientId: 'app',
    clientSecret: 'SECRET-canary',
  })
  return {
    server,
    context: patient,
    get device() {
      return deviceProvider(settings('device'))
    },
    everywhere(handler) {
      const codexPaths = ['/api/accounts/deviceauth/usercode', '/api/accounts/deviceauth/token']
      for (const path of [...Object.values(paths), ...codexPaths]) server.on(path, handler)
    },
    async askEverything(context = patient) {
      const device = deviceProvider(settings('device'))
      const code = codeProvider(settings('code'))
      const codex = codexStyleProvider(settings('codex'))
      const all = [device, code, codex]
      const answers = [
        ...(await Promise.all(all.map((each) => each.begin(context, asked)))),
        ...(await Promise.all([device, code].map((each) => each.poll(context, kept)))),
        await codex.poll(context, codexKept),
        await codex.poll(context, { ...codexKept, code: 'CODE-canary', code_verifier: 'VERIFIER-canary' }),
        ...(await Promise.all([device, codex].map((each) => each.refresh(context, tokens)))),
      ]
      for (const each of all) assert.equal(typeof (await each.revoke?.(context, tokens)), 'boolean')
      await device.abandon?.(context, kept)
      for (const { type } of answers) assert.match(type, known)
      return answers.map(({ type }) => type)
    },
    async close() {
      await server.close()
      assert.doesNotMatch(JSON.stringify(notes), /canary/i)
    },
  }
}

/** Every place of it answering as it should. */
export function goodAnswers(issuer: string) {
  return {
    [paths.metadata]: {
      issuer,
      authorization_endpoint: `${issuer}/oauth/authorize`,
      token_endpoint: issuer + paths.token,
      device_authorization_endpoint: issuer + paths.device,
      revocation_endpoint: issuer + paths.revoke,
      userinfo_endpoint: issuer + paths.userinfo,
      code_challenge_methods_supported: ['S256'],
      token_endpoint_auth_methods_supported: ['client_secret_basic'],
      authorization_response_iss_parameter_supported: true,
      id_token_signing_alg_values_supported: ['RS256'],
    },
    [paths.device]: {
      device_code: 'DEVICE-canary',
      user_code: 'WDJB-MJHT',
      verification_uri: `${issuer}/device`,
      verification_uri_complete: `${issuer}/device/WDJB-MJHT`,
      expires_in: 600,
      interval: 5,
    },
    [paths.token]: {
      access_token: 'ACCESS-canary',
      token_type: 'Bearer',
      refresh_token: 'REFRESH-canary',
      expires_in: 600,
      scope: 'openid',
    },
    [paths.userinfo]: { sub: 'mia', preferred_username: 'mia', email: 'mia@example.com', name: 'Mia' },
  }
}
