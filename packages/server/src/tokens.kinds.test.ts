// Every kind of JWT at every place that takes one (standards.md JK-09, IN-13, AT-08): each place takes its own kind and no other.
// First with everything right but the `typ`, then with real tokens swapped.

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { clientToken } from './admin/testing.ts'
import { basic, bodyOf, introspect, signIn } from './testing/device-flow.ts'
import { createProver } from './testing/dpop.ts'
import { startJsonServer } from './testing/json-server.ts'
import {
  createTestServerWith,
  type TestServer,
  testAccount,
  testClient,
  testConfidentialClient,
} from './testing/services.ts'
import { decodeAccessToken, decodeIdToken } from './tokens.ts'

// On loopback, so that the keys of the trusted issuers may be there, too.
const issuer = 'http://localhost:4000'
const pair = await generateKeyPair('ES256', { extractable: true })
const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'ES256' }
const keySets = await startJsonServer()
keySets.put('/jwks', { keys: [jwk] })
after(() => keySets.close())

const trusted = (name: string, kind: 'id-jag' | 'jwt') => ({
  issuer: `https://${name}.example`,
  jwksUri: `${keySets.origin}/jwks`,
  algs: ['ES256'] as 'ES256'[],
  kind,
  publicClients: [],
  linkByEmail: true,
  scopes: [],
})

const jwtBearer = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const ownKeys = {
  ...testConfidentialClient,
  id: 'signer',
  authMethods: ['private_key_jwt'],
  jwks: { keys: [jwk] },
} as const
const agent = {
  ...testConfidentialClient,
  id: 'agent',
  grantTypes: [jwtBearer],
  scopes: ['tools'],
  resources: ['https://mcp.example'],
} as const

const server = await createTestServerWith(
  [
    { userinfoAlg: 'ES256', idTokenAlg: 'ES256' },
    { ...testConfidentialClient, introspectsAll: true, introspectionAlg: 'ES256' },
    ownKeys,
    agent,
  ],
  {
    settings: {
      issuer,
      dpopNonces: false,
      trustedIssuers: [trusted('idp', 'id-jag'), trusted('plain', 'jwt')] as never,
    },
  },
)
const { services } = server
const prover = await createProver()

interface Place {
  /** Everything that it wants, but for the `typ`. */
  readonly make: (typ: string | undefined) => Promise<string> | string
  readonly takes: (text: string) => Promise<boolean> | boolean
  readonly types: readonly (string | undefined)[]
}

let drawn = 0
const now = () => services.system.now()
const common = () => ({ iat: now(), exp: now() + 200, jti: `j${drawn++}` })
const ours = (typ: string | undefined, claims: object) =>
  services.keys.sign(
    'ES256',
    { typ },
    { iss: issuer, sub: testAccount.id, auth_time: now(), ...common(), ...claims },
  ).text
const theirs = (typ: string | undefined, claims: object) =>
  new SignJWT({ ...common(), ...claims })
    .setProtectedHeader({ alg: 'ES256', kid: 'k1', ...(typ === undefined ? {} : { typ }) })
    .sign(pair.privateKey)

const post = async (
  form: Record<string, string>,
  headers: Record<string, string> = {},
  path = '/oauth/token',
) => server.call('POST', path, { form, headers })

const assertion = async (text: string) =>
  (await post({ grant_type: jwtBearer, assertion: text }, basic('agent'))).status === 200

