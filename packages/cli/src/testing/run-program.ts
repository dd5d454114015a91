// Runs the real program as a process of its own through pipes, with its own empty home. For tests.
// In a pseudo-terminal: test/support/pty.ts of the repository.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))

const homes: string[] = []

export type Finished = { code: number | null; stdout: string; stderr: string }

export function freshEnvironment(): Record<string, string> {
  const home = mkdtempSync(join(tmpdir(), 'countersign-cli-'))
  if (homes.push(home) === 1)
    process.once('exit', () => {
      for (const one of homes) rmSync(one, { recursive: true, force: true })
    })
  return { PATH: process.env.PATH ?? '', HOME: home, COUNTERSIGN_CONFIG_DIR: join(home, 'config') }
}

/** The variables with which a program writes to stderr what it loads, by a file in this directory. */
export function tellingLoads(directory: string): Record<string, string> {
  const hook = join(directory, 'loaded.mjs')
  writeFileSync(
    hook,
    `import { registerHooks } from 'node:module'
     registerHooks({ resolve: (name, context, next) => {
       const found = next(name, context)
       process.stderr.write(found.url + '\\n')
       return found
     } })`,
  )
  return { NODE_OPTIONS: `--import=${hook}` }
}

export async function runProgram(
  args: string[],
  env: Record<string, string>,
  options: { input?: string; cwd?: string; onStderr?: (text: string, child: ChildProcess) => void } = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [main, ...args], { env, stdio: 'pipe', cwd: options.cwd })
  const out = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => {
    out.stdout += chunk
  })
  child.stderr.on('data', (chunk) => {
    out.stderr += chunk
    options.onStderr?.(out.stderr, child)
  })
  child.stdin.end(options.input ?? '')
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, ...out }
}
