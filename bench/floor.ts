// The floor as a target: one path per operation, answered with the very bytes that our own server answered
// (status, headers and body of a real answer), or with typical ones where ours is not part of the run.
// The process that answers is floor-server.ts.
import { fileURLToPath } from 'node:url'
import type { ExpectedAnswer } from './load-job.ts'
import { deviceGrantTypeEncoded, type OperationName, operations } from './operations.ts'
import { clientCredentials, codeRedemption } from './request-parts.ts'
import {
  askServer,
  form,
  type Running,
  type ServerProcess,
  type Spelling,
  startServer,
  type Target,
} from './target.ts'

export type FixedAnswer = { path: string; status: number; headers: Record<string, string>; body: string }

export type Floor = Target & { learn: (operation: OperationName, answer: string) => Promise<void> }

export function floor(): Floor {
  let server: ServerProcess | undefined
  const learned: Partial<Record<OperationName, FixedAnswer>> = {}
  const spell: Partial<Record<OperationName, Spelling>> = {}
  for (const operation of operations) spell[operation] = spelling(operation)
  return {
    name: 'floor',
    version: `node:http, Node ${process.versions.node}`,
    durability: 'stores nothing',
    spell,
    authorizeJwt: null,
    probe: pathOf('metadata'),
    start: async (): Promise<Running> => {
      server = await startServer(
        [process.execPath, fileURLToPath(new URL('floor-server.ts', import.meta.url))],
        {},
      )
      await askServer(server, { answers: operations.map((one) => learned[one] ?? typicalAnswer(one)) })
      return {
        pid: server.pid,
        port: server.port,
        stop: server.stop,
        approve: async () => undefined,
        makeCodes: async () => [],
      }
    },
    learn: async (operation, answer) => {
      learned[operation] = parseAnswer(pathOf(operation), answer)
      if (server !== undefined) await askServer(server, { answers: [learned[operation]] })
    },
  }
}

function spelling(operation: OperationName): Spelling {
  const path = pathOf(operation)
  const expect: ExpectedAnswer[] = [{ status: operation.startsWith('poll') ? 400 : 200, includes: '{' }]
  if (operation === 'metadata') return { request: { method: 'GET', path, headers: {}, body: '' }, expect }
  const secret = 'x'.repeat(43)
  const body: Partial<Record<OperationName, string>> = {
    'device authorization': 'client_id=bench-opaque&scope=profile',
    'code redemption, opaque': codeRedemption(secret, secret),
    refresh: `grant_type=refresh_token&client_id=bench-opaque&refresh_token=${secret}`,
    'client credentials, ES256': clientCredentials,
    'client credentials, EdDSA': clientCredentials,
    'introspection, opaque': `token=${secret}`,
    'introspection, JWT': `token=${'x'.repeat(600)}`,
  }
  const poll = `grant_type=${deviceGrantTypeEncoded}&client_id=bench-opaque&device_code=${secret}`
  return { request: form(path, body[operation] ?? poll), expect }
}

function pathOf(operation: OperationName): string {
  return `/${operation.replaceAll(/[^a-zA-Z0-9]+/g, '-')}`
}

/** Node writes these itself on every answer, on the floor as on ours. */
const writtenByNode = new Set(['date', 'connection', 'keep-alive', 'transfer-encoding'])

function parseAnswer(path: string, answer: string): FixedAnswer {
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  const [statusLine = '', ...lines] = head.split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    if (!writtenByNode.has(name.toLowerCase())) headers[name] = line.slice(colon + 1).trim()
  }
  return { path, status: Number(statusLine.slice(9, 12)), headers, body: rest.join('\r\n\r\n') }
}

function typicalAnswer(operation: OperationName): FixedAnswer {
  const lengths: Record<OperationName, number> = {
    metadata: 1600,
    'device authorization': 270,
    'poll of a pending code': 115,
    'poll in a tight loop': 110,
    'redemption, opaque': 230,
    'redemption, ES256 JWT': 640,
    'code redemption, opaque': 230,
    refresh: 230,
    'client credentials, ES256': 560,
    'client credentials, EdDSA': 560,
    'introspection, opaque': 260,
    'introspection, JWT': 260,
  }
  const body = JSON.stringify({ filler: 'x'.repeat(lengths[operation] - 13) })
  const headers = {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'content-length': String(body.length),
  }
  return { path: pathOf(operation), status: operation.startsWith('poll') ? 400 : 200, headers, body }
}
