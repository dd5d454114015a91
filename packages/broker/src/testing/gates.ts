// Stops everything that awaits a store or a provider at a gate, and lets it on one gate at a time, in the order that a test chooses.
// Which program runs is carried along by the awaiting itself, so that programs inside one node are told apart.
// Not here: which orders there are (interleavings.ts). For tests.

import { AsyncLocalStorage } from 'node:async_hooks'
import { hash } from 'node:crypto'

export interface Gate {
  readonly node: string
  /** Which program of that node. */
  readonly program: string
  readonly what: string
  readonly args: string
  /** It may fail before or after it was done. */
  readonly mayFail: boolean
  readonly run: () => Promise<unknown>
  readonly go: (result: unknown) => void
  readonly fail: (error: Error) => void
}

export interface Gates {
  readonly waiting: Gate[]
  /** What each program has heard so far; two runs in which all heard the same are in the same place. */
  readonly heard: Map<string, string>
  /** Everything that runs under this name is one program. */
  as<Result>(program: string, work: () => Result): Result
  /** The same object, every method of it a gate. */
  guard<Room extends object>(node: string, room: Room, how: Guarding): Room
  stop(
    node: string,
    what: string,
    args: unknown,
    run: () => Promise<unknown>,
    mayFail?: boolean,
  ): Promise<unknown>
  /** Lets one on. */
  open(gate: Gate, how: 'done' | 'failed' | 'lost'): Promise<void>
  /** Nothing of this node goes on any more. */
  kill(node: string): void
  /** Differs from program to program, and is the same in every run. */
  randomBytes(count: number): Uint8Array
}

interface Guarding {
  readonly name: string
  /** Methods that are no gates. */
  readonly free?: readonly string[]
}

export class Failure extends Error {}

export function createGates(): Gates {
  const programs = new AsyncLocalStorage<string>()
  const waiting: Gate[] = []
  const heard = new Map<string, string>()
  const drawn = new Map<string, number>()
  const dead = new Set<string>()
  const program = () => programs.getStore() ?? 'main'

  const stop: Gates['stop'] = (node, what, args, run, mayFail = false) =>
    new Promise((go, fail) => {
      if (dead.has(node)) return
      waiting.push({ node, program: program(), what, args: JSON.stringify(args), mayFail, run, go, fail })
    })

  return {
    waiting,
    heard,
    as: (name, work) => programs.run(name, work),
    stop,
    guard: (node, room, { name, free = [] }) =>
      new Proxy(room, {
        get(target, method) {
          const value: unknown = Reflect.get(target, method)
          if (typeof value !== 'function' || typeof method !== 'string') return value
          return (...args: unknown[]) => {
            const run = async (): Promise<unknown> => value.apply(target, args)
            if (dead.has(node)) return new Promise(() => {})
            return free.includes(method) ? run() : stop(node, `${name}.${method}`, args, run, true)
          }
        },
      }),
    async open(gate, how) {
      waiting.splice(waiting.indexOf(gate), 1)
      const result = how === 'failed' ? undefined : await gate.run()
      const before = heard.get(gate.program) ?? ''
      const event = `${before} ${gate.what} ${gate.args} ${how} ${JSON.stringify(result) ?? ''}`
      heard.set(gate.program, hash('sha256', event))
      if (how === 'done') gate.go(result)
      else gate.fail(new Failure(`${gate.what} ${how}`))
    },
    kill(node) {
      dead.add(node)
      const gone = waiting.filter((gate) => gate.node === node)
      for (const gate of gone) waiting.splice(waiting.indexOf(gate), 1)
    },
    randomBytes(count) {
      const number = (drawn.get(program()) ?? 0) + 1
      drawn.set(program(), number)
      return hash('sha512', `${program()} ${number}`, 'buffer').subarray(0, count)
    },
  }
}
