// A program with a broker on an SQLite file, for tests that kill it: it starts a flow, or goes on with the one that is there, says
// what it shows, and waits for its end. Its time runs twenty times as fast as the machine's, from a moment that all of them share.

import { system } from '@countersign/client/system'
import { createBroker } from '../create-broker.ts'
import { deviceProvider } from '../oauth-device.ts'
import { sqliteStore } from '../stores/sqlite.ts'
import { ada, testKey } from './broker-world.ts'

const [path = '', issuer = '', epoch = ''] = process.argv.slice(2)
const speed = 20
const fast = {
  ...system,
  now: () => Number(epoch) + (system.now() - Number(epoch)) * speed,
  monotonic: () => system.monotonic() * speed,
  sleep: (seconds: number, signal?: AbortSignal) => system.sleep(seconds / speed, signal),
}

const store = await sqliteStore({ path })
const provider = deviceProvider({ id: 'scripted', name: 'Scripted', docs: issuer, issuer, clientId: 'us' })
const broker = createBroker({ providers: [provider], store, key: testKey, system: fast })
const flow = await broker.start(ada, { provider: 'scripted' })
console.log(JSON.stringify({ id: flow.id, shown: flow.shown }))
const { state } = await broker.changed(ada, flow.id, 'pending', { seconds: 900 })
const connected = await broker.connections(ada.person)
const token = connected.length === 0 ? undefined : await broker.token(ada.person, 'scripted')
console.log(JSON.stringify({ state, connections: connected.length, token: token?.accessToken }))
await broker.close()
await store.close()
