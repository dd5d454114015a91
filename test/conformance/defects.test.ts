// The defects that were found in an OAuth provider for MCP (pragma-stack's) and in a login by device code with its program (OSA's), each
// with the ids of the tests that show that they are not here. The defects seen elsewhere in published code are the F rows of rows.ts;
// those of a broker of connections, which have their tests by name, are in broker-defects.ts.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { ofBroker, ofHistory, ofWire, type Tests } from './broker-defects.ts'
import { namesIn, root, testsById } from './test-names.ts'

type Defects = readonly (readonly [defect: string, ids: readonly string[]])[]

const ofProvider: Defects = [
  ['a null registration_endpoint makes official clients reject the whole document', ['MD-05', 'G-09']],
  ['error bodies that no OAuth client can read', ['TK-02', 'F-01', 'X-35']],
  ['the authorization endpoint wants a session before it leads to the sign-in', ['AZ-17']],
  ['the way back after the sign-in loses its parameters, or is not followed', ['AZ-17', 'UI-15']],
  ['the consent page delivers the code twice', ['UI-03', 'AC-05']],
  [
    'whoever holds a code can burn it, and the honest exchange looks like a theft',
    ['AC-01', 'AC-05', 'AC-06'],
  ],
  ['tokens that the API itself does not accept, and scopes that nobody checks', ['RS-09', 'RS-07', 'AT-06']],
  [
    'introspection for anybody, about any JWT; revocation without a secret',
    ['IN-02', 'IN-05', 'RV-04', 'RV-05'],
  ],
  ['parallel refreshes both win, and reuse revokes nothing', ['RT-02', 'RT-03']],
  [
    'a redirect URI with a query is broken, and a bad scope is a fault of the server',
    ['AZ-11', 'AZ-13', 'F-14'],
  ],
  ['the consent page decides what is granted and to whom', ['AZ-25', 'F-15', 'UI-11']],
  [
    'credentials not decoded, tokens stored by proxies, no iss, no resource, no metadata of resources, no registration, no port for loopback, openid without ID token',
    ['CA-02', 'CA-04', 'G-10', 'AZ-10', 'RI-01', 'PRM-01', 'REG-01', 'RU-02', 'ID-02', 'F-12'],
  ],
  ['no device grant', ['DA-06', 'DT-04']],
]

/** What is wrong by reading, in the order in which it was found; a test of its own bears `OSA-D` and the number. */
const ofLogin: Defects = [
  ['the device code travels through the browser, in the state', ['OSA-D1', 'DV-19']],
  [
    'one click at the provider signs in the device of whoever sent the link',
    ['OSA-D2', 'CL-20', 'DV-05', 'DV-13'],
  ],
  ['tokens are appended to any address that the request names', ['OSA-D3', 'G-18', 'UI-15']],
  ['a token is renewed for every command, so that two at once end the session', ['CL-09', 'RT-12', 'F-18']],
  ['an approval that nobody fetched works for ever, and is never swept', ['DT-13', 'F-07']],
  ['a failure after the code was consumed burns it', ['DT-15', 'F-06']],
  ['a no at the provider is never told to the device, and shown as an expired code', ['OSA-D7', 'DC-11']],
  ['no limits on codes, guesses and polls; the interval is advice', ['DA-16', 'DV-03', 'DT-05', 'DT-19']],
  ['whoever writes the address writes the sentence on the page', ['OSA-D9', 'UI-10']],
  ['signing out tells the server nothing', ['RV-12', 'RV-01']],
  [
    'a crash, a corrupt file or a second process loses the credentials of every server',
    ['CL-07', 'CL-08', 'OSA-D11'],
  ],
  ['used and unknown codes have errors of their own making', ['DT-03', 'DT-09', 'DT-11']],
]

/** What its review found. That its tests called live services, and how its code was cut, are no defects that a test here could show. */
const ofReview: Defects = [
  ['two concurrent polls could both get tokens', ['DT-08', 'F-05']],
  ['the credential file is readable for all until it is narrowed, or stays so', ['CL-08', 'F-19']],
  ['a token that ran out is a silent 401', ['CL-09', 'CL-10']],
  ['slow_down and the own back-off diverge', ['DC-10', 'F-21']],
  ['consumed rows are never swept', ['F-07', 'DA-23']],
  ['an answer that is no JSON, or half of one, is a traceback', ['DC-04', 'DC-13', 'F-17']],
  ['an early error sends people who came from a device to the wrong page', ['DV-08', 'F-16']],
]

const tests = testsById()

for (const [defect, ids] of [...ofProvider, ...ofLogin, ...ofReview]) {
  test(`does not have: ${defect}`, () => {
    assert.deepEqual(
      ids.filter((id) => !tests.has(id)),
      [],
    )
  })
}

/** Those of the tests that are not there. */
function gone(listed: Tests): string[] {
  return Object.entries(listed).flatMap(([file, beginnings]) => {
    const path = join(root, /^(test|packages)\//.test(file) ? file : join('packages', 'broker', 'src', file))
    const names = existsSync(path) ? namesIn(readFileSync(path, 'utf8')) : []
    return beginnings
      .filter((beginning) => !names.some((name) => name.startsWith(beginning)))
      .map((beginning) => `${file}: ${beginning}`)
  })
}

for (const [defect, listed] of [...ofBroker, ...ofHistory])
  test(`the broker does not have: ${defect}`, () => assert.deepEqual(gone(listed), []))

for (const [sentence, listed] of ofWire)
  test(`the broker keeps to: ${sentence}`, () => assert.deepEqual(gone(listed), []))

test('each of the nine defects of the broker has a test that bears its number', () => {
  assert.equal(ofBroker.length, 9)
  for (const [index, [defect, listed]] of ofBroker.entries()) {
    const number = new RegExp(`\\bS3-${index + 1}\\b`)
    assert.ok(
      Object.values(listed)
        .flat()
        .some((name) => number.test(name)),
      defect,
    )
  }
})

test('a test of the broker that is gone is found: its file, its name, and its name in another file', () => {
  const name = 'a test of the broker that is gone'
  const here = 'test/conformance/defects.test.ts'
  assert.deepEqual(gone({ [here]: [name] }), [])
  assert.deepEqual(gone({ [here]: [name, 'no such test'], 'none.test.ts': ['x'], 'flow.test.ts': [name] }), [
    `${here}: no such test`,
    'none.test.ts: x',
    `flow.test.ts: ${name}`,
  ])
})
