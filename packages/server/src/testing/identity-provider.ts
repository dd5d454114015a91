// An identity provider for tests: a real HTTP server on loopback with a JWK Set, and assertions signed by its keys.
// It says what a test tells it to; whether that is right is the server's to find out.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { startOfTime } from './services.ts'

export interface IdentityProvider {
  readonly issuer: string
  readonly jwksUri: string
  /** How often the JWK Set was asked for. */
  fetches(): number
  /** Makes a key, which takes the place of those before it, and signs from now on. */
  rotate(kid: string, alg?: string): Promise<void>
  /** What is served in place of the JWK Set; undefined for the set again. */
  serve(answer: Answer | undefined): void
  /** An assertion; a claim that is undefined is left out. */
  sign(claims: Readonly<Record<string, unknown>>, header?: Readonly<Record<string, unknown>>): Promise<string>
  close(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly body: string
}

export const localIssuer = 'http://localhost:4000'

/** The claims of a good identity assertion for the client `agent`; a `jti` makes it one of its own. */
export function goodClaims(jti: string): Record<string, unknown> {
  return {
    sub: 'mia-at-work',
    aud: localIssuer,
    client_id: 'agent',
    jti,
    iat: startOfTime - 5,
    exp: startOfTime + 300,
    email: 'mia@example.com',
  }
}

export async function startIdentityProvider(): Promise<IdentityProvider> {
  let keys: JWK[] = []
  let current: { readonly kid: string; readonly alg: string; readonly privateKey: CryptoKey } | undefined
  let instead: Answer | undefined
  let fetches = 0
  const server = createServer((_request, response) => {
    fetches++
    const { status, body } = instead ?? { status: 200, body: JSON.stringify({ keys }) }
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function rotate(kid: string, alg = 'ES256'): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
    keys = [{ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }]
    current = { kid, alg, privateKey }
  }

  await rotate('first')
  return {
    issuer,
    jwksUri: `${issuer}/jwks`,
    fetches: () => fetches,
    rotate,
    serve(answer) {
      instead = answer
    },
    async sign(claims, header = {}) {
      if (current === undefined) throw new Error('There is no key yet.')
      const { kid, alg, privateKey } = current
      return new SignJWT({ iss: issuer, ...claims })
        .setProtectedHeader({ typ: 'oauth-id-jag+jwt', kid, alg, ...header })
        .sign(privateKey)
    },
    close: () =>
      new Promise((done) => {
        server.close(() => done())
        server.closeAllConnections()
      }),
  }
}
