import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { identityOf } from './attached.ts'
import { fastifyGuard, fastifyMetadata } from './fastify.ts'
import { adapterSuite } from './testing/adapter-suite.ts'

adapterSuite('Fastify', async (api) => {
  const app = fastify()
  await app.register(fastifyMetadata(api))
  app.get('/open', async () => 'open')
  const onRequest = fastifyGuard(api, { scopes: ['notes:read'] })
  app.get('/notes', { onRequest }, async (request) => identityOf(request).subject)
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() }
})
