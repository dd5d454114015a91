// What an endpoint or a page works with, made once at the start (start.ts) and passed as its first argument.
// Tests make theirs in testing/services.ts.

import type { KnownTokens } from './access-token-facts.ts'
import type { Host } from './accounts/host-application.ts'
import type { Upstreams } from './accounts/upstream/providers.ts'
import type { HeavyWork } from './admin/heavy-work.ts'
import type { ClientDirectory, ResourceDirectory } from './client-directory.ts'
import type { ClientKeys } from './client-keys.ts'
import type { Config } from './config.ts'
import type { Connections } from './connections.ts'
import type { RegistrationPlaces } from './endpoints/register-limit.ts'
import type { HeldPolls } from './held-polls.ts'
import type { PlainRequest, PlainResponse } from './http.ts'
import type { Keys } from './keys.ts'
import type { Log } from './log.ts'
import type { Memory } from './memory.ts'
import type { Pacing } from './pacing.ts'
import type { Secrets } from './secrets.ts'
import type { Store } from './store/store.ts'
import type { System } from './system.ts'
import type { Throttle } from './throttle.ts'

export interface Services {
  /** With the issuer settled: it is known for certain only once the port is. */
  readonly config: Config & { readonly issuer: string }
  readonly system: System
  readonly store: Store
  readonly secrets: Secrets
  readonly keys: Keys
  readonly clients: ClientDirectory
  readonly clientKeys: ClientKeys
  readonly resources: ResourceDirectory
  /** Where people may sign in beside here. */
  readonly upstreams: Upstreams
  /** The application that says who is signed in; undefined where people sign in here. */
  readonly host?: Host | undefined
  /** Accounts elsewhere that people connect; undefined where no provider is configured. */
  readonly connections?: Connections | undefined
  readonly pacing: Pacing
  readonly held: HeldPolls
  readonly throttle: Throttle
  readonly registrationPlaces: RegistrationPlaces
  readonly heavyWork: HeavyWork
  readonly knownTokens: KnownTokens
  /** DPoP proofs that came to this node lately, whether they led to anything or not. */
  readonly seenProofs: Memory<true>
  readonly log: Log
}

export type Endpoint = (services: Services, request: PlainRequest) => Promise<PlainResponse> | PlainResponse
