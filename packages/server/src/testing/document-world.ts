// A web with a client metadata document on it, and a development server that may fetch it over real HTTP on loopback.
// What is made of the document is ../metadata-documents.ts. Not for production.

import { after } from 'node:test'
import type { Config } from '../config.ts'
import type { FetchGuardOptions } from '../fetch-guard.ts'
import { approveDevice, bodyOf, pollDevice, type TokenAnswer } from './device-flow.ts'
import { type JsonServer, startJsonServer, withHeaders } from './json-server.ts'
import { createTestServer, type TestServer } from './services.ts'

const open: JsonServer[] = []

/** Closed with the tests of the file. */
export function closeAfter(web: JsonServer): void {
  open.push(web)
}

after(() => Promise.all(open.map((server) => server.close())))

export const deviceCode = 'urn:ietf:params:oauth:grant-type:device_code'
export const issuer = 'http://localhost:4000'

export interface World {
  readonly web: JsonServer
  readonly server: TestServer
  readonly id: string
  /** The document at the id, which names it. */
  put(members?: object, headers?: Record<string, string>): void
  find(): Promise<string>
}

export async function world(
  settings: Partial<Config> = {},
  outside: Partial<FetchGuardOptions> = {},
): Promise<World> {
  const web = await startJsonServer()
  open.push(web)
  const server = await createTestServer({ settings: { issuer, ...settings }, outside })
  const id = `${web.origin}/client.json`
  return {
    web,
    server,
    id,
    put(members = {}, headers = {}) {
      const document = {
        client_id: id,
        client_name: 'Editor',
        grant_types: [deviceCode, 'refresh_token'],
        ...members,
      }
      web.put('/client.json', withHeaders(document, headers))
    },
    find: () => look(server, id),
  }
}

/** The name of the client that the id is, or why it is none. */
export async function look(server: TestServer, id: string, from = '192.0.2.1'): Promise<string> {
  const client = await server.services.clients.find(id, from)
  if (client !== undefined) return client.name
  const problem = server.services.clients.problem(id)
  return problem?.member === undefined ? String(problem?.why) : `${problem.why} ${problem.member}`
}

/** A whole sign-in by the document, and what it was given. */
export async function signInBy(server: TestServer, id: string): Promise<TokenAnswer> {
  const form = { client_id: id }
  const started = await server.call('POST', '/oauth/device/authorize', { form })
  const { device_code } = bodyOf<{ device_code: string }>(started)
  await approveDevice(server, device_code)
  return bodyOf<TokenAnswer>(await pollDevice(server, device_code, form))
}
