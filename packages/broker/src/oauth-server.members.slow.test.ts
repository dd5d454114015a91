// Every member of every answer of a vendor with every wrong type: each question still gets an answer of the contract, nothing is
// thrown, nothing secret is noted. Not here: answers that are wrong as a whole (oauth-server.hostile.test.ts).

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { json, paths } from '@countersign/client/testing'
import { goodAnswers, type HostileVendor, openHostileVendor } from './testing/hostile-vendor.ts'

let vendor: HostileVendor
before(async () => {
  vendor = await openHostileVendor()
})
after(() => vendor.close())

const wrong = [null, true, 0, -1, 1e300, '', '5s', [], {}, ['a'], 'x'.repeat(5000), '\u202e\n\u0000']
const answers = Object.entries(goodAnswers('https://vendor.example')).map(([path, answer]) => ({
  path,
  members: [...Object.keys(answer), ...(path === paths.token ? ['id_token', 'error'] : [])],
}))

describe('S3-5 CL-11 CL-13 a member of the wrong type', () => {
  for (const { path, members } of answers)
    for (const member of members)
      test(`${member} at ${path}`, async () => {
        vendor.everywhere(json(404, {}))
        const good = Object.entries(goodAnswers(vendor.server.issuer))
        for (const [place, answer] of good) vendor.server.on(place, json(200, answer))
        // As it should be, it works: otherwise nothing here would say anything.
        assert.ok((await vendor.askEverything()).includes('tokens'))
        const answer = good.find(([place]) => place === path)?.[1]
        for (const value of wrong) {
          vendor.server.on(path, json(200, { ...answer, [member]: value }))
          await vendor.askEverything()
        }
      })
})
