// `login --with-token`: keeps an access token that came from elsewhere, after its server has said that it is good. It comes on
// stdin, never as an argument, where every process on the machine could read it (CL-17).
// Not here: keeping it (../sign-in.ts).

import type { ServerMetadata } from '../discover.ts'
import { OAuthError } from '../errors.ts'
import { guardedFetch } from '../http.ts'
import type { System } from '../system.ts'
import { readInput } from '../terminal/read-input.ts'
import { type Terminal, UsageError } from '../terminal/terminal.ts'
import type { Tokens } from '../tokens.ts'

export async function readToken(terminal: Pick<Terminal, 'stdin'>): Promise<string> {
  const token = (await readInput(terminal)).trim()
  // RFC 6750 §2.1: b64token; nothing else may reach a header.
  if (!/^[A-Za-z0-9\-._~+/]+=*$/.test(token)) throw new UsageError('no token came on stdin')
  return token
}

export async function givenTokens(token: string, metadata: ServerMetadata, system: System): Promise<Tokens> {
  const endpoint = metadata.userinfo_endpoint
  if (endpoint !== undefined) {
    const ask = guardedFetch({ system, expect: 'any' })
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
    const { status } = await ask(endpoint, { method: 'GET', headers })
    // 403 is a token that is good for something else (RFC 6750 §3.1).
    if (status === 401)
      throw new OAuthError({
        error: 'invalid_token',
        description: 'the server does not take this token',
        status,
      })
  }
  return { accessToken: token, receivedAt: system.now(), clockOffset: 0 }
}
