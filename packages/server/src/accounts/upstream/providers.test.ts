// GitHub and ORCID by their documented contracts: a local HTTP server answers as the vendors' documents say, errors included.
// https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
// https://info.orcid.org/documentation/api-tutorials/api-tutorial-get-and-authenticated-orcid-id/
// An OpenID provider that nobody recorded is in pages/upstream.test.ts, broken ones in pages/upstream.hostile.test.ts.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { after, before, beforeEach, test } from 'node:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { openBrowser } from '../../pages/testing.ts'
import { type JsonServer, startJsonServer } from '../../testing/json-server.ts'
import { ownIssuer, peopleOf, providerSettings, world } from '../../testing/upstream-world.ts'

const client = { clientId: 'Iv1.client', clientSecret: 'the-secret-of-the-app' }

let vendor: JsonServer
/** The requests with a body or a token, as the vendor saw them. */
let seen: { path: string; form: URLSearchParams; headers: IncomingMessage['headers'] }[]
before(async () => {
  vendor = await startJsonServer()
})
beforeEach(() => {
  seen = []
})
after(() => vendor.close())

function put(path: string, answer: object, status = 200): void {
  vendor.put(path, (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString()
    })
    request.on('end', () => {
      seen.push({ path, form: new URLSearchParams(body), headers: request.headers })
      response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
      response.end(JSON.stringify(answer))
    })
  })
}

const octocat = {
  login: 'octocat',
  id: 583231,
  name: 'monalisa octocat',
  email: 'public@github.example',
  type: 'User',
}

function githubAnswers(): void {
  put('/login/oauth/access_token', {
    access_token: 'gho_16C7e42F292c6912E7710c838347Ae178B4a',
    scope: 'read:user,user:email',
    token_type: 'bearer',
  })
  put('/api/v3/user', octocat)
  put('/api/v3/user/emails', [
    { email: 'public@github.example', verified: false, primary: false, visibility: 'public' },
    { email: 'octocat@github.example', verified: true, primary: true, visibility: 'private' },
  ])
}

async function github() {
  githubAnswers()
  return world([
    providerSettings(
      { issuer: vendor.origin, client },
      { id: 'github', kind: 'github', name: 'GitHub', signUp: true },
    ),
  ])
}

const callback = (id: string, url: URL, more: Record<string, string>): URL =>
  new URL(
    `${ownIssuer}/login/upstream/${id}/callback?${new URLSearchParams({ ...more, state: url.searchParams.get('state') ?? '' })}`,
  )

test('GitHub: who bears the token is who signs in, by number, with the verified primary address', async () => {
  const { server, press, come } = await github()
  const browser = openBrowser(server)
  const url = await press(browser, 'github')
  assert.equal(url.origin + url.pathname, `${vendor.origin}/login/oauth/authorize`)
  assert.equal(url.searchParams.get('scope'), 'read:user user:email')
  assert.equal(url.searchParams.get('client_id'), client.clientId)
  const shown = await come(browser, callback('github', url, { code: 'a4b2c1' }))
  assert.equal(shown.path, '/account')
  const account = (await peopleOf(server)).find(({ name }) => name === 'monalisa octocat')
  assert.equal(account?.email, 'octocat@github.example')
  const [exchange, user, emails] = seen
  assert.equal(exchange?.form.get('client_secret'), client.clientSecret)
  assert.equal(exchange?.form.get('redirect_uri'), `${ownIssuer}/login/upstream/github/callback`)
  const verifier = exchange?.form.get('code_verifier') ?? ''
  assert.equal(
    createHash('sha256').update(verifier).digest('base64url'),
    url.searchParams.get('code_challenge'),
  )
  assert.equal(exchange?.headers.accept, 'application/json')
  for (const call of [user, emails])
    assert.equal(call?.headers.authorization, 'Bearer gho_16C7e42F292c6912E7710c838347Ae178B4a')
  assert.ok(user?.headers['user-agent'])
  // Somebody else may take the login later; the number stays.
  put('/api/v3/user', { ...octocat, login: 'renamed', name: null })
  const again = openBrowser(server)
  await come(again, callback('github', await press(again, 'github'), { code: 'next' }))
  put('/api/v3/user', { ...octocat, id: 999, login: 'octocat', name: 'Somebody Else' })
  put('/api/v3/user/emails', [])
  const other = openBrowser(server)
  await come(other, callback('github', await press(other, 'github'), { code: 'third' }))
  assert.equal((await server.services.store.list('identity')).length, 2)
})

