// Speaking with a provider of identities: `fetch` with little time and room, no redirects, and no way into the own network unless
// the settings say that the provider is there. The guard itself is ../../fetch-guard.ts.

import { lookup } from 'node:dns/promises'
import type { IncomingMessage } from 'node:http'
import { bodyOf, guardedRequest, isLoopbackAddress, isLoopbackHost, isPublic } from '../../fetch-guard.ts'
import type { ResolveName } from '../../resolve-name.ts'
import { UpstreamFailure, type UpstreamSettings } from './provider.ts'

export interface UpstreamCall {
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: unknown
}

/** An answer that says something, or why not (2xx, 4xx); everything else is a failure `unavailable`. */
export type UpstreamFetch = (url: string, call?: UpstreamCall) => Promise<Response>

export interface UpstreamFetchOptions {
  readonly resolve?: ResolveName
  readonly ca?: string
  /** From the name's resolution to the last byte. */
  readonly milliseconds?: number
}

// Discovery documents and key sets are a few kilobytes; a person may wait for two such calls.
const mostBytes = 512 * 1024
const patience = 8000

// An operator chose these names, so they may stand in the hosts file.
const bySystem: ResolveName = (hostname) => lookup(hostname, { all: true, verbatim: true })

export function createUpstreamFetch(
  { issuer, privateNetwork }: Pick<UpstreamSettings, 'issuer' | 'privateNetwork'>,
  { resolve = bySystem, ca, milliseconds = patience }: UpstreamFetchOptions = {},
): UpstreamFetch {
  const isLocal = issuer !== undefined && isLoopbackHost(new URL(issuer).hostname)
  const mayReach = (address: string) =>
    isPublic(address) || privateNetwork || (isLocal && isLoopbackAddress(address))
  return async (text, { method = 'GET', headers = {}, body } = {}) => {
    const url = new URL(text)
    if (url.protocol !== 'https:' && !(isLocal && isLoopbackHost(url.hostname)))
      throw new UpstreamFailure('unavailable', `${url.origin} is not https`)
    const deadline = AbortSignal.timeout(milliseconds)
    const call = { method, headers, body: body === undefined || body === null ? undefined : String(body) }
    try {
      const answer = await guardedRequest(url, call, { mayReach, resolve, deadline, ca })
      return await read(answer, url)
    } catch (error) {
      if (error instanceof UpstreamFailure) throw error
      throw new UpstreamFailure('unavailable', `${url.origin} cannot be reached`, error)
    }
  }
}

async function read(answer: IncomingMessage, { origin }: URL): Promise<Response> {
  const { statusCode = 0, headers } = answer
  try {
    const bytes = await bodyOf(answer, mostBytes)
    if (bytes === undefined) throw new UpstreamFailure('unavailable', `${origin} answers without end`)
    // A redirect is none of ours to follow (CL-15).
    if (statusCode < 200 || statusCode > 499 || (statusCode >= 300 && statusCode < 400))
      throw new UpstreamFailure('unavailable', `${origin} answers ${statusCode}`)
    const type = headers['content-type']
    return new Response(statusCode === 204 ? null : bytes, {
      status: statusCode,
      headers: type === undefined ? {} : { 'content-type': type },
    })
  } finally {
    answer.destroy()
  }
}
