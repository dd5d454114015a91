// The server's log: pino behind four words, so that a host application can bring its own.
// Secrets are kept out at the call (nothing that holds one is ever passed); redaction is the second fence.

import { pino, stdSerializers } from 'pino'

/** Facts are flat: ids, counts, reasons. Never a token, a code, a password, or a whole request. */
export type Facts = Readonly<Record<string, string | number | boolean | null | undefined | Error>>

export interface Log {
  info(event: string, facts?: Facts): void
  warn(event: string, facts?: Facts): void
  error(event: string, facts?: Facts): void
}

const secretNames = [
  'password',
  'token',
  'code',
  'secret',
  'authorization',
  'cookie',
  'device_code',
  'user_code',
]

// Under pino's own rules only a member named `err` would show more of an Error than `{}`.
const serializers = {
  error: (error: unknown) => (error instanceof Error ? stdSerializers.err(error) : error),
}

export function createLog(level: string): Log {
  // stdout is for the ready line and for people; the log goes to stderr. Lines leave in blocks of half a pipe, since each
  // write would cost a sign-in a twentieth of its time; and after a moment at the latest, since somebody may be watching. They wait
  // as bytes: as text the whole block would be counted again for each line.
  const blocks = pino.destination({
    fd: 2,
    sync: false,
    minLength: 32_000,
    maxWrite: 65_536,
    periodicFlush: 100,
    contentMode: 'buffer',
  })
  const log = pino(
    { level, base: null, redact: { paths: secretNames, censor: '[redacted]' }, serializers },
    // With that content mode it takes bytes, which its types do not know.
    { write: (line) => blocks.write(Buffer.from(line) as unknown as string) },
  )
  const say =
    (method: 'info' | 'warn' | 'error') =>
    (event: string, facts: Facts = {}) =>
      log[method](facts, event)
  return { info: say('info'), warn: say('warn'), error: say('error') }
}

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} }
