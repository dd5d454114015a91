import type { AddressInfo } from 'node:net'
import express from 'express'
import { identityOf } from './attached.ts'
import { expressGuard, expressMetadata } from './express.ts'
import { adapterSuite } from './testing/adapter-suite.ts'

adapterSuite('Express', async (api) => {
  const app = express()
  app.use(expressMetadata(api))
  app.get('/open', (_request, response) => void response.send('open'))
  app.use(expressGuard(api, { scopes: ['notes:read'] }))
  const notes = express.Router()
  notes.get('/', (request, response) => void response.send(identityOf(request).subject))
  app.use('/notes', notes)
  const server = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => server.close(resolve)),
  }
})
