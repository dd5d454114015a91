// One question to a provider, bounded in time whatever the provider's file does. Closing does not end it at once, because its
// answer may be the only one there is; but a program that is told to stop has ten seconds in all.
// Not here: limits of single requests (the client's http.ts), what an answer means (hear.ts, renewal.ts).

import type { System } from '@countersign/client/system'
import { longestCallSeconds, type Parts, reasonOf } from './parts.ts'

export function createAsk(system: System, closing: AbortSignal, log: Parts['log']): Parts['ask'] {
  return async (provider, question, seconds = longestCallSeconds) => {
    const [call, over] = [new AbortController(), new AbortController()]
    const endAfter = (seconds: number) => void system.sleep(seconds, over.signal).then(() => call.abort())
    const hurry = () => endAfter(closingSeconds)
    endAfter(seconds)
    if (closing.aborted) hurry()
    else closing.addEventListener('abort', hurry, { once: true })
    const note = (event: string, detail: Readonly<Record<string, string | number>>) =>
      log('warn', `provider.${event}`, { ...detail, provider: provider.id })
    try {
      return await question({ system, signal: call.signal, note })
    } catch (error) {
      log('warn', 'provider.failed', { provider: provider.id, reason: reasonOf(error) })
      throw error
    } finally {
      closing.removeEventListener('abort', hurry)
      over.abort()
    }
  }
}

const closingSeconds = 8
