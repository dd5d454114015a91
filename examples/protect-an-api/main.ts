// An API that lets in whoever has a token for it: reading needs notes:read; writing needs notes:write and a person who
// signed in within the last hour. Run it beside a server of yours: `npm start`, then `npx node examples/protect-an-api/main.ts`.
// Who calls it is call.ts; test/examples.test.ts runs both.

import { expressGuard, expressMetadata, identityOf, protect } from '@countersign/resource'
import express from 'express'

const resource = process.env.RESOURCE ?? 'http://localhost:3000/notes'
const issuer = process.env.COUNTERSIGN_SERVER ?? 'http://localhost:4000'

const api = protect({
  resource,
  issuer,
  name: 'Notes',
  scopes: ['notes:read', 'notes:write'],
  implies: { 'notes:write': ['notes:read'] },
})
const mayRead = expressGuard(api, { scopes: ['notes:read'] })
const mayWrite = expressGuard(api, { scopes: ['notes:write'], subject: 'user', maxAge: 3600 })

const notes: { owner: string; text: string }[] = []
const app = express()
app.use(expressMetadata(api))
app.get('/notes', mayRead, (request, response) => {
  // The token says what a program may do; whose notes these are is still ours to know.
  const { subject } = identityOf(request)
  response.json(notes.filter(({ owner }) => owner === subject).map(({ text }) => text))
})
app.post('/notes', mayWrite, express.text(), (request, response) => {
  notes.push({ owner: identityOf(request).subject, text: String(request.body) })
  response.status(201).end()
})
app.listen(Number(new URL(resource).port), 'localhost', () => console.log(`Notes at ${resource}`))
