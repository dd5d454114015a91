// Which processor core each part of the benchmark runs on: the server under test alone on one, the load
// (and a database that is a process of its own) on another. Without `taskset` or a second core nothing is
// pinned, and the report says so.
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

export type Part = 'server' | 'load'

export const canPin =
  availableParallelism() > 1 && spawnSync('taskset', ['-c', '0', 'true'], { stdio: 'ignore' }).status === 0

export function pinned(part: Part, command: string[]): string[] {
  return canPin ? ['taskset', '-c', part === 'server' ? '0' : '1', ...command] : command
}

/** Moves this process, and with it whatever it starts from now on and does not pin elsewhere, to a part's core. */
export function pinSelf(part: Part): void {
  if (canPin) spawnSync('taskset', ['-a', '-c', '-p', part === 'server' ? '0' : '1', String(process.pid)])
}
