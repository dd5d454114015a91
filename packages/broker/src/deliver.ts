// The last step of a flow: the credential that its record carries, sealed, goes into the vault. Done again after any crash until
// it is there, and never a second time: a connection says which flow it came from. Whoever does it holds the flow's claim.
// Not here: the moment at which a flow becomes a success (hear.ts).

import type { Connection, Tokens } from './connection.ts'
import { VaultError } from './errors.ts'
import { claimSeconds, type Flow } from './flow.ts'
import type { FlowChanges } from './flow-changes.ts'
import { labelOf } from './label.ts'
import { type Parts, reasonOf } from './parts.ts'
import type { Account } from './provider.ts'
import { vaultSentences } from './sentences.ts'

export interface Deliveries {
  /** Of a flow that is claimed. What fails is logged and done again when the claim has ended. */
  deliver(flow: Flow): Promise<void>
  /** All that is on its way for this person; throws where the vault does. */
  deliverOf(person: string): Promise<void>
}

/** What a flow carries to the vault. */
export interface Delivered {
  readonly tokens: Tokens
  readonly account: Account | null
}

export function createDeliveries(parts: Parts, changes: FlowChanges): Deliveries {
  const { store, vault, seal, system } = parts

  async function put(flow: Flow): Promise<void> {
    const text = seal.open('delivery', flow.id, flow.delivery ?? '')
    // Nothing is thrown away: the right key may come back.
    if (text === undefined) throw new VaultError('vault_unreadable', vaultSentences.otherKey)
    const id = await intoVault(flow, JSON.parse(text) as Delivered)
    const { late } = await changes.apply(flow, { type: 'delivered' })
    const { person, provider } = flow
    if (!late) parts.emit({ type: 'connected', person, provider, connection: id })
  }

  async function intoVault(flow: Flow, { tokens, account }: Delivered): Promise<string> {
    for (let attempt = 0; attempt < mostAttempts; attempt++) {
      const all = await vault.list(flow.place, flow.person)
      const there = all.find((one) => one.flow === flow.id)
      if (there !== undefined) return there.id
      const before = all.find(({ id }) => id === flow.connectionId) ?? sameAccount(all, flow, account)
      const now = system.now()
      const connection: Connection = {
        id: before?.id ?? flow.connectionId,
        version: before?.version ?? '',
        person: flow.person,
        place: flow.place,
        provider: flow.provider,
        account: account ?? before?.account ?? null,
        label: flow.label ?? before?.label ?? labelOf(account?.name) ?? nameOf(flow),
        tokens,
        flow: flow.id,
        ended: null,
        createdAt: before?.createdAt ?? now,
        updatedAt: now,
      }
      if ((await vault.put(connection, before?.version ?? null)) === 'stored') return connection.id
    }
    throw new VaultError('vault_unwritable', vaultSentences.tooFast)
  }

  const nameOf = (flow: Flow) => parts.providers.get(flow.provider)?.name ?? flow.provider

  return {
    async deliver(flow) {
      try {
        await put(flow)
      } catch (error) {
        parts.log('warn', 'flow.not_delivered', { flow: flow.id, reason: reasonOf(error) })
        // Sooner than the claim would end; where the store fails too, the claim ends.
        await changes.applyOnce(flow, { type: 'claimed', seconds: retrySeconds }).catch(() => {})
      }
    },
    async deliverOf(person) {
      const until = system.now() + 2 * claimSeconds
      for (const { id } of await store.flows.ofPerson(person)) {
        let flow = await store.flows.find(id)
        while (flow !== undefined && flow.delivery !== null) {
          if ((flow.dueAt ?? 0) <= system.now()) {
            const claim = await changes.applyOnce(flow, { type: 'claimed', seconds: claimSeconds })
            if (claim !== undefined) await put(claim.flow)
          } else if (system.now() < until) {
            await system.sleep(lookSeconds)
          } else {
            throw new VaultError('vault_unwritable', vaultSentences.notDelivered)
          }
          flow = await store.flows.find(id)
        }
      }
    },
  }
}

/** The same account connected once more: its tokens are new, it is no second connection. */
function sameAccount(
  all: readonly Connection[],
  { provider }: Flow,
  account: Account | null,
): Connection | undefined {
  if (account === null) return undefined
  return all.find((one) => one.provider === provider && one.account?.id === account.id)
}

const mostAttempts = 20
const retrySeconds = 5
const lookSeconds = 0.1
