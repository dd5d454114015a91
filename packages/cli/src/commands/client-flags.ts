// The flags that say what a program may do, the same for `clients add` and `clients update`, and the members that they set.
// What each member means, and what is refused, is @countersign/server.
import { readFileSync } from 'node:fs'
import { UsageError } from '@countersign/client/terminal'
import type { ClientChanges } from '@countersign/server'
import type { Command } from 'commander'
import { collect } from '../admin.ts'

export type ClientFlags = {
  publisher?: string | false
  type?: string
  redirectUri?: string[]
  postLogoutUri?: string[]
  grant?: string[]
  scope?: string[]
  resource?: string[]
  jwks?: string
  jwksUri?: string
  firstParty?: boolean
  skipConsent?: boolean
  parOnly?: boolean
  dpopOnly?: boolean
  deviceNetworkPolicy?: string
  introspectsAll?: boolean
  tokenFormat?: string
  tokenSeconds?: string
  tokenAlg?: string
  refreshIdleSeconds?: string
  refreshAbsoluteSeconds?: string
  idTokenAlg?: string
  introspectionAlg?: string
  userinfoAlg?: string
  exchangeAudience?: string[]
  exchangeForeign?: boolean
  connection?: string[]
  home?: string
  terms?: string
  privacy?: string
}

export function clientFlags(command: Command): Command {
  return command
    .option(
      '--publisher <name>',
      'who publishes it, as you have verified; without, people see "not verified"',
    )
    .option(
      '--type <type>',
      'web, or native: on somebody’s machine (then schemes of its own may be called back)',
    )
    .option('--redirect-uri <uri>', 'where a browser may be sent back to (repeatable)', collect)
    .option('--post-logout-uri <uri>', 'where a browser may be sent after signing out (repeatable)', collect)
    .option(
      '--grant <grant>',
      'device_code, authorization_code, refresh_token, client_credentials, token-exchange, jwt-bearer (repeatable)',
      collect,
    )
    .option('--scope <scope>', 'what it may ask for (repeatable)', collect)
    .option('--resource <uri>', 'an API that it may ask tokens for (repeatable)', collect)
    .option('--jwks <file>', 'its public keys, a JWK Set: it signs instead of sending a secret')
    .option('--jwks-uri <url>', 'where its public keys are')
    .option('--first-party', 'it is yours')
    .option('--skip-consent', 'people are not asked; never so for a program that anybody could pose as')
    .option('--par-only', 'only pushed authorization requests')
    .option('--dpop-only', 'only tokens bound to a key')
    .option(
      '--device-network-policy <policy>',
      'for codes approved from another network: confirm, return-code, refuse, or default',
    )
    .option('--introspects-all', 'it may ask about tokens of other programs, as an API does')
    .option('--token-format <format>', 'jwt or opaque')
    .option('--token-seconds <seconds>', 'life of its access tokens, 60 to 3600')
    .option('--token-alg <alg>', 'how its access tokens are signed: ES256, RS256 or EdDSA')
    .option('--refresh-idle-seconds <seconds>', 'how long its sign-ins live unused')
    .option('--refresh-absolute-seconds <seconds>', 'how long its sign-ins live at most')
    .option('--id-token-alg <alg>', 'ES256, RS256 or EdDSA')
    .option('--introspection-alg <alg>', 'introspection answers as signed JWTs')
    .option('--userinfo-alg <alg>', 'UserInfo answers as signed JWTs')
    .option('--exchange-audience <uri>', 'what it may exchange tokens for (repeatable)', collect)
    .option('--exchange-foreign', 'it may exchange tokens that other programs got')
    .option(
      '--connection <provider>',
      'it may have tokens of accounts that people connected there (repeatable; none for no more)',
      collect,
    )
    .option('--home <url>', 'its home page, shown to people')
    .option('--terms <url>', 'its terms of service')
    .option('--privacy <url>', 'its privacy policy')
}

/** What was said, and nothing else. */
export function membersOf(flags: ClientFlags): ClientChanges {
  const { exchangeAudience, exchangeForeign } = flags
  const pages = defined({ home: flags.home, terms: flags.terms, privacy: flags.privacy })
  return defined({
    publisher: flags.publisher === false ? null : flags.publisher,
    applicationType: flags.type,
    redirectUris: flags.redirectUri,
    postLogoutRedirectUris: flags.postLogoutUri,
    grants: flags.grant,
    scopes: flags.scope,
    resources: flags.resource,
    jwks: flags.jwks === undefined ? undefined : readJson(flags.jwks),
    jwksUri: flags.jwksUri,
    firstParty: flags.firstParty,
    skipsConsent: flags.skipConsent,
    requiresPar: flags.parOnly,
    requiresDpop: flags.dpopOnly,
    deviceNetworkPolicy: flags.deviceNetworkPolicy === 'default' ? null : flags.deviceNetworkPolicy,
    introspectsAll: flags.introspectsAll,
    accessTokenFormat: flags.tokenFormat,
    accessTokenSeconds: number(flags.tokenSeconds, '--token-seconds'),
    accessTokenAlg: flags.tokenAlg,
    refreshIdleSeconds: number(flags.refreshIdleSeconds, '--refresh-idle-seconds'),
    refreshAbsoluteSeconds: number(flags.refreshAbsoluteSeconds, '--refresh-absolute-seconds'),
    idTokenAlg: flags.idTokenAlg,
    introspectionAlg: flags.introspectionAlg,
    userinfoAlg: flags.userinfoAlg,
    connections: flags.connection?.filter((id) => id !== 'none'),
    exchange:
      exchangeAudience === undefined && exchangeForeign === undefined
        ? undefined
        : { audiences: exchangeAudience ?? [], foreignTokens: exchangeForeign === true },
    pages: Object.keys(pages).length === 0 ? undefined : pages,
    // Words from the command line; the server looks at each of them.
  }) as ClientChanges
}

function defined(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

export function number(text: string | undefined, flag: string): number | undefined {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`${flag}: ${text} is not a whole number`)
  return Number(text)
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new UsageError(`--jwks: ${file} cannot be read as JSON: ${(error as Error).message}`)
  }
}
