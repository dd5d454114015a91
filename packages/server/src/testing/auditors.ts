// Processes that write audit entries and link them, as fast as they can, on one store: each says which entries were acknowledged.
// Run as a program it is one of them; imported, it starts some. For audit-chain.test.ts.

import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { audit } from '../audit.ts'
import { linkEntries } from '../audit-chain.ts'
import { createSecrets } from '../secrets.ts'
import { openStore, type StoreChoice } from '../store/open-store.ts'
import { createSystem } from '../system.ts'

export interface Auditor {
  readonly process: ChildProcess
  /** The names of the entries whose writing was acknowledged. */
  readonly events: readonly string[]
  /** Resolves when so many were. */
  said(count: number): Promise<void>
  readonly ended: Promise<void>
}

/** It goes on until its stdin ends, or it is killed. */
export function startAuditor(choice: StoreChoice): Auditor {
  const child = spawn(process.execPath, [import.meta.filename, JSON.stringify(choice)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const events: string[] = []
  const waiting: (() => void)[] = []
  // The last line of a process that was killed may be cut; then it has not said it.
  createInterface(child.stdout).on('line', (line) => {
    if (line.endsWith('.')) events.push(line)
    for (const look of waiting) look()
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  process.once('exit', () => child.kill('SIGKILL'))
  return {
    process: child,
    events,
    ended,
    said: (count) =>
      new Promise((resolve, reject) => {
        waiting.push(() => events.length >= count && resolve())
        void ended.then(() => reject(new Error('An auditor ended before it had said enough.')))
      }),
  }
}

async function run(choice: StoreChoice): Promise<void> {
  const system = createSystem()
  const secrets = createSecrets(Buffer.alloc(32, 7), system)
  const store = await openStore(choice)
  let going = true
  process.stdin.on('end', () => {
    going = false
  })
  process.stdin.resume()
  for (let i = 0; going; i++) {
    const event = `${process.pid}.${i}.`
    await store.apply([audit({ system }, { event, actor: { kind: 'server', id: null } })])
    process.stdout.write(`${event}\n`)
    await linkEntries({ store, secrets })
  }
  await store.close()
}

if (process.argv[1] === import.meta.filename) await run(JSON.parse(process.argv[2] ?? '') as StoreChoice)
