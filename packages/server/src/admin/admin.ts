// Administration from the command line: on the database itself, whether a server runs or not.
// What there is to administer is administration.ts.

import { byCommandLine } from '../audit.ts'
import { loadConfig } from '../config.ts'
import { loadMasterKey } from '../master-key.ts'
import { createSecrets } from '../secrets.ts'
import { openConfiguredStore, type ServeOptions, sourcesOf } from '../start.ts'
import { createSystem } from '../system.ts'
import { type Administration, administer } from './administration.ts'

export interface Admin extends Administration {
  close(): Promise<void>
}

/** Opens the administration of a data directory or database. Throws ConfigError; the calls throw AdminError. */
export async function openAdmin(options: ServeOptions = {}): Promise<Admin> {
  const config = await loadConfig(sourcesOf(options))
  const system = createSystem()
  const secrets = createSecrets(loadMasterKey(config, system), system)
  const store = await openConfiguredStore(config)
  return { ...administer({ store, system, secrets, by: byCommandLine }), close: () => store.close() }
}
