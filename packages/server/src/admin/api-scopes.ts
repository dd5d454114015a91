// The scopes of this server's own API, and what each lets its bearer do.
// They are for clients that an administrator registered with them: whoever registers itself, or is known by a document, never gets
// one, and one that was got all the same is worth nothing (api-caller.ts).

/** Where the API is, below the issuer. */
export const apiBase = '/api/v1'

/** What an operation asks of its caller. */
export type Right = 'account' | 'admin:read' | 'admin'

export const apiScopes = {
  account: 'countersign:account',
  'admin:read': 'countersign:admin:read',
  admin: 'countersign:admin',
} as const satisfies Readonly<Record<Right, string>>

/**
 * What only an administrator can use. No device gets them: who is talked into typing a stranger's code must not hand over the
 * server (RFC 10027 §6.1.9).
 */
export const administrationScopes: readonly string[] = [apiScopes['admin:read'], apiScopes.admin]

/** Scopes that begin so are ours. */
export const reservedScopePrefix = 'countersign:'

/** Which scopes satisfy a right: who may change things may read them. */
export function scopesFor(right: Right): readonly string[] {
  return right === 'admin:read' ? [apiScopes['admin:read'], apiScopes.admin] : [apiScopes[right]]
}
