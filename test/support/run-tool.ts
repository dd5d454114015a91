// Programs of others, run to their end without blocking this process: a test may be the server that they talk to.
// The `countersign` program is process.ts.

import { spawn } from 'node:child_process'

export type Ran = { code: number | null; stdout: string; stderr: string }

export function run(program: string, args: string[], env: Record<string, string>, input = ''): Promise<Ran> {
  const child = spawn(program, args, { env, stdio: 'pipe', timeout: 60_000 })
  const said = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => {
      said[stream] += chunk
    })
  // Not every program reads what it is given.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, ...said }))
  })
}
