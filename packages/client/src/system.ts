// Everything ambient that the client needs: clocks, randomness, network, sleeping, log. The only file of
// this room that touches them; every function takes a `System` as an argument, so that tests can drive
// time. Not here: the environment's variables and file paths (credentials.ts).
import { randomBytes } from 'node:crypto'

export type System = {
  /** Wall clock in seconds. May be wrong or jump. */
  now: () => number
  /** Seconds that never jump; only differences mean anything. */
  monotonic: () => number
  randomName: () => string
  /** From the operating system's generator. */
  randomBytes: (count: number) => Uint8Array
  fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Resolves early, without an error, when the signal aborts. */
  sleep: (seconds: number, signal?: AbortSignal) => Promise<void>
  log: (entry: LogEntry) => void
}

/** Never holds a token, a code or a password. */
export type LogEntry = { event: string; [detail: string]: string | number | boolean | undefined }

export const system: System = {
  now: () => Date.now() / 1000,
  monotonic: () => performance.now() / 1000,
  randomName: () => randomBytes(9).toString('base64url'),
  randomBytes: (count) => randomBytes(count),
  fetch: (url, init) => fetch(url, init),
  sleep: (seconds, signal) => sleepUntil(seconds * 1000, signal),
  log: () => {},
}

function sleepUntil(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, milliseconds)
    signal?.addEventListener('abort', end, { once: true })
  })
}
