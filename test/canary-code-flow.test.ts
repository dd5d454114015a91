// Secrets of the code grant stay where they belong: pushed, redeemed, bound to a key, refreshed, exchanged, registered; and then a
// search for each of them in the log, the pages and the database. The journey of a terminal is canary.test.ts.

import assert from 'node:assert/strict'
import { hash, randomBytes } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { plainClient } from '@countersign/protocol'
import { openStore } from '@countersign/server'
import * as client from 'openid-client'
import { addMia, openPerson } from './support/person.ts'
import { type RunningServer, startServer } from './support/process.ts'

const secret = `canary-${randomBytes(24).toString('base64url')}`
let server: RunningServer
/** By name, so that a failure says which secret it was without printing it. */
const secrets = new Map<string, string>()
const seen: string[] = []

before(async () => {
  server = await startServer({
    env: { COUNTERSIGN_LOG_LEVEL: 'info', COUNTERSIGN_REGISTRATION: 'open' },
  })
  await addMia('--data', server.data)
  await addClient()
  await journey()
})
after(() => server.stop())

async function addClient(): Promise<void> {
  const record = plainClient({
    id: 'web',
    name: 'Web',
    createdAt: 1_800_000_000,
    authMethods: ['client_secret_basic'],
    secrets: [{ hash: hash('sha256', secret, 'base64url'), endsAt: null }],
    grantTypes: [
      'authorization_code',
      'refresh_token',
      'client_credentials',
      'urn:ietf:params:oauth:grant-type:token-exchange',
    ],
    scopes: ['openid', 'email'],
    resources: ['https://api.example/'],
    exchange: { audiences: ['https://api.example/'], foreignTokens: false },
    redirectUris: ['https://app.example/callback'],
  })
  const store = await openStore({ path: join(server.data, 'countersign.db') })
  await store.apply([{ op: 'insert', kind: 'client', record }])
  await store.close()
}

async function journey(): Promise<void> {
  const person = openPerson(() => server.issuer)
  await person.signIn()
  secrets.set('the client secret', secret)
  const config = await client.discovery(
    new URL(server.issuer),
    'web',
    undefined,
    client.ClientSecretBasic(secret),
    {
      execute: [client.allowInsecureRequests],
    },
  )
  const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'))
  const pkceCodeVerifier = client.randomPKCECodeVerifier()
  const expectedState = client.randomState()
  const parameters = {
    redirect_uri: 'https://app.example/callback',
    scope: 'openid email',
    state: expectedState,
    resource: 'https://api.example/',
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
  }
  const url = await client.buildAuthorizationUrlWithPAR(config, parameters, { DPoP })
  const pushed = url.searchParams.get('request_uri') ?? ''
  secrets.set('the pushed request', pushed.split(':').at(-1) ?? '')
  const back = await person.authorize(url)
  secrets.set('the code', back.searchParams.get('code') ?? '')
  secrets.set('the verifier', pkceCodeVerifier)
  const tokens = await client.authorizationCodeGrant(
    config,
    back,
    { pkceCodeVerifier, expectedState },
    undefined,
    { DPoP },
  )
  const next = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', undefined, { DPoP })
  const child = await client.genericGrantRequest(
    config,
    'urn:ietf:params:oauth:grant-type:token-exchange',
    {
      subject_token: next.access_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      resource: 'https://api.example/',
    },
    { DPoP },
  )
  const own = await client.clientCredentialsGrant(config, { resource: 'https://api.example/' })
  for (const [name, answer] of Object.entries({ code: tokens, refresh: next, child, own })) {
    for (const member of ['access_token', 'refresh_token', 'id_token'] as const) {
      const value = answer[member]
      if (typeof value === 'string') secrets.set(`${member} of ${name}`, value)
    }
  }
  // Refusals are logged, too: a code again, a wrong secret, a proof that is none, a token of nobody.
  await post('/oauth/token', { grant_type: 'authorization_code', code: secrets.get('the code') ?? '' })
  await post('/oauth/token', { grant_type: 'client_credentials', client_secret: secret, client_id: 'webb' })
  await post('/oauth/token', { grant_type: 'refresh_token', refresh_token: next.refresh_token ?? '' })
  const registered = await fetch(`${server.issuer}/oauth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ client_name: 'Canary', redirect_uris: ['https://app.example/callback'] }),
  })
  const said = (await registered.json()) as Record<string, string>
  for (const name of ['client_secret', 'registration_access_token']) secrets.set(name, said[name] ?? '')
  const page = await fetch(`${server.issuer}/oauth/authorize?client_id=nobody`, { redirect: 'manual' })
  seen.push(await page.text())
}

const post = async (path: string, form: Record<string, string>) =>
  seen.push(
    await (
      await fetch(server.issuer + path, {
        method: 'POST',
        headers: {
          authorization: `Basic ${Buffer.from(`web:${secret}`).toString('base64')}`,
          dpop: 'canary.proof.x',
        },
        body: new URLSearchParams(form),
      })
    ).text(),
  )

/** Names of the secrets that a text holds; the tail of a long one counts, for what was cut is half told. */
function found(text: string): string[] {
  const holds = (value: string) =>
    text.includes(value) || (value.length > 48 && text.includes(value.slice(-24)))
  return [...secrets].filter(([, value]) => holds(value)).map(([name]) => name)
}

test('there were secrets of every kind, so that no search passes for want of them', () => {
  assert.ok(secrets.size >= 14, [...secrets.keys()].join())
  for (const [name, value] of secrets) assert.ok(value.length >= 22, name)
})

test('G-13 DP-08 the secrets of the code grant are not in the database in clear, nor in its log of writes', () => {
  const files = globSync('**/*', { cwd: server.data }).filter((name) => name !== 'master.key')
  const bytes = Buffer.concat(files.map((name) => readFileSync(join(server.data, name)))).toString('latin1')
  assert.ok(bytes.includes('mia@example.com'))
  assert.deepEqual(found(bytes), [])
})

test('G-20 and in no log and no refusal', async () => {
  // The log leaves in blocks; when the server has ended it is all there.
  const { stderr, stdout } = await server.stop()
  assert.match(stderr, /refused/)
  assert.deepEqual(found(stderr + stdout), [])
  for (const text of seen) assert.deepEqual(found(text), [])
})
