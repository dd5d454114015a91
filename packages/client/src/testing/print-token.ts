// A process that prints a valid access token, or the code of the error: what many programs on one machine do
// at once. Arguments: store directory, issuer, client. For the process tests of the refresh lock.
import { argv, stdout } from 'node:process'
import { openStore } from '../credentials.ts'
import { createSession } from '../session.ts'

const [directory = '', issuer = '', clientId = ''] = argv.slice(2)
const session = createSession({ issuer, clientId, store: openStore({ directory }) })
const line = await session
  .accessToken()
  .catch((error: Error) => ('code' in error ? `error ${error.code}` : String(error)))
stdout.write(`${line}\n`)
