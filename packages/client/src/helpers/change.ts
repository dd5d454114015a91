// One change to the configuration of another program: what it is in words, whether it is needed, and how it is made. What belongs
// to somebody else is never changed. The changes themselves: git-config.ts, docker-config.ts, kubectl-config.ts, npm-config.ts.
import { spawnSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { realProbes } from '../environment.ts'
import type { Binding } from './bindings.ts'

export type Change =
  | { state: 'same' | 'foreign'; what: string }
  | { state: 'needed'; what: string; apply: () => void }

export type Plan = {
  changes: Change[]
  /** What of it is remembered, so that it is known as ours again. */
  written?: string
  /** What is left for the person to do. */
  hint?: string
}

export type Ground = {
  /** The name of our program, and how it is called from elsewhere. */
  command: string
  program: readonly string[]
  prefix: string
  env: Record<string, string | undefined>
  randomName: () => string
  /** The bindings of the same helper to other hosts. */
  others: readonly Binding[]
}

/** What another program needs to change; `binding.written` is what an earlier installation wrote. */
export type Planner = {
  install: (binding: Binding, on: Ground) => Plan
  remove: (binding: Binding, on: Ground) => Plan
}

/** A configuration that cannot be understood is left as it is. */
export class ForeignConfigurationError extends Error {
  readonly code = 'foreign_configuration'
}

/** The program's own name where the PATH has it, which survives updates; else Node and the script. */
export function ownProgram(
  command: string,
  env: Ground['env'],
  argv: readonly string[] = process.argv,
): string[] {
  const script = argv[1]
  const found = realProbes(env).find(command)
  if (found !== undefined && (script === undefined || isSameFile(found, script))) return [found]
  return script === undefined || isSameFile(script, process.execPath)
    ? [process.execPath]
    : [process.execPath, script]
}

function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other)
  } catch {
    return false
  }
}

export function shellQuoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}

export type Ran = { status: number | null; stdout: string; stderr: string }

/** Another program, without a shell. */
export function runTool(tool: string, args: readonly string[], env: Ground['env']): Ran {
  const { status, stdout, stderr, error } = spawnSync(tool, args, { env, encoding: 'utf8', timeout: TOOL_MS })
  if (error && 'code' in error && error.code === 'ENOENT')
    throw new ForeignConfigurationError(`${tool} was not found`)
  if (error) throw new ForeignConfigurationError(`${tool} did not end in time`)
  return { status, stdout, stderr }
}

export function demandTool(tool: string, args: readonly string[], env: Ground['env']): string {
  const { status, stdout, stderr } = runTool(tool, args, env)
  if (status !== 0)
    throw new ForeignConfigurationError(`${tool} ${args[0] ?? ''} failed: ${stderr.trim().slice(0, 300)}`)
  return stdout
}

const TOOL_MS = 20_000
