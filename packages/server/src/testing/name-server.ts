// A real DNS server on loopback (RFC 1035, only as much as a resolver needs): it answers what the test says, or nothing at all.
// Who asks it is ../resolve-name.ts. Not for production.

import { createSocket } from 'node:dgram'
import type { AddressInfo } from 'node:net'

export interface NameServer {
  readonly address: string
  /** The questions as they came, with repetitions: `A name`, `AAAA name`. */
  readonly asked: readonly string[]
  /** Resolves with the next question. */
  next(): Promise<void>
  close(): Promise<void>
}

/** Addresses by name; a name that is not there gets no answer, ever. */
export async function startNameServer(
  names: Readonly<Record<string, readonly string[]>>,
): Promise<NameServer> {
  const socket = createSocket('udp4')
  const asked: string[] = []
  let noticed = () => {}
  socket.on('message', (query, { address, port }) => {
    const { name, end } = nameIn(query)
    const six = query.readUInt16BE(end) === 28
    asked.push(`${six ? 'AAAA' : 'A'} ${name}`)
    const known = names[name]?.filter((one) => one.includes(':') === six)
    if (known !== undefined) socket.send(answerTo(query, end, six, known), port, address)
    noticed()
  })
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound))
  return {
    address: `127.0.0.1:${(socket.address() as AddressInfo).port}`,
    asked,
    next: () =>
      new Promise((resolve) => {
        noticed = resolve
      }),
    close: () => new Promise((closed) => socket.close(() => closed())),
  }
}

const headerBytes = 12

function nameIn(query: Buffer): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let at = headerBytes
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += length + 1
  }
  return { name: labels.join('.').toLowerCase(), end: at + 1 }
}

function answerTo(query: Buffer, end: number, six: boolean, addresses: readonly string[]): Buffer {
  const header = Buffer.from(query.subarray(0, headerBytes))
  // A response, with recursion, without an error; one question and no additional records.
  header.writeUInt16BE(0x8180, 2)
  header.writeUInt16BE(addresses.length, 6)
  header.writeUInt32BE(0, 8)
  const records = addresses.map((address) => {
    const bytes = six ? sixBytes(address) : Buffer.from(address.split('.').map(Number))
    const head = Buffer.from([0xc0, headerBytes, 0, six ? 28 : 1, 0, 1, 0, 0, 0, 60, 0, bytes.length])
    return Buffer.concat([head, bytes])
  })
  return Buffer.concat([header, query.subarray(headerBytes, end + 4), ...records])
}

/** Written in full, or with one gap. */
function sixBytes(address: string): Buffer {
  const [left = [], right = []] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const groups = [...left, ...Array<string>(8 - left.length - right.length).fill('0'), ...right]
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex')
}
