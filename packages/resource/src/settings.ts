// The options of `protect`, and what becomes of them: checked once, when a program starts, so that no request can
// meet a mistake in them. Not here: what is done with each (verify.ts, challenge.ts, metadata.ts).

import { OptionsError } from './errors.ts'
import { isSecure } from './http.ts'
import { type Claims, isOwnToken } from './identity.ts'
import type { IssuerOptions } from './issuer.ts'
import { type Algorithm, isAlgorithm } from './keys.ts'
import type { Refused } from './refusal.ts'
import type { ReplayMemory } from './replays.ts'
import { assertScope } from './requirements.ts'
import { system as realSystem, type System } from './system.ts'

export type ResourceOptions = {
  /** The identifier of this resource: an https URL without fragment, exactly as tokens name it in `aud`. */
  readonly resource: string
  /** The authorization server, or several. Tokens of others are refused. */
  readonly issuer: string | IssuerOptions | readonly (string | IssuerOptions)[]
  /** Other identifiers that tokens may carry for this resource; each is a decision (a trailing slash, an old name). */
  readonly aliases?: readonly string[]
  /** `jwt` by keys, `introspection` by asking, `auto` (the default) what the token allows. */
  readonly mode?: 'auto' | 'jwt' | 'introspection'
  readonly algorithms?: readonly Algorithm[]
  readonly introspection?: IntrospectionOptions
  readonly dpop?: DpopOptions
  /** The scopes that clients should know of; announced in the metadata. */
  readonly scopes?: readonly string[]
  /** Which scopes include which: `{ 'notes:write': ['notes:read'] }`. */
  readonly implies?: Readonly<Record<string, readonly string[]>>
  /** For people, in the metadata. */
  readonly name?: string
  readonly documentation?: string
  /** The metadata also at the root, where this is the only resource of its host. */
  readonly rootMetadata?: boolean
  /** What clients see before the path that arrives here, when a proxy takes something away; else the origin of `resource`. */
  readonly publicUrl?: string
  /** Seconds by which clocks may differ; 30 unless said, 300 at most. */
  readonly clockTolerance?: number
  /** Whether nobody but a program is behind a token, for servers that say it in a way of their own. */
  readonly isClient?: (claims: Claims) => boolean
  /** Told of every refusal, with the evidence; never of tokens. */
  readonly onRefused?: (refused: Refused) => void
  readonly system?: System
}

export type IntrospectionOptions = {
  /** This resource as a client of the authorization server. */
  readonly clientId: string
  readonly clientSecret: string
  readonly method?: 'client_secret_basic' | 'client_secret_post'
  /** How long an answer is believed; 30 unless said, 300 at most, and never past the token's end. */
  readonly cacheSeconds?: number
}

export type DpopOptions = {
  /** `accepted` (the default) beside Bearer, `required`, or `off`. */
  readonly use?: 'accepted' | 'required' | 'off'
  readonly algorithms?: readonly Algorithm[]
  /** Proofs must carry a nonce of ours: the secret of it, the same on every node (32 bytes), or true for one process. */
  readonly nonces?: true | Uint8Array<ArrayBuffer>
  /** How old a proof may be (60), and how far ahead its clock (10). */
  readonly ageSeconds?: number
  readonly aheadSeconds?: number
  /** What was used, shared between nodes; by default in this process. */
  readonly replays?: ReplayMemory
}

export type Settings = Required<
  Pick<ResourceOptions, 'resource' | 'mode' | 'algorithms' | 'scopes' | 'implies' | 'isClient' | 'system'>
> & {
  readonly issuers: readonly IssuerOptions[]
  readonly audiences: readonly string[]
  readonly introspection: Required<IntrospectionOptions> | undefined
  readonly dpop: DpopSettings
  readonly name: string | undefined
  readonly documentation: string | undefined
  readonly rootMetadata: boolean
  readonly publicUrl: string
  readonly clockTolerance: number
  readonly onRefused: (refused: Refused) => void
}

export type DpopSettings = Required<Omit<DpopOptions, 'nonces' | 'replays'>> &
  Pick<DpopOptions, 'nonces' | 'replays'>

