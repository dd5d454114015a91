// A server behind a proxy that writes down what passes, and stops it where a test wants to look or to pull the plug.
// The issuer is the proxy's address, so programs and browsers come through it without being told.

import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type ServerResponse,
  request as sendRequest,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { freePort } from './free-port.ts'

export type Passed = {
  method: string
  /** Path and query as they came. */
  url: string
  headers: IncomingHttpHeaders
  body: string
  /** The answer; undefined until there is one. */
  status?: number
  answer?: string
  answerHeaders?: IncomingHttpHeaders
}

export type ForwardingProxy = {
  /** Where programs and browsers go: the issuer of the server behind it. */
  url: string
  /** Where the server behind it has to listen. */
  port: number
  passed: Passed[]
  /** Called before a request goes on to the server; what it awaits holds the request up. */
  before: (passed: Passed) => void | Promise<void>
  /** Called when the server has answered; what it awaits holds the answer up. */
  after: (passed: Passed) => void | Promise<void>
  close: () => Promise<void>
}

export async function startForwardingProxy(): Promise<ForwardingProxy> {
  const port = await freePort()
  const passed: Passed[] = []
  const server = createServer((incoming, outgoing) => {
    // A caller that was killed leaves nothing to answer.
    pass(incoming, outgoing).catch(() => outgoing.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const proxy: ForwardingProxy = {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    port,
    passed,
    before: () => {},
    after: () => {},
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming)
    const { method = 'GET', url = '/', headers } = incoming
    const record: Passed = { method, url, headers, body: body.toString('utf8') }
    passed.push(record)
    await proxy.before(record)
    if (outgoing.destroyed) return
    const { response, bytes } = await forward(port, record, body, outgoing)
    record.status = response.statusCode ?? 0
    record.answer = bytes.toString('utf8')
    record.answerHeaders = response.headers
    await proxy.after(record)
    outgoing.writeHead(record.status, response.rawHeaders)
    outgoing.end(bytes)
  }
  return proxy
}

function forward(
  port: number,
  { method, url, headers }: Passed,
  body: Buffer,
  outgoing: ServerResponse,
): Promise<{ response: IncomingMessage; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const request = sendRequest({ host: 'localhost', port, method, path: url, headers }, (response) => {
      bytesOf(response).then((bytes) => resolve({ response, bytes }), reject)
    })
    request.on('error', reject)
    // Who hangs up hangs up on the server too: a held poll must notice it.
    outgoing.on('close', () => request.destroy())
    request.end(body)
  })
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of message) if (chunk instanceof Uint8Array) chunks.push(chunk)
  return Buffer.concat(chunks)
}
