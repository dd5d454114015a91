// The providers of identities that are configured, in their order. What they have in common is provider.ts.
// Which buttons there are for them is pages/upstream-buttons.ts.

import type { Identity } from '@countersign/protocol'
import type { Config } from '../../config.ts'
import type { System } from '../../system.ts'
import { createGithubProvider } from './github.ts'
import { createOidcProvider } from './oidc.ts'
import { createOrcidProvider, orcidIssuer } from './orcid.ts'
import { identityId, type Upstream, type UpstreamSettings } from './provider.ts'
import { createUpstreamFetch, type UpstreamFetchOptions } from './upstream-fetch.ts'

export interface Upstreams {
  readonly all: readonly Upstream[]
  find(id: string): Upstream | undefined
  /** Where somebody with this identity signs in, by whatever name it was called when they did last; undefined when nowhere. */
  of(identity: Identity): Upstream | undefined
}

export function createUpstreams(
  { identityProviders }: Pick<Config, 'identityProviders'>,
  { now }: Pick<System, 'now'>,
  outside: UpstreamFetchOptions = {},
): Upstreams {
  const all = identityProviders.map((settings) => create(settings as UpstreamSettings, now, outside))
  return {
    all,
    find: (id) => all.find(({ settings }) => settings.id === id),
    of: ({ id, subject }) =>
      all.find(({ namespace }) => identityId({ namespace, person: { subject } }) === id),
  }
}

function create(settings: UpstreamSettings, now: () => number, outside: UpstreamFetchOptions): Upstream {
  const fetch = createUpstreamFetch(settings, outside)
  const { kind, issuer = orcidIssuer } = settings
  if (kind === 'github') return createGithubProvider(settings, fetch)
  const parts = { settings, issuer, fetch, now }
  return kind === 'orcid' ? createOrcidProvider(parts) : createOidcProvider(parts)
}
