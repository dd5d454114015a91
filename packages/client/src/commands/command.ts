// What a command is, apart from any option parser: its words, its flags, and how it is run. The list of
// commands is table.ts; running one and reporting what it throws is run-command.ts; parsers are adapters/.
import type { App } from '../app.ts'
import type { Words } from '../completion/words.ts'
import type { CredentialStore } from '../credential.ts'
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
  /** What is kept in memory only, for as long as the program runs. */
  memory?: CredentialStore
  /** The command is a step of a program that goes on after it. */
  goesOn?: boolean
  /** What the program has beside the commands of its sign-in, for completion. */
  moreCommands?: () => Promise<readonly Words[]>
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
  /** Any number of words; flags of the command may stand between them. */
  many?: boolean
  /** What it can be, for completion. */
  choices?: readonly string[]
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

/** Runs one command to its end and keeps its exit code; what parsers are given instead of a command's insides. */
export type RunCall = (command: Command, call: Call) => Promise<void>

/** The same for parsers that leave the words after the command's name to it. */
export type RunWords = (command: Command, words: readonly string[]) => Promise<void>

/**
 * A call from what a parser found, whatever it calls things: `find` gets the long name. Some parsers take `--no-wait` for
 * `wait: false`, and make a list of what was given twice; here it is a flag of its own, and of a value the last one counts.
 * What is not of the right kind counts as absent.
 */
export function callOf(
  command: Command,
  find: (name: string) => unknown,
  args: readonly unknown[] = [],
): Call {
  const flags: Record<string, string | boolean | undefined> = {}
  for (const { name, value } of command.flags) {
    const found = [find(name)].flat()
    const negated = name.startsWith('no-') && [find(name.slice(3))].flat().includes(false)
    const text = found.findLast((one) => typeof one === 'string')
    if (value === undefined ? found.includes(true) || negated : text !== undefined)
      flags[flagKey(name)] = value === undefined ? true : text
  }
  return { flags, args: args.flat().filter((arg) => typeof arg === 'string') }
}
