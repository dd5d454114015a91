import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { honoGuard, honoMetadata } from './hono.ts'
import type { Identity } from './identity.ts'
import { adapterSuite } from './testing/adapter-suite.ts'

adapterSuite('Hono', async (api) => {
  const app = new Hono<{ Variables: { identity: Identity } }>()
  app.use(honoMetadata(api))
  app.get('/open', (c) => c.text('open'))
  app.use('/notes', honoGuard(api, { scopes: ['notes:read'] }))
  app.get('/notes', (c) => c.text(c.get('identity').subject))
  const server = await new Promise<ReturnType<typeof serve>>((resolve) => {
    const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started))
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
})
