// What a check of `doctor` gives, and how checks are run: all at once, each with its own limit of time, none able to stop the others.
// The checks are network-checks.ts and local-checks.ts; printing them is ../commands/doctor.ts.
import { isCountersignError } from '../errors.ts'
import type { System } from '../system.ts'

export type Finding = {
  state: 'ok' | 'warning' | 'wrong'
  detail: string
  /** What to do about it. */
  advice?: string
}

export type Check = { name: string; limitSeconds?: number; look: () => Finding | Promise<Finding> }

export type Result = Finding & { name: string }

export const ok = (detail: string): Finding => ({ state: 'ok', detail })

export const warning = (detail: string, advice?: string): Finding => ({
  state: 'warning',
  detail,
  ...(advice === undefined ? {} : { advice }),
})

export const wrong = (detail: string, advice?: string): Finding => ({
  state: 'wrong',
  detail,
  ...(advice === undefined ? {} : { advice }),
})

export function runChecks(checks: readonly Check[], system: System): Promise<Result[]> {
  return Promise.all(checks.map(async (check) => ({ name: check.name, ...(await within(check, system)) })))
}

async function within({ look, limitSeconds = LIMIT_SECONDS }: Check, system: System): Promise<Finding> {
  const done = new AbortController()
  const late = system.sleep(limitSeconds, done.signal).then(() => wrong(`no answer within ${limitSeconds} s`))
  try {
    return await Promise.race([Promise.resolve().then(look), late])
  } catch (error) {
    return wrong(wordsOf(error))
  } finally {
    done.abort()
  }
}

export function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed without a reason'
  const code = !isCountersignError(error) && 'code' in error ? ` (${String(error.code)})` : ''
  return error.message.includes(code.slice(2, -1) || '\0') ? error.message : `${error.message}${code}`
}

const LIMIT_SECONDS = 8
