// A program that knows who is using it: the first run signs in, every later one just works.
// Run it against a server of yours: `npm start`, then `npx node examples/whoami/main.ts`. test/examples.test.ts does the same.

import { createSession, isCountersignError, openStore, signIn, system } from '@countersign/client'

const issuer = process.env.COUNTERSIGN_SERVER ?? 'http://localhost:4000'
const clientId = 'countersign-cli'
const store = openStore({ env: process.env, system })
const session = createSession({ issuer, clientId, store })

try {
  await session.credential()
} catch (error) {
  if (!isCountersignError(error) || error.code !== 'sign_in_required') throw error
  await signIn({
    issuer,
    clientId,
    scope: 'openid profile email',
    deviceName: 'the whoami example',
    store,
    onCode: ({ verificationUri, userCode }) => console.error(`Open ${verificationUri} and enter ${userCode}`),
  })
}

// Renewed when it must be, by one process only however many of these run at once.
const answer = await session.fetch(`${issuer}/oauth/userinfo`)
const { email } = (await answer.json()) as { email: string }
console.log(email)
