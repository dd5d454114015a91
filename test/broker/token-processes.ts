// Starts token-process.ts, hears what each of them says, and ends them: those that stand still with SIGKILL.
// What they are asked for is renewal-storm.ts.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Order, Said, TokenJob } from './token-process.ts'

export interface TokenProcess {
  /** The next thing that it says; `gone` when it has ended. */
  next(): Promise<Said | { readonly type: 'gone' }>
  order(order: Order): void
  kill(): void
  /** Continues one that is stopped; what it says then. */
  goOn(): ReturnType<TokenProcess['next']>
  /** Lets it end by itself. */
  end(): Promise<void>
}

/** Resolves when it has opened its store. */
export async function startTokenProcess(job: TokenJob): Promise<TokenProcess> {
  const child = fork(join(import.meta.dirname, 'token-process.ts'), [JSON.stringify(job)])
  const started = asTokenProcess(child)
  const first = await started.next()
  if (first.type !== 'ready') throw new Error(`a process of the test began with ${JSON.stringify(first)}`)
  return started
}

function asTokenProcess(child: ChildProcess): TokenProcess {
  const said: (Said | { readonly type: 'gone' })[] = []
  const waiting: (() => void)[] = []
  const hear = (one: Said | { readonly type: 'gone' }) => {
    said.push(one)
    waiting.shift()?.()
  }
  const gone = once(child, 'exit')
  child.on('message', (message) => hear(message as Said))
  child.once('exit', () => hear({ type: 'gone' }))
  const next: TokenProcess['next'] = async () => {
    if (said.length === 0) await new Promise<void>((resolve) => waiting.push(resolve))
    return said.shift() ?? { type: 'gone' }
  }
  return {
    next,
    async goOn() {
      // It says that it stops just before it does.
      const again = setInterval(() => child.kill('SIGCONT'), 20)
      return next().finally(() => clearInterval(again))
    },
    order: (order) => void child.send(order),
    kill: () => void child.kill('SIGKILL'),
    async end() {
      if (child.connected) child.disconnect()
      await gone
    },
  }
}
