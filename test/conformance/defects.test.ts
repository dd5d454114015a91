// The defects that were found in an OAuth provider for MCP (pragma-stack's), each with the rows whose tests show that this server
// does not have it. The defects seen elsewhere in published code are the F rows of rows.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testsById } from './test-names.ts'

const defects: readonly (readonly [defect: string, ids: readonly string[]])[] = [
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

const tests = testsById()

for (const [defect, ids] of defects) {
  test(`does not have: ${defect}`, () => {
    assert.deepEqual(
      ids.filter((id) => !tests.has(id)),
      [],
    )
  })
}
