// SHA-256 over text, in base64url: names for secrets in memory (a token, a proof) and the `ath` of a proof.
// Not here: signatures (jwt-token.ts, proof.ts) and nonces (nonces.ts).

import { base64url } from 'jose'

export async function sha256(text: string): Promise<string> {
  return base64url.encode(
    new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))),
  )
}
