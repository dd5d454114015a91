// A client that proves its key: DPoP proofs as a test wants them (RFC 9449 §4.2), made with jose.
// Not here: how they are judged (../proof.ts).

import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'
import { sha256 } from '../digest.ts'
import { startOfTests } from './issuer.ts'

export type Prover = {
  jwk: JWK
  privateJwk: JWK
  jkt: string
  prove: (
    token: string,
    claims?: Record<string, unknown>,
    header?: Record<string, unknown>,
  ) => Promise<string>
}

export async function createProver(alg = 'ES256'): Promise<Prover> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(publicKey)
  let count = 0
  return {
    jwk,
    privateJwk: await exportJWK(privateKey),
    jkt: await calculateJwkThumbprint(jwk),
    prove: async (token, claims = {}, header = {}) => {
      count += 1
      const usual = {
        jti: `proof-${count}`,
        htm: 'GET',
        htu: 'https://api.example.com/notes/1',
        iat: startOfTests,
        ath: await sha256(token),
      }
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk, ...header })
        .sign(privateKey)
    },
  }
}
