// What `--store` may say, and what is said about where a sign-in is kept.
// Deciding it is ../store-choice.ts; the flag itself is flags.ts.
import { variable } from '../app.ts'
import type { StoreChoice, StoreKind } from '../credentials.ts'
import { type CredentialStore, type Entry, isStoreKind } from '../credentials.ts'
import { clean, UsageError } from '../terminal/terminal.ts'
import { type Context, type Flags, textFlag } from './command.ts'

export function wantedStore(flags: Flags): StoreKind | undefined {
  const text = textFlag(flags, 'store')
  if (text === undefined || isStoreKind(text)) return text
  throw new UsageError(`--store takes file or keychain, not ${clean(text)}`)
}

/** What is kept in the memory of a command is gone when it ends, a second later. */
export function refuseMemory(store: CredentialStore, { app, goesOn }: Context): void {
  if (goesOn || store.remembered().kind !== 'memory') return
  throw new UsageError(
    `A sign-in in memory ends with this command; for that, give the program a token in ${variable(app, 'TOKEN')}`,
  )
}

/** Told once, when it was found out: a keychain that is there and was not used. */
export function sayStoreNews(store: CredentialStore, { terminal }: Pick<Context, 'terminal'>): void {
  const { why, news } = store.remembered()
  const reason = KEYCHAIN_TROUBLE[why]
  if (news && reason) terminal.warn(`${reason}. The sign-in is kept in ${clean(store.directory)} (0600).`)
}

/** Absence is no news on a server or in a container; a keychain that is there and does not work is. */
export function storedWhere({ keptIn }: Entry, path: string, { kind, why }: StoreChoice): string {
  if (keptIn === 'memory') return 'in memory, until this program ends'
  if (keptIn === 'keychain') return `keychain + file ${path} (0600)`
  const reason = kind === 'file' ? KEYCHAIN_TROUBLE[why] : undefined
  return `file ${path} (0600)${reason ? `. ${reason}` : ''}`
}

const KEYCHAIN_TROUBLE: Partial<Record<StoreChoice['why'], string>> = {
  silent: 'The keychain did not answer',
  refused: 'The keychain refused to keep it',
}
