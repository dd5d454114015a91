// A small authorization server on a real loopback socket for the tests of this room: metadata, keys, introspection,
// and tokens signed with jose as a test wants them. Each path can be made to misbehave, and everything that arrives is
// kept. The real server is @countersign/server, which this room may not know; they meet in test/.

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export type Received = { path: string; headers: IncomingHttpHeaders; form: Record<string, string> }
export type Misbehave = (response: ServerResponse, request: Received) => void

export type TestIssuer = {
  url: string
  received: Received[]
  at: (path: string) => Received[]
  /** Replaces what a path answers; undefined restores it. */
  on: (path: string, answer: Misbehave | undefined) => void
  /** A key of its own, published unless said; tokens are signed with the last one. */
  addKey: (alg?: string, published?: boolean) => Promise<SigningKey>
  removeKey: (kid: string) => void
  publish: (jwk: JWK) => void
  /** What introspection says of a token; anything else is inactive. */
  describe: (token: string, answer: Record<string, unknown>) => void
  sign: (
    claims?: Record<string, unknown>,
    header?: Record<string, unknown>,
    key?: SigningKey,
  ) => Promise<string>
  close: () => Promise<void>
}

export type SigningKey = { kid: string; alg: string; privateKey: CryptoKey; publicJwk: JWK }

export const audience = 'https://api.example.com/notes'
export const startOfTests = 1_900_000_000
export const caller = { clientId: 'notes-api', clientSecret: 'a secret: with+signs & more than thirty-two' }

export async function startIssuer(path = ''): Promise<TestIssuer> {
  const received: Received[] = []
  const answers = new Map<string, Misbehave>()
  const described = new Map<string, Record<string, unknown>>()
  const published: JWK[] = []
  const keys: SigningKey[] = []
  const server = createServer(async (request, response) => {
    const chunks: Uint8Array[] = []
    for await (const chunk of request) if (chunk instanceof Uint8Array) chunks.push(chunk)
    const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()))
    const arrived = { path: request.url ?? '', headers: request.headers, form }
    received.push(arrived)
    const answer = answers.get(arrived.path) ?? usual.get(arrived.path) ?? notFound
    answer(response, arrived)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  const usual = usualAnswers(url, path, published, described)
  const issuer: TestIssuer = {
    url,
    received,
    at: (wanted) => received.filter((one) => one.path === wanted),
    on: (wanted, answer) => void (answer ? answers.set(wanted, answer) : answers.delete(wanted)),
    addKey: async (alg = 'ES256', publish = true) => {
      const pair = await generateKeyPair(alg, { extractable: true })
      const kid = `key-${keys.length + 1}`
      const publicJwk: JWK = { ...(await exportJWK(pair.publicKey)), kid, alg, use: 'sig' }
      const key = { kid, alg, privateKey: pair.privateKey, publicJwk }
      keys.push(key)
      if (publish) published.push(publicJwk)
      return key
    },
    removeKey: (kid) =>
      void published.splice(
        published.findIndex((jwk) => jwk.kid === kid),
        1,
      ),
    publish: (jwk) => void published.push(jwk),
    describe: (token, answer) => void described.set(token, answer),
    sign: async (claims = {}, header = {}, key) => {
      const signer = key ?? keys.at(-1) ?? (await issuer.addKey())
      return signToken(issuer.url, signer, claims, header)
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return issuer
}

/** The claims of an ordinary access token of a person (RFC 9068 §2.2); undefined takes one away. */
function signToken(
  issuer: string,
  { alg, kid, privateKey }: SigningKey,
  claims: Record<string, unknown>,
  header: Record<string, unknown>,
): Promise<string> {
  const usual = {
    iss: issuer,
    aud: audience,
    sub: 'usr_mia',
    client_id: 'notes-cli',
    scope: 'notes:read notes:write',
    iat: startOfTests,
    exp: startOfTests + 600,
    jti: 'token-1',
  }
  const protectedHeader = withoutUndefined({ alg, typ: 'at+jwt', kid, ...header }) as { alg: string }
  return new SignJWT(withoutUndefined({ ...usual, ...claims }))
    .setProtectedHeader(protectedHeader)
    .sign(privateKey)
}

function withoutUndefined(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

function usualAnswers(
  url: string,
  path: string,
  published: JWK[],
  described: Map<string, Record<string, unknown>>,
): Map<string, Misbehave> {
  const metadata = json(200, () => ({
    issuer: url,
    jwks_uri: `${url}/jwks`,
    introspection_endpoint: `${url}/introspect`,
  }))
  return new Map<string, Misbehave>([
    [`/.well-known/oauth-authorization-server${path}`, metadata],
    [`${path}/jwks`, json(200, () => ({ keys: published }))],
    [
      `${path}/introspect`,
      (response, { form }) => json(200, () => described.get(form.token ?? '') ?? { active: false })(response),
    ],
  ])
}

export function json(status: number, body: () => unknown): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body()))
  }
}

export const reset: Misbehave = (response) => void response.socket?.destroy()
const notFound: Misbehave = (response) => void response.writeHead(404).end()
