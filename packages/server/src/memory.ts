// A bounded memory for results that never change: what was asked for lately stays, the rest is worked out again.
// What can change (clients, grants, accounts) is never kept here.

export interface Memory<Value> {
  get(key: string): Value | undefined
  set(key: string, value: Value): void
}

/** Keeps at least the last `most` entries that were used, and at most twice as many. */
export function createMemory<Value>(most: number): Memory<Value> {
  // Two generations: what is used moves to the young one, and when that is full the old one is forgotten whole.
  let young = new Map<string, Value>()
  let old = new Map<string, Value>()
  function set(key: string, value: Value): void {
    if (young.size >= most) {
      old = young
      young = new Map()
    }
    young.set(key, value)
  }
  return {
    get(key) {
      const value = young.get(key)
      if (value !== undefined) return value
      const older = old.get(key)
      if (older !== undefined) set(key, older)
      return older
    },
    set,
  }
}
