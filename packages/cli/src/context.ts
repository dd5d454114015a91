// What every command gets: the terminal, the variables, the ambient system, and a place for its exit code.
// Made once, in program.ts.
import type { System } from '@countersign/client/system'
import type { Exit, Terminal } from './terminal.ts'

export type Context = {
  terminal: Terminal
  env: Record<string, string | undefined>
  system: System
  version: string
  /** Wraps a command's work: reports what it throws (as JSON when asked), keeps its exit code. */
  run: (options: { json?: boolean | undefined }, work: () => Promise<Exit>) => Promise<void>
}
