// The token of a connected account against a scripted server: what is sent, and what each refusal becomes. Against the real
// server: test/broker/both-ends.test.ts.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { type ConnectionTokenOptions, connectionToken } from './connection-token.ts'
import { ConnectionRequiredError, MoreAccessError, OAuthError } from './errors.ts'
import { system } from './system.ts'
import { explain } from './terminal/terminal.ts'
import { json, paths, type ScriptedServer, startScriptedServer } from './testing/scripted-server.ts'

let server: ScriptedServer
beforeEach(async () => {
  server = await startScriptedServer()
})
afterEach(() => server.close())

const ask = (more: Partial<ConnectionTokenOptions> = {}) =>
  connectionToken({
    issuer: server.issuer,
    clientId: 'tool',
    subjectToken: 'ACCESS-canary-0',
    provider: 'github',
    system,
    ...more,
  })

function refuse(error: string, more: object = {}): void {
  server.on(paths.token, json(400, { error, ...more }))
}

test('RFC 8693 §2.1 the sign-in is exchanged for the token of one provider', async () => {
  server.on(
    paths.token,
    json(200, {
      access_token: 'gho_1',
      issued_token_type: 'urn:countersign:params:oauth:token-type:connection:github',
      token_type: 'Bearer',
      expires_in: 60,
      scope: 'repo',
    }),
  )
  const token = await ask({ scope: 'repo', connection: 'c1' })
  assert.deepEqual([token.accessToken, token.scope], ['gho_1', 'repo'])
  assert.deepEqual(server.at(paths.token)[0]?.form, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    client_id: 'tool',
    subject_token: 'ACCESS-canary-0',
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    requested_token_type: 'urn:countersign:params:oauth:token-type:connection:github',
    scope: 'repo',
    connection: 'c1',
  })
})

test('where only the person can help, the terminal names the page and exits with 4', async () => {
  const page = `${server.issuer}/account/connections`
  refuse('interaction_required', {
    error_description: 'No account of this provider is connected.',
    error_uri: page,
  })
  const error = await ask().catch((thrown: unknown) => thrown)
  assert.ok(error instanceof ConnectionRequiredError)
  assert.equal(error.page, page)
  assert.deepEqual(explain(error, 'countersign'), {
    exit: 4,
    code: 'connection_required',
    message: `No account of this provider is connected. Open: ${page}`,
  })
})

test('CL-05 people are sent to the server itself, and nowhere else', async () => {
  for (const uri of ['https://evil.example/account/connections', 'javascript:alert(1)', 'no address']) {
    refuse('interaction_required', { error_uri: uri })
    const error = await ask().catch((thrown: unknown) => thrown)
    assert.ok(error instanceof ConnectionRequiredError)
    assert.equal(error.page, undefined)
    assert.equal(explain(error, 'countersign').message, 'An account of github must be connected.')
  }
})

test('CL-18 a sign-in without the permission is told what to ask for next time', async () => {
  refuse('invalid_scope')
  const error = await ask({ granted: 'openid email' }).catch((thrown: unknown) => thrown)
  assert.ok(error instanceof MoreAccessError)
  const { message, exit } = explain(error, 'countersign')
  assert.equal(exit, 4)
  assert.match(message, /countersign login --scope "openid email countersign:connection:github"$/)
})

test('a program that is not allowed it says so, and that is a policy', async () => {
  refuse('unauthorized_client')
  const { exit, message } = explain(await ask().catch((thrown: unknown) => thrown), 'countersign')
  assert.equal(exit, 7)
  assert.match(message, /may not have tokens of github accounts/)
})

test('any other refusal stays what it is', async () => {
  refuse('invalid_target', { error_description: 'Accounts of this provider cannot be connected here.' })
  const error = await ask().catch((thrown: unknown) => thrown)
  assert.ok(error instanceof OAuthError)
  assert.equal(error.error, 'invalid_target')
})
