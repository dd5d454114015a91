// Scopes in plain words (standards.md UI-11), which of them deserve a second look, and which a person may leave out.
// Ours are here; those of other services come from the catalogue that an administrator keeps with each resource. A scope that
// nobody has put into words is shown by its name. How they look on a page is request-facts.ts and consent.ts.

import { type Client, connectionExchange, type ScopeMeaning } from '@countersign/protocol'
import { registeredOf } from '../asked.ts'
import type { Services } from '../services.ts'

export interface ScopeInWords {
  readonly scope: string
  readonly words: string
  /** The scope itself, where nobody has put it into words and so its name says more than we can. */
  readonly name?: string
  /** Why to be careful; shown as a word with a sign, not only as a colour. */
  readonly risk?: string
  readonly optional: boolean
}

interface OwnScope {
  readonly words: string
  readonly risk?: string
  readonly optional: boolean
}

// What they mean is fixed by OIDC Core §5.4 and §11, so no resource may say otherwise. Without `openid` a sign-in is no
// sign-in; a name or an address can be kept to oneself.
const own: ReadonlyMap<string, OwnScope> = new Map([
  ['openid', { words: 'know who you are', optional: false }],
  ['profile', { words: 'see your name', optional: true }],
  ['email', { words: 'see your e-mail address', optional: true }],
  ['offline_access', { words: 'stay signed in while you are away', optional: false }],
  // Of this server's own API (admin/api-scopes.ts).
  [
    'countersign:account',
    {
      words: 'see and end your sign-ins, and what you agreed to',
      risk: 'this can sign you out elsewhere',
      optional: false,
    },
  ],
  [
    'countersign:admin:read',
    { words: 'see what administrators see', risk: 'this shows the accounts of others', optional: false },
  ],
  ['countersign:admin', { words: 'administer this server', risk: 'this is full control', optional: false }],
])

/** In words, in their order: ours, then as the resources that are asked for say, then as other resources of the client say. */
export async function scopesInWords(
  services: Services,
  scopes: readonly string[],
  { client, resources }: { readonly client: Client | undefined; readonly resources: readonly string[] },
): Promise<readonly ScopeInWords[]> {
  const uris = [...new Set([...resources, ...(client?.resources ?? [])])]
  const catalogue = (await registeredOf(services, uris)).flatMap((resource) => resource?.scopes ?? [])
  return scopes.map((scope) => connectionInWords(services, scope) ?? inWords(scope, catalogue))
}

/** The token of an account elsewhere leaves this server with this scope, and is not taken back by ending the sign-in. */
function connectionInWords({ connections }: Services, scope: string): ScopeInWords | undefined {
  const id = connectionExchange.providerOfScope(scope)
  if (id === undefined) return undefined
  const name = connections?.providers.find((provider) => provider.id === id)?.name ?? id
  const words = `use the ${name} account that you connected here`
  return { scope, words, risk: 'this can act there in your name', optional: true }
}

export function inWords(scope: string, catalogue: readonly ScopeMeaning[]): ScopeInWords {
  const ours = own.get(scope)
  if (ours !== undefined) return { scope, ...ours }
  const meaning = catalogue.find((entry) => entry.scope === scope)
  if (meaning === undefined) {
    return { scope, words: 'use the permission', name: scope, ...risk(riskOf(scope)), optional: false }
  }
  return { scope, words: meaning.words, ...risk(meaning.risk), optional: meaning.optional }
}

const risk = (why: string | null): { readonly risk?: string } => (why === null ? {} : { risk: why })

// A guess by name, and only ever a warning too many: the words that services use for what cannot be taken back.
function riskOf(scope: string): string | null {
  if (/admin|root|owner|sudo|\*/i.test(scope)) return 'this is full control'
  if (/delete|destroy|remove/i.test(scope)) return 'this can delete things'
  if (/write|manage|create|update|edit|deploy|publish|send|pay|billing/i.test(scope))
    return 'this can change things'
  return null
}
