// Processes that write audit entries and link them at the same moment on one store, and are killed in the middle: the chain loses
// nothing and has nothing twice. For every store that outlives a process. The processes are auditors.ts. Not for production.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { linkEntries } from '../audit-chain.ts'
import { verifyChain } from '../audit-verify.ts'
import { createSecrets } from '../secrets.ts'
import { openStore } from '../store/open-store.ts'
import type { RaceGround } from '../store/testing/races.ts'
import { createSystem } from '../system.ts'
import { startAuditor } from './auditors.ts'

const secrets = createSecrets(Buffer.alloc(32, 7), createSystem())

export function auditRaces(name: string, prepare: () => Promise<RaceGround>): void {
  describe(`processes that write and link at once: ${name}`, () => {
    let ground: RaceGround
    before(async () => {
      ground = await prepare()
    })
    after(() => ground.close())

    test('what was acknowledged is in the chain once, though two are killed in the middle of it', async () => {
      const store = await openStore(ground.choice)
      try {
        const auditors = Array.from({ length: 4 }, () => startAuditor(ground.choice))
        await Promise.all(auditors.map(({ said }) => said(40)))
        for (const auditor of auditors.slice(0, 2)) auditor.process.kill('SIGKILL')
        for (const auditor of auditors.slice(2)) auditor.process.stdin?.end()
        await Promise.all(auditors.map(({ ended }) => ended))
        assert.equal(await linkEntries({ store, secrets }), 'linked')
        const acknowledged = auditors.flatMap(({ events }) => events)
        const entries = await store.list('auditEntry', '', 1_000_000)
        assert.equal((await store.find('auditEntry', 'link', 'open')).length, 0)
        const linked = entries.map(({ event }) => event)
        assert.deepEqual(
          acknowledged.filter((event) => linked.filter((other) => other === event).length !== 1),
          [],
        )
        const sequences = entries.map(({ link }) => link?.sequence ?? 0).toSorted((a, b) => a - b)
        assert.deepEqual(
          sequences,
          entries.map((_, i) => i + 1),
        )
        const verified = await verifyChain({ store, secrets })
        assert.deepEqual([verified.faults, verified.checked], [[], entries.length])
      } finally {
        await store.close()
      }
    })
  })
}
