// A renewal that failed for a passing reason, told to the other processes that wait for it: without this fifty
// of them would ask a server that is down one after the other, three times each; and a server that named a time
// is left alone until then. Not here: renewing (refresh.ts).
import { readPrivateFile, writePrivateFile } from './credential-file.ts'
import { AnswerError, NetworkError, StoreError } from './errors.ts'
import { parseObject } from './json.ts'
import type { System } from './system.ts'

export function shareFailure(path: string | undefined, error: unknown, system: System): void {
  if (path === undefined || !(error instanceof AnswerError || error instanceof NetworkError)) return
  const { code, host, message } = error
  const answer =
    error instanceof AnswerError
      ? { status: error.status, title: error.title, retryAfterSeconds: error.retryAfterSeconds }
      : {}
  const note = { at: system.now(), code, host, message, ...answer }
  try {
    writePrivateFile(path, `${JSON.stringify(note)}\n`, system)
  } catch (failure) {
    // The others find out for themselves.
    if (!(failure instanceof StoreError)) throw failure
  }
}

/** The failure that somebody met after `since`, or that says how long to wait and is not over. */
export function sharedFailure(path: string | undefined, since: number, system: System): Error | undefined {
  const note = path === undefined ? undefined : readNote(path)
  if (!note) return undefined
  const age = system.now() - note.at
  // A clock that was set back makes it a note from the future: worth nothing.
  if (age < -1 || age > LONGEST_SECONDS) return undefined
  const wait = note.retryAfterSeconds === undefined ? 0 : Math.min(note.retryAfterSeconds, LONGEST_SECONDS)
  if (note.at <= since && age >= wait) return undefined
  const { code, host, message, status, title } = note
  if (code === 'network' || code === 'timeout') return new NetworkError(code, host, message)
  return new AnswerError(code, message, {
    host,
    status,
    ...(title === undefined ? {} : { title }),
    ...(wait > age ? { retryAfterSeconds: Math.ceil(wait - age) } : {}),
  })
}

type Note = {
  at: number
  code: AnswerError['code'] | 'network' | 'timeout'
  host: string
  message: string
  status: number
  title: string | undefined
  retryAfterSeconds: number | undefined
}

function readNote(path: string): Note | undefined {
  const file = readQuietly(path)
  const { at, code, host, message, status, title, retryAfterSeconds } = parseObject(file) ?? {}
  if (typeof at !== 'number' || typeof host !== 'string' || typeof message !== 'string') return undefined
  const known = CODES.find((it) => it === code)
  return known === undefined
    ? undefined
    : {
        at,
        code: known,
        host,
        message,
        status: typeof status === 'number' ? status : 0,
        title: typeof title === 'string' ? title : undefined,
        retryAfterSeconds: typeof retryAfterSeconds === 'number' ? retryAfterSeconds : undefined,
      }
}

function readQuietly(path: string): string {
  try {
    const file = readPrivateFile(path)
    return file === 'missing' ? '' : file.text
  } catch (error) {
    if (error instanceof StoreError) return ''
    throw error
  }
}

const CODES = [
  'network',
  'timeout',
  'html_answer',
  'malformed_answer',
  'answer_too_large',
  'unexpected_redirect',
  'server_unavailable',
] as const
// No server can keep a program from asking for longer than this.
const LONGEST_SECONDS = 60
