// The floor: bare node:http that reads the body and answers fixed bytes, one answer per path.
// It does no work of an authorization server, so nothing on the same runtime can answer faster.
// The answers are given by floor.ts over the control channel.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FixedAnswer } from './floor.ts'

const answers = new Map<string, { status: number; headers: Record<string, string>; body: Buffer }>()

const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const form = Buffer.concat(chunks).toString()
    const answer = answers.get(request.url ?? '')
    if (answer === undefined || (request.method === 'POST' && form === '')) {
      response.writeHead(404).end()
      return
    }
    response.writeHead(answer.status, answer.headers).end(answer.body)
  })
})

process.on('message', (message: { answers: FixedAnswer[] }) => {
  for (const { path, status, headers, body } of message.answers) {
    answers.set(path, { status, headers, body: Buffer.from(body, 'latin1') })
  }
  process.send?.({ done: true, rows: [] })
})
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  console.log(JSON.stringify({ event: 'ready', issuer: `http://localhost:${port}`, pid: process.pid }))
})
