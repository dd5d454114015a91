// What a person has connected: the list, other names, the end of one and of all. Disconnecting takes the lease of the connection,
// so that no renewal that is on its way brings it back.
// Not here: how connections come about (flows.ts, deliver.ts), their tokens (tokens.ts).

import type { Broker } from './broker.ts'
import { type Connection, endLease, leaseSeconds, longestRefreshSeconds } from './connection.ts'
import { RequestError, VaultError } from './errors.ts'
import { labelOf } from './label.ts'
import { giveBack, leaseIdOf, unsentLease, waitForLease } from './leases.ts'
import type { FlowsOfPerson, Parts } from './parts.ts'
import { viewOf } from './see-connection.ts'
import { requestSentences, vaultSentences } from './sentences.ts'

export function createConnections(
  parts: Parts,
  flows: FlowsOfPerson,
): Pick<Broker, 'connections' | 'rename' | 'disconnect' | 'forget'> {
  const { vault, providers } = parts

  const list = async (person: string) => {
    const all = await vault.list(vault.placeOf(person), person)
    return [...all].sort((a, b) => b.createdAt - a.createdAt)
  }

  async function disconnect(person: string, id: string): Promise<{ readonly revoked: boolean }> {
    await flows.deliver(person)
    const connection = await vault.find(vault.placeOf(person), person, id)
    if (connection === undefined) throw notFound()
    const lease = await waitForLease(parts, leaseIdOf(connection), patienceSeconds)
    try {
      const revoked = await remove(parts, connection)
      if (lease !== undefined) await giveBack(parts, endLease(lease))
      return { revoked }
    } catch (error) {
      if (lease !== undefined) await giveBack(parts, unsentLease(lease, lease.sent, parts.system.now()))
      throw error
    }
  }

  return {
    connections: async (person) =>
      (await list(person)).map((one) => viewOf(one, providers.get(one.provider))),

    async rename(person, id, text) {
      const label = labelOf(text)
      if (label === null) throw new RequestError('invalid_request', requestSentences.label)
      for (let attempt = 0; attempt < mostAttempts; attempt++) {
        const connection = await vault.find(vault.placeOf(person), person, id)
        if (connection === undefined) throw notFound()
        const named = { ...connection, label }
        if (connection.label === label || (await vault.put(named, connection.version)) === 'stored')
          return viewOf(named, providers.get(named.provider))
      }
      throw new VaultError('vault_unwritable', vaultSentences.tooFast)
    },

    disconnect,

    async forget(person) {
      await flows.cancel(person)
      await flows.deliver(person)
      const ended = await Promise.allSettled((await list(person)).map(({ id }) => disconnect(person, id)))
      // As many as can be; whoever asked tries again for the others.
      for (const one of ended) if (one.status === 'rejected' && !isGone(one.reason)) throw one.reason
    },
  }
}

/** First at the provider: a credential that we have forgotten could not be revoked any more. */
async function remove(parts: Parts, seen: Connection): Promise<boolean> {
  const { vault } = parts
  const { place, person, id, provider } = seen
  let revoked = false
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    // A holder of the lease may have renewed it while it was waited for.
    const connection = await vault.find(place, person, id)
    if (connection === undefined) return revoked
    revoked = await revoke(parts, connection)
    if ((await vault.remove(connection)) === 'conflict') continue
    parts.emit({ type: 'disconnected', person, provider, connection: id })
    return revoked
  }
  throw new VaultError('vault_unwritable', vaultSentences.tooFast)
}

async function revoke(parts: Parts, { provider: id, tokens }: Connection): Promise<boolean> {
  const provider = parts.providers.get(id)
  if (provider?.revoke === undefined) return false
  try {
    return await parts.ask(
      provider,
      async (context) => (await provider.revoke?.(context, tokens)) ?? false,
      longestRefreshSeconds,
    )
  } catch {
    return false
  }
}

function notFound(): RequestError {
  return new RequestError('connection_not_found', requestSentences.connection_not_found)
}

function isGone(error: unknown): boolean {
  return error instanceof RequestError && error.code === 'connection_not_found'
}

const mostAttempts = 20
/** Longer than a dead holder is waited for; somebody who holds it on and on cannot store, and finds nothing to store into. */
const patienceSeconds = leaseSeconds + 5
