// Which flows are due next, of any number: a binary heap, so that a look at it costs nothing that grows with those who wait.
// An entry that a later one took the place of stays until its turn comes, and is dropped then. The flows are memory.ts.

export interface DueOrder {
  add(id: string, dueAt: number): void
  /** In order, those whose entry still holds: until their time is after `now`, or there are `limit`. */
  first(now: number, limit: number): readonly string[]
}

interface Entry {
  readonly id: string
  readonly dueAt: number
}

/** `dueAtOf` says what holds now; undefined where nothing does. */
export function dueOrder(dueAtOf: (id: string) => number | undefined): DueOrder {
  const heap: Entry[] = []
  const at = (index: number): number => heap[index]?.dueAt ?? Number.POSITIVE_INFINITY

  function add(entry: Entry): void {
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (at(parent) <= entry.dueAt) break
      heap[index] = heap[parent] as Entry
      index = parent
    }
    heap[index] = entry
  }

  function take(): Entry | undefined {
    const [top] = heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return top
    let index = 0
    for (;;) {
      const left = 2 * index + 1
      const child = at(left + 1) < at(left) ? left + 1 : left
      if (last.dueAt <= at(child)) break
      heap[index] = heap[child] as Entry
      index = child
    }
    heap[index] = last
    return top
  }

  return {
    add: (id, dueAt) => add({ id, dueAt }),
    first(now, limit) {
      const found = new Map<string, Entry>()
      while (found.size < limit && at(0) <= now) {
        const entry = take()
        if (entry !== undefined && dueAtOf(entry.id) === entry.dueAt) found.set(entry.id, entry)
      }
      for (const entry of found.values()) add(entry)
      return [...found.keys()]
    },
  }
}
