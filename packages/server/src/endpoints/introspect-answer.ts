// How the answer of the introspection endpoint travels: as JSON, or as a JWT where the caller asks for that (RFC 9701).
// What the answer says is introspect.ts.

import type { Client } from '@countersign/protocol'
import { json, type PlainRequest, type PlainResponse } from '../http.ts'
import type { Services } from '../services.ts'

const jwtType = 'token-introspection+jwt'

/** RFC 9701 §4: whoever wants it signed says so in Accept; encryption is not offered. */
export function answerIntrospection(
  services: Services,
  { headers }: PlainRequest,
  caller: Client,
  answer: object,
): PlainResponse {
  if (!wantsJwt(headers.accept)) return json(200, answer)
  const { keys, config, system } = services
  // RFC 9701 §5 and §8.1: a kind of its own, for the caller alone, without `sub` or `exp` of its own, so that nobody takes it for a token.
  const signed = keys.sign(
    caller.introspectionAlg ?? 'RS256',
    { typ: jwtType },
    { iss: config.issuer, aud: caller.id, iat: system.now(), token_introspection: answer },
  )
  return {
    status: 200,
    headers: { 'content-type': `application/${jwtType}`, 'cache-control': 'no-store', pragma: 'no-cache' },
    body: signed.text,
  }
}

// RFC 9110 §12.5.1. Named by itself and not refused; where JSON is named, too, it must be wanted at least as much.
function wantsJwt(accept: string | undefined): boolean {
  if (accept === undefined || !accept.toLowerCase().includes(jwtType)) return false
  const ranges = accept.slice(0, 1000).toLowerCase().split(',')
  const weightOf = (type: string) => {
    const range = ranges.map((text) => text.split(';')).find(([name = '']) => name.trim() === type)
    const weight = range?.map((part) => /^\s*q=([01](?:\.\d{0,3})?)\s*$/.exec(part)?.[1]).find(Boolean)
    return range === undefined ? 0 : Number(weight ?? 1)
  }
  const weight = weightOf(`application/${jwtType}`)
  return weight > 0 && weight >= weightOf('application/json')
}
