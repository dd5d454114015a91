// The whole table: every policy, remembered or not, announced or not.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { networkStep } from './device-network.ts'

const policies = ['confirm', 'return-code', 'refuse'] as const

test('DV-13 in the same network nothing is asked, whatever the policy', () => {
  for (const ofClient of [...policies, null])
    for (const announced of [true, false]) {
      const asked = {
        elsewhere: false,
        remembered: false,
        announced,
        ofClient,
        usual: 'refuse',
        fallback: 'refuse',
      } as const
      assert.equal(networkStep(asked), 'none')
    }
})

// Per policy of the client, or else of the server: announced, announced and remembered, not announced, not announced but remembered.
const table: [(typeof policies)[number] | null, (typeof policies)[number], 'confirm' | 'refuse', string][] = [
  ['confirm', 'refuse', 'refuse', 'confirm confirm confirm confirm'],
  ['refuse', 'confirm', 'confirm', 'refuse refuse refuse refuse'],
  // Silence must not be a way around it.
  ['return-code', 'confirm', 'confirm', 'return-code known refuse known'],
  [null, 'return-code', 'confirm', 'return-code known confirm known'],
  [null, 'return-code', 'refuse', 'return-code known refuse known'],
  [null, 'confirm', 'refuse', 'confirm confirm confirm confirm'],
  [null, 'refuse', 'confirm', 'refuse refuse refuse refuse'],
]

for (const [ofClient, usual, fallback, row] of table) {
  test(`DV-13 DV-18 DA-21 from elsewhere: client ${ofClient}, server ${usual}, fallback ${fallback}`, () => {
    const steps = [true, false].flatMap((announced) =>
      [false, true].map((remembered) =>
        networkStep({ elsewhere: true, remembered, announced, ofClient, usual, fallback }),
      ),
    )
    assert.equal(steps.join(' '), row)
  })
}

test('DV-13 a record of before there was such a policy says nothing', () => {
  const asked = {
    elsewhere: true,
    remembered: false,
    announced: true,
    usual: 'return-code',
    fallback: 'refuse',
  } as const
  assert.equal(networkStep({ ...asked, ofClient: undefined }), 'return-code')
})
