// A program that uses the API of main.ts for the person in front of it: it asks for a token for that API and nothing
// else, writes a note, and reads all of them.

import { deviceLogin } from '@countersign/client'

const resource = process.env.RESOURCE ?? 'http://localhost:3000/notes'
const issuer = process.env.COUNTERSIGN_SERVER ?? 'http://localhost:4000'

const { accessToken } = await deviceLogin({
  issuer,
  clientId: 'countersign-cli',
  resource,
  scope: 'notes:write',
  deviceName: 'the notes example',
  onCode: ({ verificationUri, userCode }) => console.error(`Open ${verificationUri} and enter ${userCode}`),
})
const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'text/plain' }
const written = await fetch(resource, { method: 'POST', headers, body: process.argv[2] ?? 'a note' })
if (!written.ok) throw new Error(`${written.status} ${await written.text()}`)
console.log(await (await fetch(resource, { headers })).text())
