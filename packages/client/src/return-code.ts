// The return code from the terminal's side: when the server says that the approving browser shows characters, the person is asked
// for them, and what they type goes along with the next poll. Asking and polling go on side by side, because the person may
// also take the approval back in the browser.
// Not here: the polling (device-login.ts) and the typing itself, which is the caller's (`onReturnCode`).

export type ReturnCodeAsk = {
  /** How many characters the browser shows. */
  length: number
  triesLeft: number
  /** What was typed last was wrong. */
  wrong: boolean
}

/** Rejecting ends the sign-in. The signal is aborted when the answer is no longer wanted. */
export type OnReturnCode = (ask: ReturnCodeAsk, signal: AbortSignal) => Promise<string>

export type ReturnCodeAsker = {
  /** What a pending answer said of it; `sent` is whether this was the answer to a code. */
  hear: (ask: ReturnCodeAsk | undefined, sent: boolean) => void
  /** What was typed and has had no answer yet, to go along with the next poll. */
  take: () => string | undefined
  /** Something was typed that no poll has taken along yet. */
  isReady: () => boolean
  /** Settles when the person has typed or given up; undefined while nobody is asked. */
  typing: () => Promise<void> | undefined
  /** Why there will be no code. */
  failure: () => unknown
  /** Nothing is wanted any more. */
  stop: () => void
}

export function openReturnCodeAsker(
  onReturnCode: OnReturnCode | undefined,
  signal: AbortSignal | undefined,
): ReturnCodeAsker {
  const stopped = new AbortController()
  const wanted = signal ? AbortSignal.any([signal, stopped.signal]) : stopped.signal
  let typing: Promise<void> | undefined
  let code: string | undefined
  let taken = false
  let failure: unknown
  return {
    hear: (ask, sent) => {
      // A code whose answer was lost, or a request to slow down, goes along with the next poll again.
      if (ask === undefined || onReturnCode === undefined) return
      if (sent) code = undefined
      if (typing !== undefined || code !== undefined) return
      typing = onReturnCode(ask, wanted)
        .then(
          (typed) => {
            code = typed.trim().slice(0, MAX_TYPED)
            taken = false
          },
          (error: unknown) => {
            failure = error ?? new Error('no return code')
          },
        )
        .finally(() => {
          typing = undefined
        })
    },
    take: () => {
      taken = true
      return code
    },
    isReady: () => code !== undefined && !taken,
    typing: () => typing,
    failure: () => failure,
    stop: () => stopped.abort(),
  }
}

/** The member `return_code` of a pending answer; undefined for anything that is none. */
export function readReturnCodeAsk(value: unknown): ReturnCodeAsk | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { length, tries_left: triesLeft, wrong } = value as Record<string, unknown>
  if (!isCount(length) || !isCount(triesLeft)) return undefined
  return { length, triesLeft, wrong: wrong === true }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= 20
}

const MAX_TYPED = 64
