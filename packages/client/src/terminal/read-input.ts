// All of stdin as text, for what another program pipes in: bounded, because whoever is at the other end may never stop.
// One line that a person types is ask.ts.
import { type Terminal, UsageError } from './terminal.ts'

export async function readInput({ stdin }: Pick<Terminal, 'stdin'>): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_BYTES) throw new UsageError('too much came on stdin')
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const MAX_BYTES = 64 * 1024
