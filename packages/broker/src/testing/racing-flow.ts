// One flow whose person has said yes, on one or more nodes that share a store, with every await of theirs at a gate (gates.ts).
// Not here: in which order the gates open and what else happens (interleavings.ts). For tests.

import type { Broker, FlowView } from '../broker.ts'
import type { Tokens } from '../connection.ts'
import { createBroker } from '../create-broker.ts'
import type { Flow } from '../flow.ts'
import type { Answer, Provider } from '../provider.ts'
import type { BrokerStore, StoredConnection } from '../store.ts'
import { memoryStore } from '../stores/memory.ts'
import { ada, testKey } from './broker-world.ts'
import { createGates, type Gates } from './gates.ts'
import { scriptedProvider } from './scripted-provider.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

export interface RacingFlow {
  readonly clock: VirtualClock
  readonly gates: Gates
  readonly given: readonly { readonly tokens: Tokens; readonly node: string }[]
  readonly revoked: readonly Tokens[]
  readonly dead: ReadonlySet<string>
  readonly cancelled: readonly (FlowView | undefined | Error)[]
  /** As of the last look. */
  readonly now: { readonly flow: Flow; readonly connections: readonly StoredConnection[] }
  connected(): number
  /** Polls on their way at living nodes. */
  polling(): number
  /** Asks the last node to. */
  cancel(program: string): void
  /** The first node dies, and another begins in its place. */
  restart(): void
  /** Everything goes as far as it can without a gate; then what is stored is looked at. */
  look(): Promise<void>
  /** The same, through all gates. */
  run(): Promise<void>
}

/** With two `steps` the first answer is a code, and the second, for the code, the tokens (systems.md 3.4). */
export async function startRacingFlow(nodes: number, steps: 1 | 2): Promise<RacingFlow> {
  const [clock, store, gates] = [virtualClock(), memoryStore(), createGates()]
  const provider = onceApproved(gates, steps)
  const cancelled: (FlowView | undefined | Error)[] = []
  const dead = new Set<string>()
  let connected = 0
  const node = (name: string): Broker =>
    gates.as(name, () => {
      const broker = nodeOf(name, { clock, store, gates, provider: provider.of(name) })
      broker.on(() => {
        connected += 1
      })
      return broker
    })
  const run = async () => {
    await settle()
    for (let gate = gates.waiting[0]; gate !== undefined; gate = gates.waiting[0]) {
      await gates.open(gate, 'done')
      await settle()
    }
  }
  let first = node('node-0')
  const started = first.start(ada, { provider: 'scripted' })
  await run()
  const { id } = await started
  let last: Broker | undefined
  for (let index = 1; index < nodes; index++) last = node(`node-${index}`)
  const seen = async () => {
    await settle()
    const flow = await store.flows.find(id)
    if (flow === undefined) throw new Error('the flow is gone')
    return { flow, connections: await store.connections.ofPerson(ada.person) }
  }
  const racing = { now: await seen() }

  return Object.assign(racing, {
    clock,
    gates,
    given: provider.given,
    revoked: provider.revoked,
    dead,
    cancelled,
    connected: () => connected,
    polling: () => provider.polling().filter((name) => !dead.has(name)).length,
    cancel(program: string) {
      const answer = gates.as(program, () => (last ?? first).cancel(ada, id))
      answer.then((view) => cancelled.push(view)).catch((error: Error) => cancelled.push(error))
    },
    restart() {
      const old = `node-0${'+'.repeat(dead.size)}`
      dead.add(old)
      gates.kill(old)
      first = node(`${old}+`)
    },
    async look() {
      racing.now = await seen()
    },
    run,
  })
}

interface Rooms {
  readonly clock: VirtualClock
  readonly store: BrokerStore
  readonly gates: Gates
  readonly provider: Provider
}

function nodeOf(name: string, { clock, store, gates, provider }: Rooms): Broker {
  return createBroker({
    providers: [provider],
    key: testKey,
    system: { ...clock, randomBytes: gates.randomBytes, randomName: () => name },
    store: {
      ...store,
      // Finished flows stay, to be looked at in the end.
      sweep: async () => 0,
      // What is due and when is only a hint: whoever acts on it claims the record that he saw.
      flows: gates.guard(name, store.flows, { name: 'flows', free: ['due', 'nextDue'] }),
      connections: gates.guard(name, store.connections, { name: 'connections' }),
    },
  })
}

/** The first to ask gets the tokens, once; after that what is asked with is used up. */
function onceApproved(gates: Gates, steps: 1 | 2) {
  const scripted = scriptedProvider()
  const given: RacingFlow['given'][number][] = []
  const polling: string[] = []
  return {
    given,
    revoked: scripted.asked.revoke,
    polling: () => polling,
    of: (name: string): Provider => ({
      ...scripted,
      async poll(_context, remembered) {
        polling.push(name)
        const answer = await gates.stop(name, 'question', remembered, async (): Promise<Answer> => {
          if (steps === 2 && remembered.code === undefined)
            return { type: 'further', remembered: { code: 'code' } }
          if (given.length > 0) return { type: 'expired' }
          const tokens = scripted.tokens()
          given.push({ tokens, node: name })
          return { type: 'tokens', tokens, account: null }
        })
        // On its way back anything may happen too.
        await gates.stop(name, 'answer', [], async () => {})
        polling.splice(polling.indexOf(name), 1)
        return answer as Answer
      },
    }),
  }
}

/** Everything that waits for promises alone has gone on when the next one of these comes. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