const places: Readonly<Record<string, Place>> = {
  'access token': {
    make: (typ) => ours(typ, { aud: issuer, client_id: testClient.id, scope: 'openid' }),
    takes: (text) => decodeAccessToken(services, text) !== undefined,
    types: ['at+jwt'],
  },
  'ID token as a hint': {
    make: (typ) => ours(typ, { aud: testClient.id }),
    takes: (text) => decodeIdToken(services, text) !== undefined,
    types: ['JWT'],
  },
  'DPoP proof': {
    make: (typ) => prover.prove(server, { path: '/oauth/device/authorize', header: { typ } }),
    takes: async (dpop) =>
      (await post({ client_id: testClient.id }, { dpop }, '/oauth/device/authorize')).status === 200,
    types: ['dpop+jwt'],
  },
  'client assertion': {
    make: (typ) => theirs(typ, { iss: 'signer', sub: 'signer', aud: issuer }),
    takes: async (text) => {
      const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
      const form = { client_assertion_type, client_assertion: text }
      return (await post(form, {}, '/oauth/device/authorize')).status === 200
    },
    types: ['client-authentication+jwt', 'JWT', undefined],
  },
  'identity assertion': {
    make: (typ) =>
      theirs(typ, {
        iss: 'https://idp.example',
        sub: 'mia',
        aud: issuer,
        email: testAccount.email,
        client_id: 'agent',
        resource: 'https://mcp.example',
      }),
    takes: assertion,
    types: ['oauth-id-jag+jwt'],
  },
  'plain assertion': {
    make: (typ) =>
      theirs(typ, { iss: 'https://plain.example', sub: 'mia', aud: issuer, email: testAccount.email }),
    takes: assertion,
    types: ['JWT', undefined],
  },
}

const kinds = [
  'at+jwt',
  'dpop+jwt',
  'token-introspection+jwt',
  'oauth-id-jag+jwt',
  'client-authentication+jwt',
  'logout+jwt',
  'JWT',
  undefined,
] as const

for (const [name, { make, takes, types }] of Object.entries(places)) {
  test(`JK-09 ${name}: everything right but the kind is refused`, async () => {
    for (const typ of kinds) {
      const text = await make(typ)
      assert.equal(await takes(text), types.includes(typ), String(typ))
    }
  })
}

/** What the server really issues beside access tokens and ID tokens. */
async function issued(on: TestServer) {
  const { access_token: token, id_token: idToken } = await signIn(on)
  const headers = { ...basic('api'), accept: 'application/token-introspection+jwt' }
  const introspection = await on.call('POST', '/oauth/introspect', { form: { token }, headers })
  const userinfo = await on.call('GET', '/oauth/userinfo', { headers: { authorization: `Bearer ${token}` } })
  assert.deepEqual([introspection.status, userinfo.status], [200, 200])
  return { token, idToken: idToken ?? '', introspection: introspection.body, userinfo: userinfo.body }
}

test('JK-09 IN-13 AT-08 US-04 what the server issues counts at its own place and at no other', async () => {
  const { token, idToken, introspection, userinfo } = await issued(server)
  const own = clientToken(server, { ...testClient, id: 'api' })
  for (const [text, home] of [
    [token, 'access token'],
    [own, 'access token'],
    [idToken, 'ID token as a hint'],
    [introspection, ''],
    [userinfo, ''],
  ] as const) {
    for (const [name, { takes }] of Object.entries(places))
      assert.equal(await takes(text), name === home, `${home} as ${name}`)
    assert.equal((await introspect(server, text, 'api')).active, home === 'access token')
  }
})

test('JK-09 what clients and issuers sign for one place is refused at every other', async () => {
  for (const [made, { make, types }] of Object.entries(places)) {
    for (const [name, { takes }] of Object.entries(places))
      assert.equal(
        await takes(await make(types[0])),
        name === made || isSamePlace(made, name),
        `${made} as ${name}`,
      )
  }
})

// The grant knows both kinds of assertion by their issuer.
function isSamePlace(...names: readonly string[]): boolean {
  return names.every((name) => name.endsWith('assertion') && name !== 'client assertion')
}

test('IN-11 IN-13 a signed introspection answer has no claims that would make it a token', async () => {
  const { introspection } = await issued(server)
  const claims = JSON.parse(Buffer.from(introspection.split('.')[1] ?? '', 'base64url').toString()) as object
  assert.deepEqual(Object.keys(claims).sort(), ['aud', 'iat', 'iss', 'token_introspection'])
  assert.equal(bodyOf({ status: 200, headers: {}, body: JSON.stringify(claims) }).aud, 'api')
})
