// Connections in an `auth.json`, the file in which hermes-agent and hermes-webui keep theirs: those programs go on reading and
// writing it, and find what was connected here. Tokens are in it in clear, as these programs need them; the file is the owner's.
// Not here: the layout (auth-json-entry.ts, auth-json-document.ts), and the file (auth-json-file.ts).

import { resolve } from 'node:path'
import { system as realSystem, type System } from '@countersign/client/system'
import { SettingError } from '../errors.ts'
import type { Vault } from '../vault.ts'
import {
  connectionIn,
  connectionsIn,
  type PoolShapes,
  withConnection,
  withoutConnection,
} from './auth-json-document.ts'
import { createAuthJsonFiles, type FileOptions } from './auth-json-file.ts'
import type { Locker } from './file-lock.ts'

export interface AuthJsonOptions {
  /**
   * The file, or which file is whose: asked once per flow, when it starts (a person who has changed to another profile meanwhile
   * gets the credential where it was asked for). One path for everybody is for installations with one person.
   */
  readonly path: string | ((person: string) => string)
  /** How other programs call our providers, by our id; `openai-codex` is known. */
  readonly providers?: PoolShapes
  /** How long to wait for programs that hold the lock; by default 15, as hermes-agent. */
  readonly lockTimeoutSeconds?: number
  /** Programs that can take the lock (file-lock.ts). */
  readonly lockers?: readonly Locker[]
  readonly log?: FileOptions['log']
  readonly system?: System
}

const codex = {
  pool: 'openai-codex',
  label: 'Codex OAuth',
  baseUrl: 'https://chatgpt.com/backend-api/codex',
  idPrefix: 'codex-oauth',
}

export function authJsonVault(options: AuthJsonOptions): Vault {
  const { path, lockers, lockTimeoutSeconds = 15, log = () => {}, system = realSystem } = options
  const shapes: PoolShapes = { 'openai-codex': codex, ...options.providers }
  const placeOf = (person: string): string => {
    const found = typeof path === 'string' ? path : path(person)
    if (typeof found !== 'string' || found === '')
      throw new SettingError('An auth.json has a path for every person.')
    return resolve(found)
  }
  if (typeof path === 'string') placeOf('')
  const files = createAuthJsonFiles({
    system,
    log,
    timeoutSeconds: lockTimeoutSeconds,
    ...(lockers === undefined ? {} : { lockers }),
  })
  return {
    placeOf,
    list: async (place, person) => connectionsIn(await files.read(place), place, person, shapes),
    find: async (place, person, id) => connectionIn(await files.read(place), place, person, id, shapes),
    put: (connection, seen) =>
      files.edit(connection.place, (document) => withConnection(document, connection, seen, shapes)),
    during: (place, work) => files.hold(place, work),
    remove: (connection) =>
      files.edit(connection.place, (document) =>
        withoutConnection(document, connection, system.now(), shapes),
      ),
  }
}
