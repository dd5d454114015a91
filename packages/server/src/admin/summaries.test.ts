// What administrators name a record by.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { digest } from '../secrets.ts'
import { identitySummary, initialAccessTokenSummary } from './summaries.ts'

test('the names of identities and registration tokens can be typed as an argument of a command', () => {
  const digests = ['-'.repeat(43), '_'.repeat(43), digest('any')]
  for (const id of digests) {
    const at = { id, version: 0, createdAt: 0 }
    const token = initialAccessTokenSummary({ ...at, name: 'Partner', expiresAt: 0, usesLeft: 1 })
    const identity = identitySummary({
      ...at,
      accountId: 'usr_1',
      provider: 'acme',
      subject: '1',
      email: null,
      name: null,
      lastUsedAt: 0,
    })
    for (const name of [token.id, identity.id]) assert.match(name, /^[0-9a-f]{12}$/)
  }
})
