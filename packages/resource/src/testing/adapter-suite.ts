// What every adapter has to do, asked over a real socket: the same questions for each framework. An application under
// test has GET /open (public), GET /notes (needs notes:read), and the metadata.
// Not here: the rules behind the answers (verify.test.ts, challenge.test.ts).

import assert from 'node:assert/strict'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { after, before, test } from 'node:test'
import { type ProtectedResource, protect } from '../protect.ts'
import { createClock } from './clock.ts'
import { startIssuer, type TestIssuer } from './issuer.ts'

export type Running = { port: number; close: () => Promise<unknown> }
export type Start = (api: ProtectedResource) => Promise<Running>

type Asked = { status: number; headers: IncomingMessage['headers']; challenges: string[]; body: string }

/** `/notes` answers with the subject as text. */
export function adapterSuite(name: string, start: Start): void {
  let issuer: TestIssuer
  let app: Running

  const ask = (
    path: string,
    headers: Record<string, string | string[]> = {},
    method = 'GET',
  ): Promise<Asked> =>
    new Promise((resolve, reject) => {
      const outgoing = httpRequest(
        { host: '127.0.0.1', port: app.port, path, headers, method },
        async (incoming) => {
          const chunks: Uint8Array[] = []
          for await (const chunk of incoming) if (chunk instanceof Uint8Array) chunks.push(chunk)
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            // One field each, or one field for all: RFC 9110 §5.3 makes no difference.
            challenges: (incoming.headersDistinct['www-authenticate'] ?? []).flatMap((field) =>
              field.split(/, (?=DPoP )/),
            ),
            body: Buffer.concat(chunks).toString(),
          })
        },
      )
      outgoing.on('error', reject).end()
    })
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

  before(async () => {
    issuer = await startIssuer()
    const { system } = createClock()
    app = await start(protect({ resource: 'https://api.example.com/notes', issuer: issuer.url, system }))
  })
  after(async () => {
    await app.close()
    await issuer.close()
  })

  test(`RS-17 ${name}: who may pass gets in, and the handler knows who it is`, async () => {
    const { status, body, headers } = await ask('/notes', bearer(await issuer.sign({ aud: AUDIENCE })))
    assert.deepEqual([status, body, headers['cache-control']], [200, 'usr_mia', 'private'])
    assert.deepEqual((await ask('/open')).body, 'open')
  })

  test(`RS-05 PRM-07 ${name}: without a token 401, one challenge per scheme, and no way to the handler`, async () => {
    const { status, challenges, headers, body } = await ask('/notes')
    const place = 'resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/notes"'
    assert.equal(status, 401)
    assert.equal(challenges.length, 2)
    assert.equal(challenges[0], `Bearer scope="notes:read", ${place}`)
    assert.match(challenges[1] ?? '', /^DPoP algs="/)
    assert.match(headers['content-type'] ?? '', /^application\/json/)
    assert.equal(JSON.parse(body).error, 'unauthorized')
  })

  test(`RS-06 RS-07 X-35 ${name}: a bad token is 401 and too little scope 403, in the words of OAuth`, async () => {
    const bad = await ask('/notes', bearer('nonsense'))
    assert.deepEqual([bad.status, JSON.parse(bad.body).error], [401, 'invalid_token'])
    const poor = await ask('/notes', bearer(await issuer.sign({ aud: AUDIENCE, scope: 'notes:write' })))
    assert.deepEqual([poor.status, JSON.parse(poor.body).error], [403, 'insufficient_scope'])
  })

  test(`RS-04 ${name}: two Authorization fields are two tokens, even where the framework shows the first only`, async () => {
    const token = await issuer.sign({ aud: AUDIENCE })
    const authorization = [`Bearer ${token}`, `Bearer ${token}`]
    const { status, body } = await ask('/notes', { authorization })
    assert.deepEqual([status, JSON.parse(body).error], [400, 'invalid_request'])
  })

  test(`PRM-01 ${name}: the metadata is there for anybody`, async () => {
    const path = '/.well-known/oauth-protected-resource/notes'
    const { status, body, headers } = await ask(path)
    assert.deepEqual([status, headers['access-control-allow-origin']], [200, '*'])
    assert.match(headers['content-type'] ?? '', /^application\/json/)
    assert.equal(JSON.parse(body).resource, AUDIENCE)
    assert.equal((await ask(path, {}, 'OPTIONS')).status, 204)
    assert.deepEqual([(await ask(path, {}, 'HEAD')).status, (await ask(path, {}, 'POST')).status], [200, 405])
  })

  test(`RS-02 ${name}: strange addresses are answered like any other`, async () => {
    for (const path of ['//evil.example.com/notes', '/notes?access_token=a.b.c', '/notes?%zz'])
      assert.ok([401, 404].includes((await ask(path)).status), path)
    assert.ok((await ask('*', {}, 'OPTIONS')).status < 500)
    assert.ok((await ask('http://other.example.com/notes')).status < 500)
  })
}

const AUDIENCE = 'https://api.example.com/notes'
