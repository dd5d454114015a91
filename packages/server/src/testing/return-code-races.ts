// A hundred guesses at one return code at the same moment, on whatever store, and on two nodes where the store outlives a process:
// three tries in all, whoever is quickest. The suite is run by the tests of the endpoint.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type DeviceAuthorization, deviceAuthorization, returnCode } from '@countersign/protocol'
import { hashReturnCode } from '../return-codes.ts'
import { deviceCodeId } from '../tokens.ts'
import { bodyOf, decisionBy, pollDevice, startDevice } from './device-flow.ts'
import type { Ground } from './race-nodes.ts'
import {
  createTestServer,
  createTestServerWith,
  type TestServer,
  testAccount,
  testClient,
} from './services.ts'

const right = 'K7XMPQ'

/** A request of `server`, allowed by a browser on another network. */
async function awaiting(server: TestServer): Promise<string> {
  const { services } = server
  const { device_code: code } = await startDevice(server)
  const id = deviceCodeId(code)
  const record = await services.store.read('deviceAuthorization', id)
  assert.ok(record)
  const decision = decisionBy(testAccount, services.system.now())
  const hash = hashReturnCode(services, id, right)
  const { writes } = deviceAuthorization.approve(record, decision, testAccount, hash)
  assert.equal(await services.store.apply(writes), 'applied')
  return code
}

/** As many codes as wanted, none of them the right one. */
const wrongCodes = (count: number) =>
  Array.from({ length: count }, (_, i) => {
    const { returnCodeAlphabet: letters } = returnCode
    return `BBBB${letters.charAt(Math.floor(i / letters.length))}${letters.charAt(i % letters.length)}`
  })

export function returnCodeRaces(name: string, prepare: () => Promise<Ground>): void {
  test(`DV-18 of 100 guesses at the same moment three count, and the end is final: ${name}`, async () => {
    const { nodes, close } = await prepare()
    const [first, ...others] = nodes
    assert.ok(first)
    const server = await createTestServerWith([testClient], { store: first })
    const servers = [server, ...(await Promise.all(others.map((store) => createTestServer({ store }))))]
    const nodeOf = (i: number) => servers[i % servers.length] ?? server
    for (let round = 0; round < 3; round++) {
      const code = await awaiting(server)
      const answers = await Promise.all(
        wrongCodes(100).map((guess, i) => pollDevice(nodeOf(i), code, { return_code: guess })),
      )
      const lefts = answers.flatMap((answer) => {
        const { return_code: ask } = bodyOf<{ return_code?: { tries_left: number } }>(answer)
        return ask === undefined ? [] : [ask.tries_left]
      })
      for (const answer of answers) assert.equal(answer.status, 400)
      assert.deepEqual(lefts.sort(), [1, 2], 'each try was told to one')
      const record: DeviceAuthorization | undefined = await first.read(
        'deviceAuthorization',
        deviceCodeId(code),
      )
      assert.equal(record?.returnCode?.wrong.length, 3)
      assert.equal(record.status, 'denied')
      assert.equal(bodyOf(await pollDevice(server, code, { return_code: right })).error, 'access_denied')
      assert.equal((await first.counts()).grant, 0)
    }
    const told = (await first.list('auditEntry')).filter(({ event }) => event === 'device.return_code_failed')
    assert.equal(told.length, 3, 'one entry for each request')
    await close()
  })

  test(`DV-18 the right code sent by many at once makes one grant and one memory: ${name}`, async () => {
    const { nodes, close } = await prepare()
    const [first, ...others] = nodes
    assert.ok(first)
    const server = await createTestServerWith([testClient], { store: first })
    const servers = [server, ...(await Promise.all(others.map((store) => createTestServer({ store }))))]
    const codes = await Promise.all([awaiting(server), awaiting(server)])
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        pollDevice(servers[i % servers.length] ?? server, codes[i % 2] ?? '', { return_code: right }),
      ),
    )
    assert.ok(answers.filter(({ status }) => status === 200).length <= 2)
    // Who lost to the other request's memory three times was told to slow down, and sends the code again.
    for (const code of codes) await pollDevice(server, code, { return_code: right })
    assert.equal((await first.list('grant')).length, 2)
    assert.equal((await first.list('networkMemory')).length, 1)
    await close()
  })
}
