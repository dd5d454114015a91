// One keep-alive connection of the load generator: raw HTTP/1.1 over a socket, one request in flight.
// It reads only what it must (status, length, the end of the body), so that the generator is never the bottleneck.
// What to send and when to stop is decided by load.ts.
import { connect, type Socket } from 'node:net'

export type Connection = { send: (request: Buffer) => void; close: () => void }

/** Opens a connection; `answered` is called with every whole answer, `broken` when the server hangs up. */
export function openConnection(
  port: number,
  answered: (answer: string) => void,
  broken: (why: string) => void,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let open = false
    let closed = false
    let received = ''
    socket.once('connect', () => {
      open = true
      resolve({
        send: (request) => socket.write(request),
        close: () => {
          closed = true
          socket.destroy()
        },
      })
    })
    socket.on('data', (chunk: Buffer) => {
      received = received === '' ? chunk.toString('latin1') : received + chunk.toString('latin1')
      if (!isWhole(received)) return
      const answer = received
      received = ''
      answered(answer)
    })
    socket.on('error', (error) => (open ? undefined : reject(error)))
    socket.on('close', () => {
      if (open && !closed) broken(`connection closed after ${received.length} bytes of an answer`)
    })
  })
}

function isWhole(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return false
  const length = contentLength(text, headEnd)
  if (length !== -1) return text.length >= headEnd + 4 + length
  // RFC 9112 §7.1: the last chunk has size zero; no server here sends trailers.
  if (/^transfer-encoding:\s*chunked/im.test(text.slice(0, headEnd))) return text.endsWith('\r\n0\r\n\r\n')
  return true
}

function contentLength(text: string, headEnd: number): number {
  let at = text.indexOf('ontent-')
  while (at !== -1 && at < headEnd) {
    const colon = at + 13
    if (text.charCodeAt(colon) === 58 && /^ength$/i.test(text.slice(at + 8, colon))) {
      return Number.parseInt(text.slice(colon + 1, colon + 12), 10)
    }
    at = text.indexOf('ontent-', at + 7)
  }
  return -1
}
