// Runs `countersign serve` as a process of its own on a free port, and other commands on the same data.
// For tests.
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../main.ts', import.meta.url))
const running = new Set<ChildProcess>()

export type Served = {
  child: ChildProcess
  /** The first line of stdout with --json. */
  line: Record<string, unknown>
  ended: Promise<{ code: number | null; stderr: string }>
}

export async function serveProgram(
  data: string,
  env: Record<string, string>,
  ...more: string[]
): Promise<Served> {
  const args = [main, 'serve', '--json', '--port', '0', '--data', data, ...more]
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  let stderr = ''
  child.stderr?.on('data', (chunk) => {
    stderr += chunk
  })
  const ended = new Promise<{ code: number | null; stderr: string }>((resolve) =>
    child.on('close', (code) => {
      running.delete(child)
      resolve({ code, stderr })
    }),
  )
  let out = ''
  const first = new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      out += chunk
      if (out.includes('\n')) resolve(out.split('\n')[0] ?? '')
    })
    void ended.then(({ code }) => reject(new Error(`serve ended with ${code}: ${stderr}`)))
  })
  return { child, line: JSON.parse(await first), ended }
}

/** Ends what a test left running. */
export function endServers(): void {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
}
