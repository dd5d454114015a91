// One question and one line of answer, on stderr and stdin. The terminal stays in its usual mode: Ctrl-C ends the
// program as everywhere. Keys without Enter are live-area.ts.
import { createInterface } from 'node:readline/promises'
import type { Terminal } from './terminal.ts'

/** Undefined when the input ends instead. Ask only where `terminal.interactive`. */
export async function ask(terminal: Terminal, question: string): Promise<string | undefined> {
  const lines = createInterface({ input: terminal.stdin, terminal: false })
  const ended = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)))
  terminal.draw(`  ${question}`)
  try {
    const line = await Promise.race([new Promise<string>((resolve) => lines.once('line', resolve)), ended])
    if (line === undefined) terminal.draw('\n')
    return line?.trim()
  } finally {
    lines.close()
  }
}
