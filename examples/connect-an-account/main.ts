// An application whose people connect an account elsewhere, and which then calls that place's API for them. The page shows a code and
// never sees a token. Run it beside a server of yours: `npm start`, then `npx node examples/connect-an-account/main.ts`.
// The page itself is page.ts; test/examples.test.ts runs both.

import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage } from 'node:http'
import {
  connectedFetch,
  connectListener,
  createBroker,
  createConnectHandler,
  deviceProvider,
  memoryStore,
  type Owner,
  TokenError,
} from '@countersign/broker'
import { pageScript, pageText } from './page.ts'

const address = new URL(process.env.ADDRESS ?? 'http://localhost:3000')
const issuer = process.env.COUNTERSIGN_SERVER ?? 'http://localhost:4000'

const broker = createBroker({
  // Any provider will do: github({ clientId }), google({ clientId, clientSecret }) and so on.
  providers: [
    deviceProvider({
      id: 'countersign',
      name: 'Countersign',
      docs: issuer,
      issuer,
      clientId: 'countersign-cli',
      scopes: ['openid', 'email', 'offline_access'],
    }),
  ],
  // sqliteStore({ path }) or postgresStore({ url }), and a key kept outside of them, make connections outlive the process.
  store: memoryStore(),
  key: randomBytes(32),
})

/** Your own sign-in says who it is; here everybody with a cookie is somebody. */
function signedIn(cookies: string | null | undefined): Owner | undefined {
  const session = /session=([\w-]{43})/.exec(cookies ?? '')?.[1]
  if (session === undefined) return undefined
  return { person: createHash('sha256').update(session).digest('hex'), session }
}

const connect = connectListener(
  createConnectHandler(broker, { owner: (request) => signedIn(request.headers.get('cookie')) }),
)

async function mailAddress(person: string): Promise<string> {
  const call = connectedFetch(broker, person, 'countersign', { origins: [issuer] })
  try {
    const { email } = (await (await call(`${issuer}/oauth/userinfo`)).json()) as { email: string }
    return email
  } catch (error) {
    if (error instanceof TokenError) return error.message
    throw error
  }
}

async function answer(request: IncomingMessage): Promise<readonly [type: string, text: string]> {
  if (request.url === '/page.js') return ['text/javascript', pageScript]
  if (request.url !== '/me') return ['text/html', pageText]
  const owner = signedIn(request.headers.cookie)
  return ['text/plain', owner === undefined ? 'Nobody is signed in.' : await mailAddress(owner.person)]
}

createServer((request, response) => {
  // What is the broker's it answers by itself.
  void connect(request, response, async () => {
    const [type, text] = await answer(request).catch(() => ['text/plain', 'That did not work.'] as const)
    response.setHeader('content-type', `${type}; charset=utf-8`)
    response.setHeader('content-security-policy', "default-src 'self'")
    if (signedIn(request.headers.cookie) === undefined) {
      const session = randomBytes(32).toString('base64url')
      response.setHeader('set-cookie', `session=${session}; Path=/; HttpOnly; SameSite=Lax`)
    }
    response.end(text)
  })
}).listen(Number(address.port), address.hostname, () => console.log(`Open ${address.origin}`))
