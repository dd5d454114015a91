// The commands of a sign-in, for programs that place them among their own.
// Nothing is defined here; the list is table.ts.
export type { Argument, Call, Command, Context, Flag, Flags } from './command.ts'
export { reporting, runCommand } from './run-command.ts'
export { commandsOf } from './table.ts'
