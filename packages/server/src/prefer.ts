// The `wait` preference of RFC 7240 §4.3: how long a client is ready to wait for an answer.
// What is held, and how many, is held-polls.ts.

/**
 * Seconds to hold: the first `wait=N` among the preferences, at most `most`. Undefined when there is none, it is malformed, or it
 * comes to nothing; other preferences are ignored (RFC 7240 §2).
 */
export function preferredWait(prefer: string | undefined, most: number): number | undefined {
  if (prefer === undefined || prefer.length > 1000) return undefined
  for (const preference of prefer.split(',')) {
    const [name = '', value = ''] = (preference.split(';')[0] ?? '').split('=')
    if (name.trim().toLowerCase() !== 'wait') continue
    // RFC 7240 §2: "If any preference is specified more than once, only the first instance is to be considered."
    const digits = /^"?(\d{1,9})"?$/.exec(value.trim())?.[1]
    const seconds = digits === undefined ? 0 : Math.min(Number(digits), most)
    return seconds > 0 ? seconds : undefined
  }
  return undefined
}
