// Who vouches for the certificate that a host shows: the one fact that tells a person whose proxy is in the way.
// Looking at it is peer-certificate.ts; saying it is http.ts.
import { shownCertificate } from './peer-certificate.ts'

/** Undefined where nobody knows: the report of a failure must not fail, nor wait for long. */
export async function issuerOfCertificate(url: URL, timeoutSeconds = 3): Promise<string | undefined> {
  try {
    return (await shownCertificate(url, { timeout: timeoutSeconds })).issuer
  } catch {
    return undefined
  }
}
