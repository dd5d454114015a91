// Work under one name, one after the other, within this process; who asks for the very thing that is last in the row shares it.
// Not here: anything between processes (store.ts).

export type InTurn<Result> = (name: string, what: string, work: () => Promise<Result>) => Promise<Result>

export function inTurn<Result>(): InTurn<Result> {
  const last = new Map<string, { readonly what: string; readonly result: Promise<Result> }>()
  return (name, what, work) => {
    const before = last.get(name)
    if (before?.what === what) return before.result
    const result = before === undefined ? work() : before.result.then(work, work)
    const mine = { what, result }
    last.set(name, mine)
    const leave = () => {
      if (last.get(name) === mine) last.delete(name)
    }
    result.then(leave, leave)
    return result
  }
}
