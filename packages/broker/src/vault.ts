// Where connections are kept: in the broker's own store (store-vault.ts), or in a file that other programs read and write too
// (vaults/auth-json.ts). The broker knows only this.

import type { Connection } from './connection.ts'

export interface Vault {
  /** Where the connections of this person are, settled when a flow starts; asked once per flow. */
  placeOf(person: string): string
  list(place: string, person: string): Promise<readonly Connection[]>
  find(place: string, person: string, id: string): Promise<Connection | undefined>
  /**
   * Durable when it resolves. `seen` is the version that was read, null where there must be none with this id; `conflict` when
   * that is not so any more. The vault gives the new version itself. Throws VaultError where the place cannot be used.
   */
  put(connection: Connection, seen: string | null): Promise<'stored' | 'conflict'>
  remove(connection: Connection): Promise<'removed' | 'conflict'>
  /**
   * Runs `work`, a renewal, while other programs that renew the same credentials wait; `put` and `find` go on working in it. Only
   * where there are such programs: a refresh token that is used once is theirs as much as ours.
   */
  during?<Outcome>(place: string, work: () => Promise<Outcome>): Promise<Outcome>
}
