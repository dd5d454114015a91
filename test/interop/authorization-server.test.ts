// The whole authorization server against clients that we did not write, nothing switched off in them but the demand for https, which
// they document for loopback: discovery, PAR, code + PKCE, DPoP with nonces, refresh, private_key_jwt, client credentials, token
// exchange, introspection plain and signed, revocation, UserInfo, logout. The device grant is independent-clients.test.ts.

import assert from 'node:assert/strict'
import { hash } from 'node:crypto'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Client, type GrantType, plainClient } from '@countersign/protocol'
import { openStore } from '@countersign/server'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { addMia, openPerson, type Person } from '../support/person.ts'
import { type RunningServer, startServer } from '../support/process.ts'

const secret = 'interop-secret-interop-secret-interop-secret'
const callback = 'http://127.0.0.1:4711/callback'
const api = 'https://api.example/'
const exchange = 'urn:ietf:params:oauth:grant-type:token-exchange'
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'
let server: RunningServer
let person: Person
let keys: oauth.CryptoKeyPair

before(async () => {
  server = await startServer()
  await addMia('--data', server.data)
  keys = await oauth.generateKeyPair('ES256')
  await addClients()
  person = openPerson(() => server.issuer)
  await person.signIn()
})
after(() => server.stop())

async function addClients(): Promise<void> {
  const grantTypes: GrantType[] = ['authorization_code', 'refresh_token']
  const jwk = { ...(await crypto.subtle.exportKey('jwk', keys.publicKey)), alg: 'ES256', kid: 'interop' }
  const common = {
    createdAt: 1_800_000_000,
    grantTypes,
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    resources: [api],
    redirectUris: ['http://127.0.0.1/callback', 'https://app.example/callback'],
    postLogoutRedirectUris: ['https://app.example/bye'],
  }
  const secrets = [{ hash: hash('sha256', secret, 'base64url'), endsAt: null }]
  const clients: Client[] = [
    plainClient({ ...common, id: 'native', name: 'Native' }),
    plainClient({
      ...common,
      id: 'keyed',
      name: 'Keyed',
      authMethods: ['private_key_jwt'],
      jwks: { keys: [jwk] },
      requiresPar: true,
      grantTypes: [...grantTypes, 'client_credentials', exchange],
      exchange: { audiences: [api], foreignTokens: false },
    }),
    plainClient({
      ...common,
      id: 'service',
      name: 'Service',
      authMethods: ['client_secret_basic'],
      secrets,
      grantTypes: ['client_credentials'],
    }),
    plainClient({
      ...common,
      id: 'api',
      name: 'API',
      authMethods: ['client_secret_basic'],
      secrets,
      grantTypes: [],
      introspectsAll: true,
      introspectionAlg: 'ES256',
    }),
  ]
  const store = await openStore({ path: join(server.data, 'countersign.db') })
  await store.apply(clients.map((record) => ({ op: 'insert', kind: 'client', record })))
  await store.close()
}

const configure = (id: string, method: client.ClientAuth, metadata: Partial<client.ClientMetadata> = {}) =>
  client.discovery(new URL(server.issuer), id, metadata, method, { execute: [client.allowInsecureRequests] })
const keyed = () => configure('keyed', client.PrivateKeyJwt({ key: keys.privateKey, kid: 'interop' }))
const asApi = () =>
  configure('api', client.ClientSecretBasic(secret), { introspection_signed_response_alg: 'ES256' })

/** The code flow as openid-client goes it; `pushed` by PAR. */
async function signIn(
  config: client.Configuration,
  more: Record<string, string> = {},
  { pushed = false, DPoP }: { pushed?: boolean; DPoP?: client.DPoPHandle } = {},
) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()]
  const parameters = {
    redirect_uri: callback,
    scope: 'openid profile email',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    state: expectedState,
    nonce: expectedNonce,
    ...more,
  }
  const bound = DPoP === undefined ? {} : { DPoP }
  const url = pushed
    ? await client.buildAuthorizationUrlWithPAR(config, parameters, bound)
    : client.buildAuthorizationUrl(config, parameters)
  const back = await person.authorize(url)
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true }
  return client.authorizationCodeGrant(
    config,
    back,
    checks,
    more.resource ? { resource: more.resource } : {},
    bound,
  )
}

