// Clients that we did not write complete the device grant, refresh, UserInfo, introspection and revocation against a real
// server process. Nothing is switched off in them but the demand for https, which they document for loopback.
// The other direction, our client against a server we did not write, is device-login.oidc-provider.test.ts in @countersign/client.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import * as oauth from 'oauth4webapi'
import * as client from 'openid-client'
import { addClient, addMia, openPerson, type Person } from '../support/person.ts'
import { type RunningServer, startServer } from '../support/process.ts'

const secret = 'interop-secret-interop-secret-interop-secret'
let server: RunningServer
let person: Person

before(async () => {
  server = await startServer({ env: { COUNTERSIGN_POLL_INTERVAL_SECONDS: '1' } })
  await addMia('--data', server.data)
  await addClient('interop-cli', undefined, '--data', server.data)
  await addClient('interop-web', secret, '--data', server.data)
  await addClient('interop-api', secret, '--first-party', '--data', server.data)
  person = openPerson(() => server.issuer)
  await person.signIn()
})
after(async () => {
  await server.stop()
})

const configure = (id: string, method: client.ClientAuth) =>
  client.discovery(new URL(server.issuer), id, undefined, method, { execute: [client.allowInsecureRequests] })

for (const [id, method] of [
  ['interop-cli', client.None()],
  ['interop-web', client.ClientSecretBasic(secret)],
  ['interop-web', client.ClientSecretPost(secret)],
] as const) {
  test(`DA-06 DT-16 RT-02 US-01 RV-02 openid-client signs in as ${id}, refreshes, asks who it is, and signs out`, async () => {
    const config = await configure(id, method)
    const device = await client.initiateDeviceAuthorization(config, { scope: 'openid profile email' })
    const [tokens] = await Promise.all([
      client.pollDeviceAuthorizationGrant(config, device),
      person.decide(device.user_code, 'allow'),
    ])
    const { sub } = tokens.claims() ?? {}
    assert.match(sub ?? '', /^usr_/)
    const info = await client.fetchUserInfo(config, tokens.access_token, sub ?? '')
    assert.equal(info.email, 'mia@example.com')
    const next = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    assert.notEqual(next.refresh_token, tokens.refresh_token)
    assert.equal(next.claims()?.sub, sub)
    const api = await configure('interop-api', client.ClientSecretBasic(secret))
    const described = await client.tokenIntrospection(api, next.access_token)
    assert.deepEqual([described.active, described.sub, described.client_id], [true, sub, id])
    await client.tokenRevocation(config, next.refresh_token ?? '')
    assert.deepEqual(await client.tokenIntrospection(api, next.access_token), { active: false })
    await assert.rejects(client.refreshTokenGrant(config, next.refresh_token ?? ''), {
      error: 'invalid_grant',
    })
  })
}

test('DT-06 openid-client hears that the person said no', async () => {
  const config = await configure('interop-cli', client.None())
  const device = await client.initiateDeviceAuthorization(config, {})
  await person.decide(device.user_code, 'deny')
  await assert.rejects(client.pollDeviceAuthorizationGrant(config, device), { error: 'access_denied' })
})

test('DA-06 DT-04 DT-08 AT-10 ID-10 RT-02 IN-06 RV-03 oauth4webapi does each step, verifies both JWTs, and signs out', async () => {
  const http = { [oauth.allowInsecureRequests]: true } as const
  const issuer = new URL(server.issuer)
  const as = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...http }),
  )
  const us: oauth.Client = { client_id: 'interop-cli' }
  const none = oauth.None()
  const device = await oauth.processDeviceAuthorizationResponse(
    as,
    us,
    await oauth.deviceAuthorizationRequest(as, us, none, { scope: 'openid email' }, http),
  )
  const poll = () => oauth.deviceCodeGrantRequest(as, us, none, device.device_code, http)
  const pending = await oauth.processDeviceCodeResponse(as, us, await poll()).catch((error: unknown) => error)
  assert.ok(pending instanceof oauth.ResponseBodyError)
  assert.equal(pending.error, 'authorization_pending')
  await person.decide(device.user_code, 'allow')
  const response = await poll()
  const tokens = await oauth.processDeviceCodeResponse(as, us, response)
  await oauth.validateApplicationLevelSignature(as, response, http)
  const { sub } = oauth.getValidatedIdTokenClaims(tokens) ?? {}

  const call = new Request(`${server.issuer}/api`, {
    headers: { authorization: `Bearer ${tokens.access_token}` },
  })
  const claims = await oauth.validateJwtAccessToken(as, call, server.issuer, http)
  assert.deepEqual([claims.sub, claims.client_id, claims.scope], [sub, 'interop-cli', 'openid email'])

  const info = await oauth.userInfoRequest(as, us, tokens.access_token, http)
  assert.equal((await oauth.processUserInfoResponse(as, us, sub ?? '', info)).email, 'mia@example.com')
  const refreshed = await oauth.processRefreshTokenResponse(
    as,
    us,
    await oauth.refreshTokenGrantRequest(as, us, none, tokens.refresh_token ?? '', http),
  )
  const api: oauth.Client = { client_id: 'interop-api' }
  const ask = async () => {
    const answer = await oauth.introspectionRequest(
      as,
      api,
      oauth.ClientSecretPost(secret),
      refreshed.access_token,
      http,
    )
    return oauth.processIntrospectionResponse(as, api, answer)
  }
  assert.equal((await ask()).active, true)
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, us, none, refreshed.refresh_token ?? '', http),
  )
  assert.deepEqual(await ask(), { active: false })
})

test('LP-01 DT-04 DT-05 a plain client that knows nothing of Prefer works at its interval and is never slowed', async () => {
  const post = async (path: string, form: Record<string, string>) => {
    const response = await fetch(server.issuer + path, { method: 'POST', body: new URLSearchParams(form) })
    assert.equal(response.headers.get('preference-applied'), null)
    return (await response.json()) as Record<string, string>
  }
  const device = await post('/oauth/device/authorize', { client_id: 'interop-cli' })
  const interval = Number(device.interval) * 1000
  assert.equal(interval, 1000)
  const answers: string[] = []
  for (let polls = 0; answers.at(-1) !== 'token' && polls < 10; polls++) {
    await new Promise((resolve) => setTimeout(resolve, interval))
    if (polls === 2) await person.decide(device.user_code ?? '', 'allow')
    const answer = await post('/oauth/token', {
      client_id: 'interop-cli',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: device.device_code ?? '',
    })
    answers.push(answer.access_token === undefined ? (answer.error ?? '') : 'token')
  }
  assert.deepEqual(answers, ['authorization_pending', 'authorization_pending', 'token'])
})
