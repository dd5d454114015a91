// The programs in examples/ as real processes, with nothing inherited from whoever runs the tests: run to their end, or
// started and stopped. The `countersign` program itself is process.ts.

import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { runProgram } from './process.ts'

const examples = join(import.meta.dirname, '..', '..', 'examples')

export type Ran = { code: number | null; stdout: string; stderr: string }

export type ExampleOptions = {
  /** Working directory and HOME. */
  home: string
  env: Record<string, string>
  args?: string[]
  /** Gets all of stderr so far, whenever there is more; when what it begins fails, the program is ended. */
  onTalk?: (stderr: string) => Promise<unknown> | undefined
}

/** Runs `examples/<path>` to its end. */
export function runExample(path: string, options: ExampleOptions): Promise<Ran> {
  const { child, said, failed } = launch(path, options)
  return new Promise((resolve, reject) => {
    failed.catch(reject)
    child.once('close', (code) => resolve({ code, ...said }))
  })
}

/** Starts `examples/<path>`, which serves; resolves when it has said so on its first line. */
export async function startExample(
  path: string,
  options: ExampleOptions,
): Promise<{ stop: () => Promise<void> }> {
  const { child, said, failed } = launch(path, options)
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    failed.catch(reject)
    void closed.then(() => reject(new Error(`${path} ended: ${said.stdout}${said.stderr}`)))
  })
  return {
    stop: () => {
      child.kill()
      return closed
    },
  }
}

function launch(path: string, { home, env, args = [], onTalk }: ExampleOptions) {
  const child: ChildProcess = spawn(process.execPath, [join(examples, path), ...args], {
    cwd: home,
    env: { PATH: process.env.PATH, HOME: home, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  const said = { stdout: '', stderr: '' }
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject)
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      said.stderr += chunk
      onTalk?.(said.stderr)?.catch((error: unknown) => {
        child.kill()
        reject(error)
      })
    })
  })
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    said.stdout += chunk
  })
  return { child, said, failed }
}

/** `countersign resources add`, open to every client; `scopes` are what can be done there, in words. */
export async function addResource(data: string, id: string, scopes: Record<string, string>): Promise<void> {
  const words = Object.entries(scopes).flatMap(([scope, meaning]) => ['--scope', `${scope}=${meaning}`])
  const args = ['resources', 'add', id, '--name', 'Notes', ...words, '--open', '--data', data]
  const { code, stdout, stderr } = await runProgram(args)
  if (code !== 0) throw new Error(`resources add ended with ${code}: ${stdout}${stderr}`)
}