test('GitHub: its errors come with the status 200, and are errors', async () => {
  const { server, press, come } = await github()
  for (const error of [
    'bad_verification_code',
    'incorrect_client_credentials',
    'redirect_uri_mismatch',
    'unverified_user_email',
  ]) {
    put('/login/oauth/access_token', {
      error,
      error_description: 'The code passed is incorrect or expired. <b>Call 0900-no-such-number</b>',
      error_uri: 'https://docs.github.com/',
    })
    const browser = openBrowser(server)
    const shown = await come(browser, callback('github', await press(browser, 'github'), { code: 'old' }))
    assert.equal(shown.path, '/login')
    assert.match(shown.body, /did not let you sign in here/)
    assert.ok(!shown.body.includes('no-such-number'))
  }
  assert.equal((await peopleOf(server)).length, 1)
})

test('GitHub: a no, a suspended app, no token, no user, an API that is down', async () => {
  const { server, press, come } = await github()
  const said = async (more: Record<string, string>) => {
    const browser = openBrowser(server)
    return (await come(browser, callback('github', await press(browser, 'github'), more))).body
  }
  const description = { error_description: 'The user has denied your application access.' }
  assert.match(await said({ error: 'access_denied', ...description }), /You said no at the other site/)
  assert.match(await said({ error: 'application_suspended' }), /did not let you sign in here/)
  assert.match(await said({}), /does not hold/)
  put('/login/oauth/access_token', { token_type: 'bearer' })
  assert.match(await said({ code: 'x' }), /does not hold/)
  githubAnswers()
  put('/api/v3/user', { message: 'Bad credentials' }, 401)
  assert.match(await said({ code: 'x' }), /did not let you sign in here/)
  put('/api/v3/user', { message: 'no id' })
  assert.match(await said({ code: 'x' }), /does not hold/)
  put('/api/v3/user', { message: 'Server Error' }, 502)
  assert.match(await said({ code: 'x' }), /did not answer/)
  githubAnswers()
  // An app that may not see the addresses: the person has none then.
  put('/api/v3/user/emails', { message: 'Resource not accessible by integration' }, 403)
  await said({ code: 'x' })
  assert.ok((await peopleOf(server)).some(({ email }) => email.endsWith('@no-email.invalid')))
})

const josiah = '0000-0002-1825-0097'

