// The authorization endpoint for clients that nobody vouches for, which chose their addresses freely: no link to this server leads
// anybody there by itself (RFC 9700 §4.11.2). What holds for all clients is authorize.test.ts and authorize.steps.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PlainResponse } from '../http.ts'
import { answerIn, authorizePath, nativeClient, openJar, referenceIn } from '../testing/code-flow.ts'
import { createTestServerWith } from '../testing/services.ts'

test('AZ-17 G-18 a client that nobody vouches for: its faults go back only after somebody signed in', async () => {
  const stranger = { ...nativeClient, id: 'stranger', source: 'registration' } as const
  const server = await createTestServerWith([stranger])
  const jar = openJar(server)
  const redirect_uri = 'http://127.0.0.1:5000/back'
  const opened = await jar.get(authorizePath(stranger, { redirect_uri, scope: 'nonsense' }))
  const reference = referenceIn(opened, '/login')
  await jar.signIn()
  const after = await jar.get(`/consent?request=${reference}`)
  assert.equal(offeredIn(after, redirect_uri).error, 'invalid_scope')
  // Once; and it was never anything that could be agreed to.
  assert.equal((await jar.get(`/consent?request=${reference}`)).status, 400)
  assert.equal((await server.services.store.counts()).authorizationCode, 0)
  // Where a person is signed in there is nothing to wait for; they see where it leads, and go there themselves.
  const faulty = { redirect_uri, scope: 'x' }
  assert.equal(offeredIn(await jar.get(authorizePath(stranger, faulty)), redirect_uri).error, 'invalid_scope')
  // One whose publisher was verified is known.
  const server2 = await createTestServerWith([{ ...stranger, publisher: 'Known' }])
  const known = await server2.call('GET', authorizePath(stranger, { redirect_uri, scope: 'nonsense' }))
  assert.equal(answerIn(known, redirect_uri).error, 'invalid_scope')
})

test('AZ-17 AZ-19 prompt=none leads nobody to a client that nobody vouches for, whoever is signed in', async () => {
  const stranger = { ...nativeClient, id: 'stranger', source: 'registration' } as const
  const server = await createTestServerWith([stranger])
  const redirect_uri = 'http://127.0.0.1:5000/back'
  for (const fault of [{}, { scope: 'nonsense' }, { response_mode: 'form_post' }]) {
    const path = authorizePath(stranger, { redirect_uri, prompt: 'none', ...fault })
    const jar = openJar(server)
    const reference = referenceIn(await jar.get(path), '/login')
    await jar.signIn()
    const error = 'scope' in fault ? 'invalid_scope' : 'consent_required'
    for (const address of [`/consent?request=${reference}`, path]) {
      const answer = await jar.get(address)
      if (!('response_mode' in fault)) {
        assert.equal(offeredIn(answer, redirect_uri).error, error)
        continue
      }
      // The form is there, and nothing sends it but the person.
      assert.match(answer.body, /<form method="post" action="http:\/\/127\.0\.0\.1:5000\/back">/)
      assert.match(answer.body, new RegExp(`name="error" value="${error}"`))
      assert.ok(!answer.body.includes('<script'))
    }
  }
})

/** The parameters of an answer that a page offers to carry back, and does not by itself. */
function offeredIn(page: PlainResponse, redirectUri: string): Record<string, string> {
  assert.deepEqual([page.status, page.headers.location, page.headers.refresh], [200, undefined, undefined])
  const href = /<a class="button primary" href="([^"]*)"/.exec(page.body)?.[1]?.replaceAll('&amp;', '&') ?? ''
  assert.ok(href.startsWith(redirectUri), page.body)
  return Object.fromEntries(new URL(href).searchParams)
}
