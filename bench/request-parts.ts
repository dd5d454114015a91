// The parts of token requests that every server is sent alike, and that its clients and codes must be made to fit.
// Where clients and codes are made is each server's own matter: our-store.ts and peers/*-server.ts.
import { hash, randomBytes } from 'node:crypto'

/** Of every confidential client. */
export const secret = 'bench-secret-bench-secret-bench-secret-1234'

export const redirectUri = 'http://127.0.0.1/callback'

/** The public client of the code grant. */
export const codeClientId = 'bench-code'

export function codeRedemption(code: string, verifier: string): string {
  const redirect = encodeURIComponent(redirectUri)
  return `grant_type=authorization_code&client_id=${codeClientId}&redirect_uri=${redirect}&code=${code}&code_verifier=${verifier}`
}

export const clientCredentials = 'grant_type=client_credentials&scope=read'

/** RFC 7636 §4.1 and §4.2, method S256. */
export function newPkcePair(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url')
  return { verifier, challenge: hash('sha256', verifier, 'base64url') }
}
