// Answers of a token endpoint that more than one test needs, beside those that a scripted server gives by itself
// (scripted-server.ts); and the error that a test expects.
import assert from 'node:assert/strict'
import type { CountersignError } from '../errors.ts'
import { system } from '../system.ts'
import { type Handler, json, tokensOf } from './scripted-server.ts'

/** Other tokens with every answer: `ACCESS-canary-1`, `ACCESS-canary-2`, … */
export function numberedTokens(more: Record<string, unknown> = {}): Handler {
  let turn = 0
  return (request, response) => {
    turn += 1
    return json(200, { ...tokensOf(String(turn)), ...more })(request, response)
  }
}

/** Pending, because the characters that the approving browser shows are needed. */
export function returnCodeAsked(triesLeft: number, wrong?: true): Handler {
  return json(400, {
    error: 'authorization_pending',
    return_code: { length: 6, tries_left: triesLeft, ...(wrong ? { wrong } : {}) },
  })
}

/** An ID token as it comes straight from the token endpoint, where TLS stands in for its signature (OIDC Core §3.1.3.7). */
export function idTokenOf(issuer: string, change: Record<string, unknown> = {}): string {
  const now = Math.floor(system.now())
  const right = { iss: issuer, sub: 'acct-1', aud: 'test-cli', iat: now, exp: now + 600 }
  const parts = [{ alg: 'RS256' }, { ...right, ...change }]
  return [...parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')), 'c2ln'].join('.')
}

/** What the work fails with; a test fails where it does not. */
export async function failure(work: Promise<unknown>): Promise<CountersignError> {
  return work.then(
    () => assert.fail('it should have failed'),
    (error) => error,
  )
}
