// One process of a race on a store of the broker: opens what it is told, says so, waits for the start, does its job, and says
// what came of it. Started by store-races.ts. Not for production.

import { postgresStore } from '../stores/postgres.ts'
import { sqliteStore } from '../stores/sqlite.ts'
import { sampleFlow, sampleLease, sampleStored } from './samples.ts'

export interface Job {
  readonly choice: { readonly path: string } | { readonly url: string }
  readonly do: 'write once' | 'start' | 'count' | 'write for ever'
  readonly name: string
  readonly times: number
}

const job = JSON.parse(process.argv[2] ?? '') as Job
const store = await ('path' in job.choice ? sqliteStore(job.choice) : postgresStore(job.choice))
say('ready')
await new Promise<void>((resolve) => process.once('message', () => resolve()))
await run()
await store.close()
process.disconnect()

async function run(): Promise<void> {
  const numbers = Array.from({ length: job.times }, (_, i) => i)
  switch (job.do) {
    case 'write once': {
      const all = numbers.map(async (i) => {
        const id = `${job.name} ${i}`
        if (await store.connections.put(sampleStored({ id, sealed: `${process.pid}` }))) say(id)
      })
      return void (await Promise.all(all))
    }
    case 'start': {
      const all = numbers.map(async (i) => {
        const flow = sampleFlow({ id: `${process.pid} ${i}`, person: job.name })
        if (await store.flows.put(flow)) say(flow.id)
      })
      return void (await Promise.all(all))
    }
    case 'count':
      for (const _ of numbers) await count()
      return
    case 'write for ever':
      for (let i = 0; ; i++) {
        const id = `${process.pid} ${i}`
        await store.connections.put(sampleStored({ id, person: job.name, sealed: `${id};`.repeat(2000) }))
        say(id)
      }
  }
}

async function count(): Promise<void> {
  for (;;) {
    const { version = 0, until = 0 } = (await store.leases.find(job.name)) ?? {}
    const next = sampleLease({ id: job.name, version: version + 1, until: until + 1 })
    if (await store.leases.put(next)) return
  }
}

function say(line: string): void {
  process.send?.(line)
}
