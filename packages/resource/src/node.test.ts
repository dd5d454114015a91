import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nodeGuard } from './node.ts'
import { adapterSuite } from './testing/adapter-suite.ts'

adapterSuite('node:http', async (api) => {
  const guarded = nodeGuard(api, (_request, response, identity) => response.end(identity.subject), {
    scopes: ['notes:read'],
  })
  const server = createServer((request, response) => {
    if (request.url === '/open') response.end('open')
    else void guarded(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
})
