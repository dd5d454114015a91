// A program of somebody's that calls an API for a person, and asks for more where the API wants it: prints status and body, or
// reports the error. Arguments: issuer, client, address. For tests of the step-up in a real terminal.
import { argv, stdout } from 'node:process'
import { login } from '../login.ts'

const [issuer = '', clientId = '', address = ''] = argv.slice(2)
const auth = login({ issuer, clientId, appName: 'Acme' })
try {
  const answer = await auth.fetch(address, { method: 'POST', body: 'a=1' })
  stdout.write(`answer ${answer.status} ${await answer.text()}\n`)
} catch (error) {
  process.exitCode = await auth.report(error)
}
