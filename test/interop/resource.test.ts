// The resource package against our real server, and what it says to a client that we did not write (oauth4webapi): tokens by
// key and by introspection, a revocation, a rotation of keys, challenges and metadata as somebody else reads them.
// The MCP side is test/mcp; the rules themselves are tested in @countersign/resource.

import assert from 'node:assert/strict'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { nodeGuard, type ProtectedResource, protect, type ResourceOptions } from '@countersign/resource'
import * as oauth from 'oauth4webapi'
import { addResource } from '../support/example.ts'
import { addClient, addMia } from '../support/person.ts'
import { type RunningServer, runProgram, startServer } from '../support/process.ts'

const secret = 'resource-secret-resource-secret-resource'
const http = { [oauth.allowInsecureRequests]: true } as const
let server: RunningServer
let site: Server
let resource = ''

before(async () => {
  server = await startServer()
  const where = ['--data', server.data]
  await addMia(...where)
  for (const format of ['jwt', 'opaque'])
    await addClient(
      `robot-${format}`,
      secret,
      '--grant',
      'client_credentials',
      '--token-format',
      format,
      ...where,
    )
  await addClient('notes-api', secret, '--introspects-all', ...where)
  site = createServer()
  await new Promise<void>((resolve) => site.listen(0, 'localhost', resolve))
  resource = `http://localhost:${(site.address() as AddressInfo).port}/notes`
  await addResource(server.data, resource, { 'notes:read': 'read your notes', 'notes:write': 'write notes' })
  const guarded = nodeGuard(create(), (_request, response, { subject }) => response.end(subject), {
    scopes: ['notes:read'],
  })
  site.on('request', guarded)
})
after(async () => {
  site.closeAllConnections()
  site.close()
  await server.stop()
})

function create(more: Partial<ResourceOptions> = {}): ProtectedResource {
  const introspection = { clientId: 'notes-api', clientSecret: secret, cacheSeconds: 0 }
  return protect({ resource, issuer: server.issuer, introspection, ...more })
}

async function post(
  path: string,
  clientId: string,
  form: Record<string, string>,
): Promise<Record<string, string>> {
  const authorization = `Basic ${btoa(`${clientId}:${secret}`)}`
  const body = new URLSearchParams(form)
  const response = await fetch(server.issuer + path, { method: 'POST', headers: { authorization }, body })
  assert.equal(response.status, 200)
  const text = await response.text()
  return text === '' ? {} : JSON.parse(text)
}

async function tokenOf(format: 'jwt' | 'opaque', scope = 'notes:read'): Promise<string> {
  const form = { grant_type: 'client_credentials', resource, scope }
  return (await post('/oauth/token', `robot-${format}`, form)).access_token ?? ''
}

const judged = async (api: ProtectedResource, token: string): Promise<string> => {
  const verification = await api.verifyToken(token)
  return verification.ok ? verification.identity.subject : verification.refusal.reason
}

test('RS-14 IN-06 AT-02 both kinds of tokens of our server are understood, and say the same', async () => {
  const api = create()
  for (const format of ['jwt', 'opaque'] as const) {
    const verification = await api.verifyToken(await tokenOf(format))
    assert.ok(verification.ok)
    const { kind, issuer, subject, clientId, scopes, audience } = verification.identity
    assert.deepEqual(
      { kind, issuer, subject, clientId, scopes, audience },
      {
        kind: 'client',
        issuer: server.issuer,
        subject: `robot-${format}`,
        clientId: `robot-${format}`,
        scopes: ['notes:read'],
        audience: [resource],
      },
    )
  }
})

test('RV-10 X-36 IN-14 a revoked token is refused at once where the server is asked, a JWT by key when it ends', async () => {
  const [byKey, asking] = [create(), create({ mode: 'introspection' })]
  for (const format of ['jwt', 'opaque'] as const) {
    const token = await tokenOf(format)
    assert.equal(await judged(asking, token), `robot-${format}`)
    await post('/oauth/revoke', `robot-${format}`, { token })
    assert.equal(await judged(asking, token), 'token_inactive')
    assert.equal(await judged(byKey, token), format === 'jwt' ? 'robot-jwt' : 'token_inactive')
  }
})

test('JK-05 JK-15 a rotation of keys at the server disturbs nobody', async () => {
  const api = create()
  const before = await tokenOf('jwt')
  assert.equal(await judged(api, before), 'robot-jwt')
  const rotated = await runProgram(['keys', 'rotate', '--data', server.data])
  assert.equal(rotated.code, 0, rotated.stderr)
  for (const token of [before, await tokenOf('jwt')]) {
    assert.equal(await judged(api, token), 'robot-jwt')
    assert.equal(await judged(create(), token), 'robot-jwt')
  }
})

test('PRM-01 PRM-02 PRM-09 oauth4webapi finds the metadata from the identifier, and believes it', async () => {
  const identifier = new URL(resource)
  const response = await oauth.resourceDiscoveryRequest(identifier, http)
  const metadata = await oauth.processResourceDiscoveryResponse(identifier, response)
  assert.deepEqual([metadata.resource, metadata.authorization_servers], [resource, [server.issuer]])
})

test('RS-05 RS-06 RS-07 RS-08 CL-12 oauth4webapi reads our challenges, parameter by parameter', async () => {
  const challengesFor = async (token: string) => {
    const refused = await oauth
      .protectedResourceRequest(token, 'GET', new URL(resource), undefined, null, http)
      .catch((error: unknown) => error)
    assert.ok(refused instanceof oauth.WWWAuthenticateChallengeError)
    return { status: refused.status, challenges: refused.cause }
  }
  const place = resource.replace('/notes', '/.well-known/oauth-protected-resource/notes')
  const bad = await challengesFor('nonsense')
  assert.equal(bad.status, 401)
  assert.deepEqual(
    bad.challenges.map(({ scheme, parameters }) => [scheme, parameters.error, parameters.resource_metadata]),
    [
      ['bearer', 'invalid_token', place],
      ['dpop', undefined, place],
    ],
  )
  const poor = await challengesFor(await tokenOf('jwt', 'notes:write'))
  assert.equal(poor.status, 403)
  assert.deepEqual(
    [poor.challenges[0]?.parameters.error, poor.challenges[0]?.parameters.scope],
    ['insufficient_scope', 'notes:read'],
  )
})
