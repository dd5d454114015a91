// What many companies have between their people and the network: a proxy that looks into TLS with a certificate
// authority of its own. In front of a server of plain http; the certificates are those of certificates.ts.

import { request as sendRequest } from 'node:http'
import { createServer } from 'node:https'
import { createAuthority } from './certificates.ts'

export type Interceptor = { issuer: string; caFile: string; stop: () => Promise<void> }

export async function startInterceptor(target: string): Promise<Interceptor> {
  const authority = createAuthority('Watchful Proxy Inc')
  const server = createServer(authority.issue('localhost'), (incoming, outgoing) => {
    const { method, url, headers } = incoming
    const onward = sendRequest(new URL(url ?? '/', target), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
    })
    onward.on('error', () => outgoing.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    issuer: `https://localhost:${port}`,
    caFile: authority.caFile,
    stop: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      authority.remove()
    },
  }
}