test('AC-02 AZ-10 ID-03 RT-10 US-01 RV-02 openid-client: code + PKCE as a public client, refresh, UserInfo, revocation', async () => {
  const config = await configure('native', client.None())
  const tokens = await signIn(config)
  const { sub = '', nonce } = tokens.claims() ?? {}
  assert.match(sub, /^usr_/)
  assert.ok(nonce)
  assert.equal((await client.fetchUserInfo(config, tokens.access_token, sub)).email, 'mia@example.com')
  const next = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
  assert.equal(next.claims()?.sub, sub)
  await client.tokenRevocation(config, next.refresh_token ?? '')
  await assert.rejects(client.refreshTokenGrant(config, next.refresh_token ?? ''), { error: 'invalid_grant' })
})

test('AZ-12 openid-client hears that the person said no', async () => {
  const config = await configure('native', client.None())
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: 'openid',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  })
  const back = await person.authorize(url, 'deny')
  await assert.rejects(client.authorizationCodeGrant(config, back, { pkceCodeVerifier }), {
    error: 'access_denied',
  })
})

test('PAR-01 PAR-08 PAR-09 CA-10 CA-15 openid-client: private_key_jwt at PAR, token and revocation; a plain request is refused', async () => {
  const config = await keyed()
  const tokens = await signIn(config, {}, { pushed: true })
  assert.equal(tokens.claims()?.aud, 'keyed')
  const next = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
  await client.tokenRevocation(config, next.refresh_token ?? '')
  await assert.rejects(signIn(config), { error: 'invalid_request' })
})

test('DP-05 DP-06 DP-08 DP-10 PAR-10 RT-09 openid-client: DPoP with nonces from PAR to UserInfo, and no token without the key', async () => {
  const config = await configure('native', client.None())
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
  const tokens = await signIn(config, {}, { pushed: true, DPoP })
  assert.equal(tokens.token_type, 'dpop')
  const sub = tokens.claims()?.sub ?? ''
  const info = await client.fetchUserInfo(config, tokens.access_token, sub, { DPoP })
  assert.equal(info.email, 'mia@example.com')
  const next = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', undefined, { DPoP })
  await assert.rejects(client.refreshTokenGrant(config, next.refresh_token ?? ''))
  const stranger = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
  await assert.rejects(
    client.refreshTokenGrant(config, next.refresh_token ?? '', undefined, { DPoP: stranger }),
  )
  const { cnf } = await client.tokenIntrospection(await asApi(), next.access_token)
  assert.ok(cnf?.jkt)
})

test('CC-01 CC-02 CC-03 TX-04 TX-07 openid-client: client credentials, and a smaller token for a child', async () => {
  const service = await configure('service', client.ClientSecretBasic(secret))
  const own = await client.clientCredentialsGrant(service, { resource: api })
  assert.equal(own.refresh_token, undefined)
  const config = await keyed()
  const tokens = await signIn(config, { resource: api, scope: 'openid profile email' }, { pushed: true })
  const child = await client.genericGrantRequest(config, exchange, {
    subject_token: tokens.access_token,
    subject_token_type: accessTokenType,
    resource: api,
    scope: 'profile',
  })
  assert.equal(child.issued_token_type, accessTokenType)
  assert.equal(child.scope, 'profile')
  const described = await client.tokenIntrospection(await asApi(), child.access_token)
  assert.deepEqual([described.active, described.scope, described.aud], [true, 'profile', api])
})

test('IN-11 IN-12 openid-client reads a signed introspection answer', async () => {
  const config = await configure('native', client.None())
  const tokens = await signIn(config)
  const described = await client.tokenIntrospection(await asApi(), tokens.access_token)
  assert.deepEqual([described.active, described.client_id], [true, 'native'])
})

test('LO-02 LO-04 openid-client: logout by its own link ends the session and returns to where it may', async () => {
  const config = await configure('native', client.None())
  const tokens = await signIn(config)
  const url = client.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: 'https://app.example/bye',
    state: 'st',
  })
  const back = await person.authorize(url)
  assert.equal(back.href, 'https://app.example/bye?state=st')
  await person.signIn()
})

