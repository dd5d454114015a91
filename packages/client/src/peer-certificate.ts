// The certificate that a host shows, whether it is trusted or not, on the way that requests go, proxy included. Sends nothing that
// says who asks. Not here: which authorities are trusted (network-settings.ts), using the network (http.ts).
import type { ClientRequest } from 'node:http'
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls'
import { printable } from './text.ts'

export type ShownCertificate = {
  /** Who vouches for it. */
  issuer: string | undefined
  /** Why it does not hold; undefined when it does. */
  trouble: string | undefined
  validTo: string
}

export type LookOptions = {
  /** Seconds. */
  timeout: number
  /** The authorities to judge by; by default those of the process. */
  ca?: string[]
}

/** Rejects when the host, or the proxy before it, cannot be reached. */
export async function shownCertificate(url: URL, { timeout, ca }: LookOptions): Promise<ShownCertificate> {
  // The agent of the process knows its proxy.
  const { request } = await import('node:https')
  return new Promise((resolve, reject) => {
    // Not refused on purpose: what does not hold is what is asked about, and the connection ends here.
    const judging = { rejectUnauthorized: false, ...(ca ? { ca } : {}) }
    const asked: ClientRequest = request(url.origin, { method: 'HEAD', timeout: timeout * 1000, ...judging })
    const end = (work: () => void): void => {
      work()
      asked.destroy()
    }
    asked.once('socket', (socket) => {
      if (!isTls(socket)) return
      const look = (): void => end(() => resolve(described(socket)))
      if (socket.getPeerCertificate().subject) look()
      else socket.once('secureConnect', look)
    })
    asked.once('timeout', () => end(() => reject(new Error('no answer in time'))))
    asked.on('error', reject)
    asked.end()
  })
}

function isTls(socket: object): socket is TLSSocket {
  return 'getPeerCertificate' in socket
}

function described(socket: TLSSocket): ShownCertificate {
  const { issuer, valid_to } = socket.getPeerCertificate(true)
  const error: unknown = socket.authorizationError
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error ?? 'not trusted')
  return {
    issuer: nameOf(issuer),
    trouble: socket.authorized ? undefined : printable(code, 80),
    validTo: printable(String(valid_to ?? ''), 40),
  }
}

function nameOf(issuer: DetailedPeerCertificate['issuer'] | undefined): string | undefined {
  // A name can have several values, and either part can be missing.
  const name: unknown = issuer?.O ?? issuer?.CN
  const first: unknown = Array.isArray(name) ? name[0] : name
  return typeof first === 'string' && first !== '' ? printable(first, 80) : undefined
}
