// A hundred who redeem one authorization code at the same moment, on whatever store, and on two nodes where the store outlives a
// process. The suite is run by the tests of the endpoint; races between processes are in ../store/testing/races.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Grant } from '@countersign/protocol'
import { authorizationCodeId } from '../authorization-codes.ts'
import { nativeClient, obtainCode, redeemCode, webClient } from './code-flow.ts'
import { bodyOf, errorOf, type TokenAnswer } from './device-flow.ts'
import type { Ground } from './race-nodes.ts'
import { createTestServer, createTestServerWith } from './services.ts'

export function codeRaces(name: string, prepare: () => Promise<Ground>): void {
  test(`AC-07 AC-05 AC-06 of 100 who redeem one code one wins; a wrong replay changes nothing, a right one ends it: ${name}`, async () => {
    const { nodes, close } = await prepare()
    const [first, ...others] = nodes
    assert.ok(first)
    const server = await createTestServerWith([webClient, nativeClient], { store: first })
    const servers = [server, ...(await Promise.all(others.map((store) => createTestServer({ store }))))]
    for (let round = 0; round < 3; round++) {
      const code = await obtainCode(server)
      const answers = await Promise.all(
        Array.from({ length: 100 }, (_, i) => redeemCode(servers[i % servers.length] ?? server, code)),
      )
      const [won, ...more] = answers.filter(({ status }) => status === 200)
      assert.ok(won !== undefined && more.length === 0)
      assert.equal(typeof bodyOf<TokenAnswer>(won).access_token, 'string')
      for (const lost of answers) if (lost !== won) assert.equal(errorOf(lost), '400 invalid_grant')
      assert.equal((await first.counts()).grant, round + 1)
      const record = await first.read('authorizationCode', authorizationCodeId(code) ?? '')
      const ofCode = (): Promise<Grant | undefined> => first.read('grant', record?.grantId ?? '')
      const before = await ofCode()
      assert.ok(before)
      assert.equal(
        errorOf(await redeemCode(server, code, { code_verifier: 'x'.repeat(43) })),
        '400 invalid_grant',
      )
      assert.equal(errorOf(await redeemCode(server, code, { client_id: 'native' })), '400 invalid_grant')
      assert.deepEqual(await ofCode(), before)
      assert.equal(errorOf(await redeemCode(server, code)), '400 invalid_grant')
      assert.equal((await ofCode())?.revokedFor, 'reuse')
    }
    await close()
  })
}
