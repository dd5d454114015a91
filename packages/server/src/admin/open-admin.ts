// The way in to administration. It is loaded on the first call, so that a server that only serves never pays for it.
// What there is to administer is admin.ts.

import type { ServeOptions } from '../start.ts'
import type { Admin } from './admin.ts'

/** Opens the administration of a data directory or database. Throws ConfigError; the calls throw AdminError. */
export async function openAdmin(options: ServeOptions = {}): Promise<Admin> {
  const admin = await import('./admin.ts')
  return admin.openAdmin(options)
}
