// What a command is, apart from any option parser: its words, its flags, and how it is run. The list of
// commands is table.ts; running one and reporting what it throws is run-command.ts; parsers are adapters/.
import type { App } from '../app.ts'
import type { System } from '../system.ts'
import type { Exit, Terminal } from '../terminal/terminal.ts'

/** What every command gets. */
export type Context = {
  app: App
  terminal: Terminal
  env: Record<string, string | undefined>
  /** Where the person is: projects are looked for from here upwards. */
  cwd: string
  system: System
}

export type Flag = {
  /** The long form without dashes, such as `client-id`; commands read it as `clientId`. */
  name: string
  /** What stands for the value in the usage line; without it the flag is on or off. */
  value?: string
  description: string
}

export type Argument = {
  name: string
  description: string
  required?: boolean
  /** Takes all that follows, flags of others included. */
  rest?: boolean
}

export type Flags = { readonly [name: string]: string | boolean | undefined }

export type Call = { flags: Flags; args: readonly string[] }

export type Command = {
  name: string
  summary: string
  arguments?: readonly Argument[]
  flags: readonly Flag[]
  load: () => Promise<{ run: (call: Call, context: Context) => Promise<Exit> }>
}

/** The value of a flag that takes one; empty counts as absent, so that unset shell variables do no harm. */
export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

export function isOn(flags: Flags, name: string): boolean {
  return flags[name] === true
}

/** `client-id` is read as `clientId`. */
export function flagKey(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_dash, letter: string) => letter.toUpperCase())
}