async function orcidAnswers(claims: Record<string, unknown> = {}) {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
  const kid = 'production-orcid-org-7hdmdswarosg3gjujo8agwtazgkp1ojs'
  put('/.well-known/openid-configuration', {
    token_endpoint_auth_signing_alg_values_supported: ['RS256'],
    id_token_signing_alg_values_supported: ['RS256'],
    userinfo_endpoint: `${vendor.origin}/oauth/userinfo`,
    authorization_endpoint: `${vendor.origin}/oauth/authorize`,
    token_endpoint: `${vendor.origin}/oauth/token`,
    jwks_uri: `${vendor.origin}/oauth/jwks`,
    claims_supported: ['family_name', 'given_name', 'name', 'auth_time', 'iss', 'sub'],
    scopes_supported: ['openid'],
    subject_types_supported: ['public'],
    response_types_supported: ['code', 'id_token', 'id_token token'],
    grant_types_supported: ['authorization_code', 'implicit', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['client_secret_post'],
    issuer: vendor.origin,
  })
  put('/oauth/jwks', { keys: [{ ...(await exportJWK(publicKey)), kid, use: 'sig', alg: 'RS256' }] })
  const token = (more: object) => ({
    access_token: 'f5af9f51-07e6-4332-8f1a-c0c11c1e3728',
    token_type: 'bearer',
    refresh_token: 'f725f747-3a65-49f6-a231-3e8944ce464d',
    expires_in: 631138518,
    scope: '/authenticate',
    name: 'Josiah Carberry',
    orcid: josiah,
    ...more,
  })
  return {
    plain: (more: object = {}) => put('/oauth/token', token(more)),
    async openId(nonce: string | null) {
      const now = Math.floor(Date.now() / 1000)
      const id_token = await new SignJWT({
        auth_time: now - 30,
        nonce,
        amr: 'pwd',
        given_name: 'Josiah',
        family_name: 'Carberry',
        ...claims,
      })
        .setProtectedHeader({ alg: 'RS256', kid })
        .setIssuer(vendor.origin)
        .setSubject(String(claims.sub ?? josiah))
        .setAudience(client.clientId)
        .setIssuedAt(now)
        .setExpirationTime(now + 3600)
        .sign(privateKey)
      put('/oauth/token', token({ scope: 'openid', id_token }))
    },
  }
}

const orcid = (more = {}) =>
  world([
    providerSettings(
      { issuer: vendor.origin, client },
      { id: 'orcid', kind: 'orcid', name: 'ORCID', signUp: true, ...more },
    ),
  ])

test('ORCID with openid: the iD and the name, no e-mail address; the secret goes in the body', async () => {
  const { server, press, come } = await orcid({ adminClaim: { claim: 'orcid', values: [josiah] } })
  const answers = await orcidAnswers()
  const browser = openBrowser(server)
  const url = await press(browser, 'orcid')
  assert.equal(url.pathname, '/oauth/authorize')
  assert.equal(url.searchParams.get('scope'), 'openid')
  await answers.openId(url.searchParams.get('nonce'))
  const shown = await come(browser, callback('orcid', url, { code: 'Q70Y3A' }))
  assert.equal(shown.path, '/account')
  assert.match(shown.body, /Hello, Josiah Carberry/)
  const exchange = seen.find(({ path }) => path === '/oauth/token')
  assert.equal(exchange?.form.get('client_secret'), client.clientSecret)
  assert.equal(exchange?.headers.authorization, undefined)
  const [identity] = await server.services.store.list('identity')
  assert.equal(identity?.subject, josiah)
  assert.equal(identity?.email, null)
  const account = (await peopleOf(server)).find(({ name }) => name === 'Josiah Carberry')
  assert.equal(account?.admin, true)
  assert.match(account?.email ?? '', /@no-email\.invalid$/)
})

test('ORCID with /authenticate: the token response names the person', async () => {
  const { server, press, come } = await orcid({ scopes: ['/authenticate'] })
  const answers = await orcidAnswers()
  answers.plain()
  const browser = openBrowser(server)
  const url = await press(browser, 'orcid')
  assert.equal(url.searchParams.get('nonce'), null)
  assert.equal((await come(browser, callback('orcid', url, { code: 'Q70Y3A' }))).path, '/account')
  assert.equal((await server.services.store.list('identity'))[0]?.subject, josiah)
})

test('ORCID: what is no iD is nobody', async () => {
  const { server, press, come } = await orcid({ scopes: ['/authenticate'] })
  const answers = await orcidAnswers()
  for (const wrong of ['https://orcid.org/0000', '', undefined, 7]) {
    answers.plain({ orcid: wrong })
    const browser = openBrowser(server)
    const shown = await come(browser, callback('orcid', await press(browser, 'orcid'), { code: 'Q70Y3A' }))
    assert.match(shown.body, /does not hold/)
  }
  assert.deepEqual(await server.services.store.list('identity'), [])
})

test('OSA-D9 ORCID: a no, and what an error says is shown to nobody', async () => {
  const { server, press, come } = await orcid()
  await orcidAnswers()
  const browser = openBrowser(server)
  const url = await press(browser, 'orcid')
  const description = 'User denied access, call 0900-no-such-number'
  const shown = await come(
    browser,
    callback('orcid', url, { error: 'access_denied', error_description: description }),
  )
  assert.match(shown.body, /You said no at the other site/)
  assert.ok(!shown.body.includes('no-such-number'))
})
