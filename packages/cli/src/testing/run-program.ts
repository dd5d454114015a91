// Runs the real program as a process of its own, through pipes or in a real pseudo-terminal, with its own
// empty home. For tests.
import { spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

export type Finished = { code: number | null; stdout: string; stderr: string }

export function freshEnvironment(): Record<string, string> {
  const home = mkdtempSync(join(tmpdir(), 'countersign-cli-'))
  return { PATH: process.env.PATH ?? '', HOME: home, COUNTERSIGN_CONFIG_DIR: join(home, 'config') }
}

export async function runProgram(
  args: string[],
  env: Record<string, string>,
  options: { input?: string; onStderr?: (text: string) => void } = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [main, ...args], { env, stdio: 'pipe' })
  const out = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    out.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    out.stderr += chunk
    options.onStderr?.(out.stderr)
  })
  child.stdin.end(options.input ?? '')
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, ...out }
}

export type Pty = {
  /** Everything so far, escape sequences included. */
  raw: () => string
  /** Without escape sequences; redrawn lines follow each other. */
  text: () => string
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

export async function runInPty(
  args: string[],
  env: Record<string, string>,
  size: { cols: number; rows: number } = { cols: 80, rows: 40 },
): Promise<Pty> {
  const { spawn: spawnPty } = await import('@lydell/node-pty')
  const pty = spawnPty(process.execPath, [main, ...args], {
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
