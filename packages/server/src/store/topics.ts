// Who waits for what inside this process: topics and the functions to call.
// How a notice crosses processes is each store's matter: sqlite-notices.ts, postgres-notices.ts.

export interface Topics {
  watch(topic: string, wake: () => void): () => void
  wake(topic: string): void
  /** For a notice that may have been lost: everybody looks again. */
  wakeAll(): void
  readonly size: number
}

export function createTopics(): Topics {
  const watchers = new Map<string, Set<() => void>>()
  return {
    watch(topic, wake) {
      const waiting = watchers.get(topic) ?? new Set()
      watchers.set(topic, waiting.add(wake))
      return () => {
        waiting.delete(wake)
        if (waiting.size === 0 && watchers.get(topic) === waiting) watchers.delete(topic)
      }
    },
    wake(topic) {
      for (const wake of [...(watchers.get(topic) ?? [])]) wake()
    },
    wakeAll() {
      for (const waiting of [...watchers.values()]) for (const wake of [...waiting]) wake()
    },
    get size() {
      return watchers.size
    },
  }
}
