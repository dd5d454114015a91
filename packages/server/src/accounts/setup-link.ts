// The one-time link that makes the first account: printed at the start while there is no account, good for one use.
// Only its digest is stored, so nobody who reads the database can use it. The page behind it is pages/setup.ts.

import type { Setting, Write } from '@countersign/protocol'
import { digest, sameSecret } from '../secrets.ts'
import type { Services } from '../services.ts'
import { decideAndApply } from '../store/store.ts'

const settingId = 'setup-link'

/** The link to print, which replaces any that was printed before; undefined when there is an account. */
export async function ensureSetupLink({ store, system, config }: Services): Promise<string | undefined> {
  const secret = system.random(32).toString('base64url')
  const done = await decideAndApply(store, async () => {
    const [account] = await store.list('account', undefined, 1)
    const old = await store.read('setting', settingId)
    if (account !== undefined) {
      return { needed: false, writes: old === undefined ? [] : [deleted(old)] }
    }
    const record = { id: settingId, version: old?.version ?? 0, value: digest(secret), expiresAt: null }
    const write: Write = { op: old === undefined ? 'insert' : 'update', kind: 'setting', record }
    return { needed: true, writes: [write] }
  })
  if (!done.applied || !done.decision.needed) return undefined
  return `${config.issuer.replace(/\/$/, '')}/setup/${secret}`
}

/** The write that uses the link up, to be applied with the account it makes; undefined when it is not the link of now. */
export async function useSetupLink({ store }: Services, secret: string): Promise<Write | undefined> {
  const setting = await store.read('setting', settingId)
  if (setting === undefined || !sameSecret(setting.value, digest(secret))) return undefined
  // An account made on the command line in the meantime is the first one, and the link is void.
  const [account] = await store.list('account', undefined, 1)
  return account === undefined ? deleted(setting) : undefined
}

const deleted = (record: Setting): Write => ({ op: 'delete', kind: 'setting', record })
