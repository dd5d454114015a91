// The `countersign` program in a real pseudo-terminal: what it prints, the keys it is sent, how it ends.
// Through pipes: process.ts.

import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { spawn as spawnPty } from '@lydell/node-pty'

const main = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'src', 'main.ts')

export type Pty = {
  /** Everything so far, escape sequences included. */
  raw: () => string
  /** Without escape sequences; redrawn lines follow each other. */
  text: () => string
  /** The same without the line that stands there only where the server, or this machine, takes long. */
  transcript: () => string
  type: (keys: string) => void
  /** Resolves once the text holds it; rejects when the program ends before. */
  until: (expected: string | RegExp) => Promise<void>
  ended: Promise<number>
}

const terminals = new Set<{ kill: () => void }>()

/** Ends what a failed test left waiting. */
export function endTerminals(): void {
  for (const terminal of terminals) terminal.kill()
  terminals.clear()
}

export function runInPty(
  args: string[],
  env: Record<string, string>,
  { program = main, ...size }: { cols: number; rows: number; cwd?: string; program?: string } = {
    cols: 80,
    rows: 40,
  },
): Pty {
  const pty = spawnPty(process.execPath, [program, ...args], {
    ...size,
    name: 'xterm-256color',
    env: { TERM: 'xterm-256color', ...env },
  })
  let raw = ''
  const waiting = new Set<() => void>()
  pty.onData((data) => {
    raw += data
    for (const check of waiting) check()
  })
  const own = { kill: () => pty.kill('SIGKILL') }
  terminals.add(own)
  const ended = new Promise<number>((resolve) =>
    pty.onExit(({ exitCode }) => {
      terminals.delete(own)
      resolve(exitCode)
    }),
  )
  const text = (): string => stripVTControlCharacters(raw).replaceAll('\r\n', '\n')
  return {
    raw: () => raw,
    text,
    transcript: () => text().replace(/^ {2}Contacting \S+…\n/m, ''),
    type: (keys) => pty.write(keys),
    ended,
    until: (expected) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          const found = typeof expected === 'string' ? text().includes(expected) : expected.test(text())
          if (!found) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
        void ended.then((code) => reject(new Error(`ended with ${code} before ${expected}:\n${text()}`)))
      }),
  }
}
