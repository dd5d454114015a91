// The listener on loopback that a sign-in's answer comes back to (RFC 8252 §7.3): a port that the system chooses, on this
// machine only, for this one answer. Everything else that arrives is sent away and changes nothing (RU-10, RU-11).
// Not here: what the answer means (loopback-login.ts), the page (callback-page.ts).
import { timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { callbackPage, type PageKind } from './callback-page.ts'
import type { System } from './system.ts'

/** `judge` reads the answer before the page for it is sent, and says which page that is. */
export type Expected = { state: string; judge: (answer: URL) => PageKind }

export type Callback = {
  /** To be registered without the port: `http://127.0.0.1:49152/callback`. */
  redirectUri: string
  /** From now on the first request with this `state` is the answer. */
  expect: (expected: Expected) => void
  /** Whether what is asked for at this address arrives here: `ask` fetches it from where the browser is. */
  isReachedBy: (ask: (address: string) => Promise<void>) => Promise<boolean>
  /** Ends it, after the page of an answer is with the browser. */
  close: () => Promise<void>
}

/** Undefined where no port is to be had: refused, reserved, or no loopback at all (RFC 8252 §8.3: literals only). */
export async function openCallback(
  system: System,
  hosts: readonly string[] = LITERALS,
): Promise<Callback | undefined> {
  for (const host of hosts) {
    const server = createServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      requestTimeout: REQUEST_MS,
      headersTimeout: REQUEST_MS,
    })
    if (await listens(server, host)) return callbackOn(server, host, system)
  }
  return undefined
}

function listens(server: Server, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(0, host, () => {
      server.removeAllListeners('error')
      // A connection that could not be taken is the caller's trouble.
      server.on('error', () => {})
      resolve(true)
    })
  })
}

function callbackOn(server: Server, host: string, system: System): Callback {
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`
  const sockets = new Set<Socket>()
  let answering: Promise<void> = Promise.resolve()
  let expected: Expected | undefined
  let probe: { path: string; arrived: () => void } | undefined
  server.on('connection', (socket) => {
    sockets.add(socket)
    // Whoever holds many connections open and says nothing keeps nobody else out: the oldest go.
    const [oldest] = sockets
    if (sockets.size > MAX_CONNECTIONS) oldest?.destroy()
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  server.on('request', (request, response) => {
    const target = targetOf(request, authority)
    if (probe !== undefined && target?.pathname === probe.path) probe.arrived()
    const answer = expected !== undefined && target !== undefined && isAnswer(target, expected.state)
    if (!answer || expected === undefined) return void send(request, response, 'stray')
    const { judge } = expected
    // RFC 8252 §8.5.4 (OAuth 2.1): one answer, and then there is nobody here any more.
    expected = undefined
    server.close()
    answering = send(request, response, judge(target))
  })
  return {
    redirectUri: `http://${authority}${PATH}`,
    expect: (what) => {
      expected = what
    },
    isReachedBy: async (ask) => {
      const path = `/${system.randomName()}`
      const arrived = new Promise<boolean>((resolve) => {
        probe = { path, arrived: () => resolve(true) }
      })
      const asked = ask(`http://${authority}${path}`).then(
        () => false,
        () => false,
      )
      // Whoever asked is done only after the request was here.
      return Promise.race([arrived, asked])
    },
    close: async () => {
      server.close()
      await Promise.race([answering, system.sleep(PAGE_SECONDS)])
      // Browsers keep connections open that they never use; nobody waits for these.
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Undefined for what no browser on the way back from a server sends. */
function targetOf(request: IncomingMessage, authority: string): URL | undefined {
  // A page that had its own name point to this machine (DNS rebinding) still sends that name.
  if (request.method !== 'GET' || request.headers.host !== authority) return undefined
  if (!request.url?.startsWith('/') || request.url.length > MAX_TARGET) return undefined
  return URL.parse(request.url, `http://${authority}`) ?? undefined
}

/** Whoever else can reach this port does not know the state, and neither ends nor disturbs the sign-in. */
function isAnswer(target: URL, state: string): boolean {
  const [given, ...more] = target.searchParams.getAll('state')
  if (target.pathname !== PATH || given === undefined || more.length > 0) return false
  const [a, b] = [Buffer.from(given), Buffer.from(state)]
  return a.length === b.length && timingSafeEqual(a, b)
}

function send(request: IncomingMessage, response: ServerResponse, kind: PageKind): Promise<void> {
  const { status, headers, body } = callbackPage(kind)
  return new Promise((resolve) => {
    response.once('close', resolve)
    response.writeHead(status, headers)
    response.end(request.method === 'HEAD' ? undefined : body)
    // What follows is not read: a body without end is nobody's answer.
    request.resume()
    if (kind === 'stray') response.once('finish', () => request.socket.destroySoon())
  })
}

const PATH = '/callback'
const LITERALS = ['127.0.0.1', '::1'] as const
const MAX_TARGET = 8192
const MAX_HEADER_BYTES = 16_384
const MAX_CONNECTIONS = 64
const REQUEST_MS = 10_000
const PAGE_SECONDS = 0.25
