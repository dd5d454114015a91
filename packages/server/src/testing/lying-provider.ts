// An OpenID provider on loopback that says whatever a test makes it say: metadata, keys, tokens, userinfo. A good one is the workspace's
// test/support/upstream.ts; GitHub and ORCID are in accounts/upstream/providers.test.ts.

import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import type { Config } from '../config.ts'
import { openBrowser, type Shown, type TestBrowser } from '../pages/testing.ts'
import { createSystem } from '../system.ts'
import { type JsonServer, startJsonServer } from './json-server.ts'
import { ownIssuer, providerSettings, type UpstreamWorld, world } from './upstream-world.ts'

export const client = { clientId: 'us', clientSecret: 'a-secret-that-the-provider-knows' }

export interface Lies {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly key?: CryptoKey | Uint8Array
  readonly alg?: string
  readonly header?: Readonly<Record<string, unknown>>
}

export interface LyingProvider extends JsonServer {
  readonly keys: CryptoKeyPair
  /** What it is good for again: metadata with these changes, and its key. */
  honest(changes?: Readonly<Record<string, unknown>>): Promise<void>
  /** What its token endpoint answers from now on. */
  token(nonce: string | null, lies?: Lies): Promise<void>
  /** The same, for a text in the place of the ID token. */
  say(idToken: string): void
}

export async function startLyingProvider(): Promise<LyingProvider> {
  const server = await startJsonServer()
  const keys = (await generateKeyPair('ES256', { extractable: true })) as CryptoKeyPair
  const { origin } = server
  const say = (id_token: string) =>
    server.put('/token', { access_token: 'token', token_type: 'Bearer', id_token })
  return {
    ...server,
    keys,
    say,
    async honest(changes = {}) {
      server.put('/.well-known/openid-configuration', {
        issuer: origin,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/token`,
        jwks_uri: `${origin}/jwks`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
        authorization_response_iss_parameter_supported: true,
        ...changes,
      })
      server.put('/jwks', {
        keys: [{ ...(await exportJWK(keys.publicKey)), alg: 'ES256', kid: 'one', use: 'sig' }],
      })
    },
    async token(nonce, { claims = {}, key = keys.privateKey, alg = 'ES256', header = {} } = {}) {
      const now = createSystem().now()
      const all = {
        iss: origin,
        sub: 'eva',
        aud: client.clientId,
        nonce,
        iat: now,
        exp: now + 300,
        email: 'eva@example.com',
        name: 'Eva',
        ...claims,
      }
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      say(
        alg === 'none'
          ? `${part({ alg, ...header })}.${part(all)}.`
          : await new SignJWT(all).setProtectedHeader({ alg, kid: 'one', ...header }).sign(key),
      )
    },
  }
}

export interface LiedTo extends UpstreamWorld {
  readonly browser: TestBrowser
  /** Our callback, as it is asked for after leaving for `url`. */
  back(url: URL, more: Readonly<Record<string, string>>): URL
  /** Signs in there from the first button to the page that it ends on. */
  signInAs(browser: TestBrowser, lies?: Lies): Promise<Shown>
}

export async function lyingWorld(
  liar: LyingProvider,
  more: Partial<Config['identityProviders'][number]> = {},
): Promise<LiedTo> {
  await liar.honest()
  const there = await world([providerSettings({ issuer: liar.origin, client }, { signUp: true, ...more })])
  const back = (url: URL, said: Readonly<Record<string, string>>) => {
    const state = url.searchParams.get('state') ?? ''
    const query = new URLSearchParams({ state, iss: liar.origin, ...said })
    return new URL(`${ownIssuer}/login/upstream/corp/callback?${query}`)
  }
  return {
    ...there,
    browser: openBrowser(there.server),
    back,
    async signInAs(browser, lies) {
      const url = await there.press(browser, 'corp')
      await liar.token(url.searchParams.get('nonce'), lies)
      return there.come(browser, back(url, { code: 'x' }))
    },
  }
}
