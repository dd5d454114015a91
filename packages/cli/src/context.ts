// What every command gets: the terminal, the variables, the ambient system, and a place for its exit code.
// Made once, in program.ts.
import type { Context as ClientContext } from '@countersign/client/commands'
import type { Exit } from '@countersign/client/terminal'

export type Context = ClientContext & {
  /** Wraps a command's work: reports what it throws (as JSON when asked), keeps its exit code. */
  run: (options: { json?: boolean | undefined }, work: () => Promise<Exit>) => Promise<void>
}
