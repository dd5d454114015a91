// What administrators may ask for that reads a great part of the database: done one at a time on each node and so often a minute,
// whoever asks, so that a token that only looks cannot keep the database from everybody else. Which operations these are is said
// where they are described (api-operation.ts).

// The one limiter that is used, as in ../throttle.ts.
import RateLimiterMemory from 'rate-limiter-flexible/lib/RateLimiterMemory.js'
import { consume } from '../throttle.ts'
import { AdminError } from './admin-error.ts'

export interface HeavyWork {
  /** The answer to the question; who asks the same while it is looked for shares it. Throws AdminError where others are at work. */
  run<T>(question: string, work: () => Promise<T>): Promise<T>
}

const perMinute = 60

export function createHeavyWork(): HeavyWork {
  const budget = new RateLimiterMemory({ points: perMinute, duration: 60 })
  let current: { readonly question: string; readonly answer: Promise<unknown> } | undefined

  async function answer<T>(work: () => Promise<T>): Promise<T> {
    const braked = await consume([budget, 'everybody'])
    if (braked) throw new AdminError('busy', 'Too much of this was asked for.', braked.retryAfterSeconds)
    return work()
  }

  return {
    async run<T>(question: string, work: () => Promise<T>) {
      if (current?.question === question) return current.answer as Promise<T>
      if (current !== undefined) throw new AdminError('busy', 'Another one is being worked on.')
      const mine = { question, answer: answer(work) }
      current = mine
      try {
        return await mine.answer
      } finally {
        current = undefined
      }
    },
  }
}
