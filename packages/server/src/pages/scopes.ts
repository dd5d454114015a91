// Scopes in plain words (standards.md UI-11), and which of them deserve a second look.
// The words for scopes of other services come with the catalogue that an administrator keeps; until then their name is shown.

export interface ScopeInWords {
  readonly words: string
  /** The scope itself, where it is not one of ours and so says more than we can. */
  readonly name?: string
  /** Why to be careful; shown as a word with a sign, not only as a colour. */
  readonly risk?: string
}

const known: ReadonlyMap<string, string> = new Map([
  ['openid', 'know who you are'],
  ['profile', 'see your name'],
  ['email', 'see your e-mail address'],
  ['offline_access', 'stay signed in while you are away'],
])

export function scopeInWords(scope: string): ScopeInWords {
  const words = known.get(scope)
  if (words !== undefined) return { words }
  const risk = riskOf(scope)
  return { words: 'use the permission', name: scope, ...(risk === undefined ? {} : { risk }) }
}

// A guess by name, and only ever a warning too many: the words that services use for what cannot be taken back.
function riskOf(scope: string): string | undefined {
  if (/admin|root|owner|sudo|\*/i.test(scope)) return 'this is full control'
  if (/delete|destroy|remove/i.test(scope)) return 'this can delete things'
  if (/write|manage|create|update|edit|deploy|publish|send|pay|billing/i.test(scope))
    return 'this can change things'
  return undefined
}
