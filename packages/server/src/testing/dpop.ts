// A client that holds a key and proves it (RFC 9449), made with `jose`, which is not what checks the proofs (../dpop-proof.ts).
// Not for production.

import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import type { PlainResponse } from '../http.ts'
import type { CallOptions, TestServer } from './services.ts'

export interface Prover {
  readonly jkt: string
  readonly jwk: JWK
  /** A proof for one request. */
  prove(server: TestServer, said: Said): Promise<string>
  /** One POST with a fresh proof; like any client it comes again with the nonce it is told, and keeps that. */
  post(
    server: TestServer,
    path: string,
    form: CallOptions['form'],
    more?: CallOptions,
  ): Promise<PlainResponse>
}

export interface Said {
  readonly path: string
  readonly method?: string
  readonly nonce?: string | undefined
  /** The access token beside the proof. */
  readonly token?: string
  readonly header?: Readonly<Record<string, unknown>>
  /** Instead of what would be right; undefined leaves a claim out. */
  readonly claims?: Readonly<Record<string, unknown>>
}

export async function createProver(alg = 'ES256'): Promise<Prover> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(publicKey)
  const jkt = await calculateJwkThumbprint(jwk)
  let nonce: string | undefined
  let made = 0

  async function prove(server: TestServer, { path, method = 'POST', ...said }: Said): Promise<string> {
    const claims = {
      jti: `${jkt}-${++made}`,
      htm: method,
      htu: server.services.config.issuer.replace(/\/$/, '') + path,
      iat: server.services.system.now(),
      nonce: said.nonce,
      ath: said.token === undefined ? undefined : createHash('sha256').update(said.token).digest('base64url'),
      ...said.claims,
    }
    return new SignJWT(JSON.parse(JSON.stringify(claims)) as Record<string, unknown>)
      .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk, ...said.header })
      .sign(privateKey)
  }

  return {
    jkt,
    jwk,
    prove,
    async post(server, path, form, more = {}) {
      const send = async () => {
        const dpop = await prove(server, { path, nonce })
        return server.call('POST', path, {
          ...more,
          ...(form === undefined ? {} : { form }),
          headers: { ...more.headers, dpop },
        })
      }
      const first = await send()
      const told = first.headers['dpop-nonce']
      if (typeof told !== 'string') return first
      nonce = told
      return first.body.includes('use_dpop_nonce') ? send() : first
    },
  }
}
