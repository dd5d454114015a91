// One guarded way to the authorization server: no redirects, limits on time and size, JSON objects only; whatever
// else happens is an UnavailableError. Not here: which addresses are asked (issuer.ts, introspection.ts).

import { isLoopbackHost, type JsonObject, readJsonObject } from '@countersign/protocol'
import { UnavailableError } from './errors.ts'
import type { System } from './system.ts'

export type JsonAnswer = { readonly status: number; readonly json: JsonObject }

export async function fetchJson(system: System, url: string, init: RequestInit = {}): Promise<JsonAnswer> {
  const { host } = new URL(url)
  const deadline = AbortSignal.timeout(MAX_SECONDS * 1000)
  try {
    // A redirect would take us, or our credentials, to a place that the configuration does not name.
    const response = await system.fetch(url, { ...init, redirect: 'manual', signal: deadline })
    const text = await readLimited(response, host)
    const json = isJson(response) ? readJsonObject(text) : undefined
    if (response.status >= 300 || response.status === 0)
      throw new UnavailableError('status', `${host} answered with status ${response.status}`)
    if (json === undefined) throw new UnavailableError('malformed', `${host} answered no JSON object`)
    return { status: response.status, json }
  } catch (error) {
    if (error instanceof UnavailableError) throw error
    if (deadline.aborted) throw new UnavailableError('timeout', `${host} did not answer in time`, error)
    throw new UnavailableError('network', `${host} could not be reached`, error)
  }
}

/** Plain http shows tokens and lets keys be swapped, so it is for the machine itself only. */
export function isSecure(url: URL): boolean {
  return url.protocol === 'https:' || isLoopbackHttp(url)
}

export function isLoopbackHttp({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && isLoopbackHost(hostname)
}

function isJson(response: Response): boolean {
  const type = response.headers.get('content-type') ?? ''
  return /^application\/([\w.-]+\+)?json\b/i.test(type.trim())
}

async function readLimited(response: Response, host: string): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  const reader = response.body.getReader()
  let text = ''
  let size = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    size += value.byteLength
    if (size > MAX_BYTES) {
      await reader.cancel()
      throw new UnavailableError('too_large', `${host} sent more than ${MAX_BYTES} bytes`)
    }
    text += decoder.decode(value, { stream: true })
  }
}

const MAX_SECONDS = 5
const MAX_BYTES = 256 * 1024
