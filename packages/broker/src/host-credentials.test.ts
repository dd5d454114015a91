// Credentials that appear on the application's own machine: system S3's "Login with Claude Code".
// Not here: the flow around it (flows.test.ts).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { system } from '@countersign/client/system'
import { type HostCredentials, hostCredentials } from './host-credentials.ts'
import type { ProviderContext } from './provider.ts'

const notes: unknown[] = []
const context: ProviderContext = {
  system,
  signal: new AbortController().signal,
  note: (event, detail) => void notes.push({ event, ...detail }),
}
const asked = { scopes: [], redirectUri: '', state: '' }
let found: HostCredentials | undefined | Error

const provider = hostCredentials({
  id: 'anthropic',
  aliases: ['claude', 'claude-code'],
  name: 'Claude',
  docs: 'https://docs.example/claude',
  actionRequired: 'Run `claude login` on this machine.',
  read: async () => {
    if (found instanceof Error) throw found
    return found
  },
})

test('S3 3.6 pending, with words on what to do, until the credentials are there', async () => {
  const begun = await provider.begin(context, asked)
  assert.ok(begun.type === 'begun')
  assert.deepEqual(begun.shown, { kind: 'action', actionRequired: 'Run `claude login` on this machine.' })
  found = undefined
  assert.deepEqual(await provider.poll(context, {}), { type: 'pending' })
  found = { accessToken: 'A', account: { id: '1', name: 'mia' } }
  const answer = await provider.poll(context, {})
  assert.ok(answer.type === 'tokens')
  assert.deepEqual([answer.tokens.accessToken, answer.account], ['A', { id: '1', name: 'mia' }])
})

test('what cannot be read now is tried again, and its text goes nowhere', async () => {
  found = new Error('canary: EACCES /home/mia/.credentials')
  assert.deepEqual(await provider.poll(context, {}), { type: 'trouble' })
  assert.equal(notes.length, 1)
  assert.doesNotMatch(JSON.stringify(notes), /canary|home/)
})

test('renewing reads again: the other program renews, or has not yet, or is signed out', async () => {
  const tokens = { accessToken: 'A', refreshToken: 'host', expiresAt: 1, scopes: [] }
  found = { accessToken: 'B', expiresAt: system.now() + 600 }
  const renewed = await provider.refresh(context, tokens)
  assert.ok(renewed.type === 'tokens' && renewed.tokens.accessToken === 'B')
  found = { accessToken: 'B', account: { id: '2', name: 'bob' } }
  assert.deepEqual(await provider.refresh(context, tokens, { id: '1', name: 'mia' }), { type: 'ended' })
  assert.equal((await provider.refresh(context, tokens, { id: '2', name: 'bob' })).type, 'tokens')
  found = { accessToken: 'A', expiresAt: 1 }
  assert.deepEqual(await provider.refresh(context, tokens), { type: 'trouble' })
  found = undefined
  assert.deepEqual(await provider.refresh(context, tokens), { type: 'ended' })
})
