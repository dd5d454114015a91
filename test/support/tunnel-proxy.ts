// An http proxy as companies have them: tunnels (CONNECT) and plain requests, to one address whatever name was asked for, so that
// a test can give its server a name of the world. Writes down what it was asked. A server's own front is forwarding-proxy.ts.

import { createServer, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'

export type TunnelProxy = {
  url: string
  /** `CONNECT login.acme.test:443` or `GET http://…`, in order. */
  asked: string[]
  close: () => Promise<void>
}

/** Everything that is asked for ends at this port of this machine. */
export async function startTunnelProxy(port: number): Promise<TunnelProxy> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((incoming, outgoing) => {
    asked.push(`${incoming.method} ${incoming.url}`)
    const { pathname, search, host } = new URL(incoming.url ?? '/', 'http://none')
    const { method = 'GET', headers } = incoming
    const on = request({ port, method, path: pathname + search, headers: { ...headers, host } }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      answer.pipe(outgoing)
    })
    on.on('error', () => outgoing.destroy())
    incoming.pipe(on)
  })
  server.on('connect', (incoming, client, head) => {
    asked.push(`CONNECT ${incoming.url}`)
    const target = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n')
      target.write(head)
      client.pipe(target).pipe(client)
    })
    for (const one of [client, target]) one.on('error', () => [client, target].map((both) => both.destroy()))
    sockets.add(target)
  })
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
