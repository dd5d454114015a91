// Who waits in this process for a flow to change, and the waking of them. Other processes see a change when they read the
// store again (flows.ts, once a second).

export interface Watch {
  changed(flowId: string): void
  /** Resolves at the next change, or when the signal aborts. */
  next(flowId: string, signal: AbortSignal): Promise<void>
}

export function createWatch(): Watch {
  const waiting = new Map<string, Set<() => void>>()
  return {
    changed(flowId) {
      for (const wake of waiting.get(flowId) ?? []) wake()
    },
    next: (flowId, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve()
        const those = waiting.get(flowId) ?? new Set()
        waiting.set(flowId, those)
        const wake = () => {
          those.delete(wake)
          if (those.size === 0) waiting.delete(flowId)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        those.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      }),
  }
}