test('AC-02 IS-01 AT-10 PAR-04 DP-08 oauth4webapi: every step by hand, each answer checked by it', async () => {
  const http = { [oauth.allowInsecureRequests]: true } as const
  const issuer = new URL(server.issuer)
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http))
  const us: oauth.Client = { client_id: 'keyed' }
  const authenticate = () => oauth.PrivateKeyJwt({ key: keys.privateKey, kid: 'interop' })
  const DPoP = oauth.DPoP(us, await oauth.generateKeyPair('ES256'))
  const verifier = oauth.generateRandomCodeVerifier()
  const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
  const parameters = {
    response_type: 'code',
    redirect_uri: 'https://app.example/callback',
    scope: 'openid email',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  }
  // As its documentation has it: again with the nonce of the answer. Those of the server and of its UserInfo are two (RFC 9449 §9).
  const orWithNonce = <T>(step: () => Promise<T>): Promise<T> =>
    step().catch((error: unknown) => {
      if (oauth.isDPoPNonceError(error)) return step()
      throw error
    })
  const push = async () =>
    oauth.processPushedAuthorizationResponse(
      as,
      us,
      await oauth.pushedAuthorizationRequest(as, us, authenticate(), parameters, { DPoP, ...http }),
    )
  const pushed = await orWithNonce(push)
  const url = new URL(as.authorization_endpoint ?? '')
  url.searchParams.set('client_id', 'keyed')
  url.searchParams.set('request_uri', pushed.request_uri)
  const back = oauth.validateAuthResponse(as, us, await person.authorize(url), state)
  const redeem = () =>
    oauth.authorizationCodeGrantRequest(as, us, authenticate(), back, parameters.redirect_uri, verifier, {
      DPoP,
      ...http,
    })
  const response = await redeem()
  const tokens = await oauth.processAuthorizationCodeResponse(as, us, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  })
  await oauth.validateApplicationLevelSignature(as, response, http)
  const sub = oauth.getValidatedIdTokenClaims(tokens)?.sub ?? ''
  const info = await orWithNonce(async () => {
    const answer = await oauth.userInfoRequest(as, us, tokens.access_token, { DPoP, ...http })
    return oauth.processUserInfoResponse(as, us, sub, answer)
  })
  assert.equal(info.email, 'mia@example.com')
  const again = await orWithNonce(async () =>
    oauth.processAuthorizationCodeResponse(as, us, await redeem()),
  ).catch((error: unknown) => error)
  assert.ok(again instanceof oauth.ResponseBodyError)
  assert.equal(again.error, 'invalid_grant')
})

test('CC-01 TX-04 IN-11 IN-13 RT-02 RV-01 RV-03 oauth4webapi: refresh, client credentials, exchange, signed introspection, revocation', async () => {
  const http = { [oauth.allowInsecureRequests]: true } as const
  const issuer = new URL(server.issuer)
  const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http))
  const us: oauth.Client = { client_id: 'keyed' }
  const authenticate = () => oauth.PrivateKeyJwt({ key: keys.privateKey, kid: 'interop' })
  const first = await signIn(await keyed(), { resource: api }, { pushed: true })
  const tokens = await oauth.processRefreshTokenResponse(
    as,
    us,
    await oauth.refreshTokenGrantRequest(as, us, authenticate(), first.refresh_token ?? '', http),
  )
  const own = await oauth.processClientCredentialsResponse(
    as,
    us,
    await oauth.clientCredentialsGrantRequest(as, us, authenticate(), { resource: api }, http),
  )
  assert.equal(own.refresh_token, undefined)
  const child = await oauth.processGenericTokenEndpointResponse(
    as,
    us,
    await oauth.genericTokenEndpointRequest(
      as,
      us,
      authenticate(),
      exchange,
      {
        subject_token: tokens.access_token,
        subject_token_type: accessTokenType,
        resource: api,
        scope: 'profile',
      },
      http,
    ),
  )
  const apiClient: oauth.Client = { client_id: 'api', introspection_signed_response_alg: 'ES256' }
  const ask = async (token: string) => {
    const answer = await oauth.introspectionRequest(as, apiClient, oauth.ClientSecretBasic(secret), token, {
      ...http,
      requestJwtResponse: true,
    })
    const described = await oauth.processIntrospectionResponse(as, apiClient, answer)
    await oauth.validateApplicationLevelSignature(as, answer, http)
    return described
  }
  for (const token of [tokens.access_token, own.access_token, child.access_token])
    assert.equal((await ask(token)).active, true)
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, us, authenticate(), tokens.refresh_token ?? '', http),
  )
  assert.deepEqual(
    [(await ask(child.access_token)).active, (await ask(own.access_token)).active],
    [false, true],
  )
})