export function parseOptions(options: ResourceOptions): Settings {
  const { resource, aliases = [], mode = 'auto', system = realSystem, scopes = [], implies = {} } = options
  assertResource(resource)
  const issuers = parseIssuers(options.issuer)
  const introspection = parseIntrospection(options, issuers.length)
  for (const scope of [...scopes, ...Object.keys(implies), ...Object.values(implies).flat()])
    assertScope(scope)
  return {
    resource,
    issuers,
    audiences: [resource, ...aliases],
    mode,
    algorithms: parseAlgorithms(options.algorithms ?? DEFAULT_ALGORITHMS),
    introspection,
    dpop: parseDpop(options.dpop ?? {}),
    scopes,
    implies,
    name: options.name,
    documentation: options.documentation,
    rootMetadata: options.rootMetadata ?? false,
    publicUrl: parsePublicUrl(options.publicUrl ?? new URL(resource).origin),
    clockTolerance: bounded('clockTolerance', options.clockTolerance ?? 30, 0, 300),
    isClient: options.isClient ?? isOwnToken,
    onRefused: options.onRefused ?? (() => {}),
    system,
  }
}

function assertResource(resource: string): void {
  const url = URL.parse(resource)
  // RFC 9728 §1.2: https and no fragment; plain http only on this machine, for development.
  if (url === null || !isSecure(url) || resource.includes('#') || url.username !== '' || url.password !== '')
    throw new OptionsError('bad_resource', 'resource must be an https URL without fragment')
}

function parseIssuers(issuer: ResourceOptions['issuer']): readonly IssuerOptions[] {
  const list = (Array.isArray(issuer) ? issuer : [issuer]) as readonly (string | IssuerOptions)[]
  const issuers = list.map((one) => (typeof one === 'string' ? { issuer: one } : one))
  if (issuers.length === 0) throw new OptionsError('bad_issuer', 'there must be an issuer')
  for (const one of issuers) {
    const url = URL.parse(one.issuer)
    if (url === null || !isSecure(url) || /[?#]/.test(one.issuer))
      throw new OptionsError('bad_issuer', 'an issuer is an https URL without query and fragment')
    for (const address of [one.jwksUri, one.introspectionEndpoint])
      if (address !== undefined && !isSecure(new URL(address)))
        throw new OptionsError('bad_issuer', 'the addresses of an issuer are https')
  }
  return issuers
}

function parseIntrospection(
  { introspection, mode }: ResourceOptions,
  issuers: number,
): Settings['introspection'] {
  if (introspection === undefined) {
    if (mode !== 'introspection') return undefined
    throw new OptionsError('bad_introspection', 'mode introspection needs the credentials of this resource')
  }
  if (mode === 'jwt') throw new OptionsError('bad_introspection', 'mode jwt asks nobody')
  // An opaque token does not say whose it is, and must not be shown around.
  if (issuers > 1) throw new OptionsError('bad_introspection', 'introspection works with one issuer')
  const { clientId, clientSecret, method = 'client_secret_basic', cacheSeconds = 30 } = introspection
  bounded('cacheSeconds', cacheSeconds, 0, 300)
  return { clientId, clientSecret, method, cacheSeconds }
}

function parseDpop(options: DpopOptions): DpopSettings {
  const { use = 'accepted', algorithms = DEFAULT_ALGORITHMS, ageSeconds = 60, aheadSeconds = 10 } = options
  const { nonces, replays } = options
  if (nonces instanceof Uint8Array && nonces.length < 32)
    throw new OptionsError('bad_option', 'the secret of the nonces has 32 bytes or more')
  return {
    use,
    algorithms: parseAlgorithms(algorithms),
    ageSeconds: bounded('ageSeconds', ageSeconds, 1, 300),
    aheadSeconds: bounded('aheadSeconds', aheadSeconds, 0, 300),
    ...(nonces === undefined ? {} : { nonces }),
    ...(replays === undefined ? {} : { replays }),
  }
}

function parseAlgorithms(list: readonly Algorithm[]): readonly Algorithm[] {
  if (list.length === 0 || !list.every(isAlgorithm))
    throw new OptionsError('bad_algorithm', 'algorithms must be asymmetric signature algorithms')
  return list
}

function parsePublicUrl(text: string): string {
  const url = URL.parse(text)
  if (url === null) throw new OptionsError('bad_option', 'publicUrl must be a URL')
  return url.origin + url.pathname.replace(/\/$/, '')
}

function bounded(name: string, value: number, least: number, most: number): number {
  if (value >= least && value <= most) return value
  throw new OptionsError('bad_option', `${name} must lie between ${least} and ${most}`)
}

const DEFAULT_ALGORITHMS: readonly Algorithm[] = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256']
