// Initial access tokens (RFC 7591 §3): who is given one may register clients, as many as it is good for.
// What is done with one is endpoints/register.ts.

import type { InitialAccessToken } from '@countersign/protocol'
import { z } from 'zod'
import { audit } from '../audit.ts'
import { digest } from '../secrets.ts'
import { decideAndApply } from '../store/store.ts'
import type { AdminBase } from './admin-base.ts'
import { AdminError } from './admin-error.ts'
import { everyRecord } from './every-record.ts'
import { parseInput } from './new-client-input.ts'
import { plainText } from './plain-text.ts'
import { type InitialAccessTokenSummary, initialAccessTokenSummary } from './summaries.ts'

const day = 86_400

export const newInitialAccessTokenInput = z.strictObject({
  name: plainText(100),
  uses: z.number().int().min(1).max(10_000).default(1),
  expiresInSeconds: z
    .number()
    .int()
    .min(60)
    .max(365 * day)
    .default(7 * day),
})

export type NewInitialAccessToken = z.input<typeof newInitialAccessTokenInput>

export interface InitialAccessTokenAdmin {
  /** `token` is in this answer only: it is not kept in clear. */
  addInitialAccessToken(
    token: NewInitialAccessToken,
  ): Promise<InitialAccessTokenSummary & { readonly token: string }>
  listInitialAccessTokens(): Promise<readonly InitialAccessTokenSummary[]>
  /** Clients that were registered with it stay. */
  removeInitialAccessToken(id: string): Promise<void>
}

const prefix = 'csi_'

export function initialAccessTokenAdmin(base: AdminBase): InitialAccessTokenAdmin {
  const { store, system, by } = base
  const live = async (): Promise<readonly InitialAccessToken[]> =>
    (await everyRecord(store, 'initialAccessToken')).filter(({ expiresAt }) => system.now() < expiresAt)
  return {
    async addInitialAccessToken(given) {
      const { name, uses, expiresInSeconds } = parseInput(newInitialAccessTokenInput, given, 'token')
      const token = prefix + system.random(32).toString('base64url')
      const now = system.now()
      const record = {
        id: digest(token),
        version: 0,
        name,
        createdAt: now,
        expiresAt: now + expiresInSeconds,
        usesLeft: uses,
      }
      const summary = initialAccessTokenSummary(record)
      const detail = { token: summary.id, name, uses }
      await store.apply([
        { op: 'insert', kind: 'initialAccessToken', record },
        audit(base, { event: 'registration_token.added', ...by, detail }),
      ])
      return { ...summary, token }
    },
    listInitialAccessTokens: async () => (await live()).map(initialAccessTokenSummary),
    async removeInitialAccessToken(id) {
      const done = await decideAndApply(store, async () => {
        const record = (await live()).find((one) => initialAccessTokenSummary(one).id === id)
        if (record === undefined) throw new AdminError('not_found', `There is no registration token ${id}.`)
        const told = audit(base, {
          event: 'registration_token.removed',
          ...by,
          detail: { token: id, name: record.name },
        })
        return { writes: [{ op: 'delete', kind: 'initialAccessToken', record }, told] }
      })
      if (!done.applied) throw new AdminError('busy', 'The token is being used at this moment; try again.')
    },
  }
}
