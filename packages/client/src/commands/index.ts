// The commands of a sign-in, for programs that place them among their own.
// Nothing is defined here; the list is table.ts.
export type { Words } from '../completion/words.ts'
export type { Argument, Call, Command, Context, Flag, Flags, RunCall } from './command.ts'
export { EXIT_CODES } from './help.ts'
export { reporting, runCommand } from './run-command.ts'
export { commandsOf } from './table.ts'
