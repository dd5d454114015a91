// A client as an administrator registers, changes and keys it: what is required, what is refused, and the defaults.
// The form of each member is new-client-input.ts; storing and listing is admin-clients.ts; the client that is there from the first
// start own-client.ts.

import {
  type Client,
  type ClientAuthMethod,
  connectionExchange,
  plainClient,
  tokenExchange,
} from '@countersign/protocol'
import type { z } from 'zod'
import { digest } from '../secrets.ts'
import type { System } from '../system.ts'
import { AdminError } from './admin-error.ts'
import { checkClient, clientChangesInput, newClientInput, parseInput } from './new-client-input.ts'

export type NewClient = z.input<typeof newClientInput>
export type ClientChanges = z.input<typeof clientChangesInput>

const secretMethods: readonly ClientAuthMethod[] = ['client_secret_basic', 'client_secret_post']

export function newClient(
  given: NewClient,
  system: System,
): { readonly record: Client; readonly secret: string | undefined } {
  const {
    id,
    name,
    public: isPublic = false,
    secret: supplied,
    ...said
  } = parseInput(newClientInput, given, 'client')
  const hasKeys = said.jwks !== undefined || said.jwksUri !== undefined
  if (isPublic && supplied !== undefined) throw new AdminError('invalid', 'secret: a public client has none')
  if (isPublic && hasKeys) throw new AdminError('invalid', 'jwks: a public client has none')
  if (hasKeys && supplied !== undefined)
    throw new AdminError('invalid', 'secret: a client with keys signs instead')
  const needsSecret = !isPublic && !hasKeys
  const generated = needsSecret && supplied === undefined ? drawSecret(system) : undefined
  const secret = supplied ?? generated
  const plain = plainClient({
    id,
    name,
    authMethods: isPublic ? ['none'] : hasKeys ? ['private_key_jwt'] : secretMethods,
    applicationType: isPublic ? 'native' : 'web',
    secrets: secret === undefined ? [] : [{ hash: digest(secret), endsAt: null }],
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    // A confidential first-party client is a resource server of the house: it may ask about every token.
    introspectsAll: said.firstParty === true && !isPublic,
    createdAt: system.now(),
  })
  return { record: checkClient({ ...plain, ...membersOf(said, plain) }), secret: generated }
}

/** The client with what is said anew; what is not mentioned stays. */
export function changedClient(client: Client, given: ClientChanges): Client {
  const said = parseInput(clientChangesInput, given, 'client')
  if (client.source === 'metadata_document')
    throw new AdminError('invalid', `${client.id} is described by its own document.`)
  // What a program says of itself never gives it such a token (protocol/connection-exchange.ts): said here, not found out later.
  if (client.source !== 'admin' && (said.connections ?? []).length > 0)
    throw new AdminError('invalid', `connections: ${client.id} registered itself, and so may have none`)
  const setsKeys = said.jwks !== undefined || said.jwksUri !== undefined
  if (setsKeys && !client.authMethods.includes('private_key_jwt'))
    throw new AdminError('invalid', 'jwks: this client does not authenticate with keys')
  // By value or by address: the new one takes the place of the other.
  const keys = setsKeys ? { jwks: said.jwks ?? null, jwksUri: said.jwksUri ?? null } : {}
  // A registered client that an administrator looks after is not forgotten.
  return checkClient({ ...client, ...membersOf(said, client), ...keys, expiresAt: null })
}

type Said = z.output<typeof clientChangesInput>

function membersOf({ grants, pages, connections, ...said }: Said, client: Client): Partial<Client> {
  return {
    ...(definedOf(said) as Partial<Client>),
    ...(grants === undefined ? {} : { grantTypes: [...new Set(grants)] }),
    ...(connections === undefined
      ? {}
      : connecting(connections, { ...client, ...definedOf({ scopes: said.scopes, grantTypes: grants }) })),
    ...(pages === undefined
      ? {}
      : { pages: { ...client.pages, ...(definedOf(pages) as Partial<Client['pages']>) } }),
  }
}

/** It is the scope that allows it, and the grant by which it is asked for. */
function connecting(
  providers: readonly string[],
  { scopes, grantTypes }: Pick<Client, 'scopes' | 'grantTypes'>,
): Partial<Client> {
  const needed = providers.length === 0 ? [] : ([tokenExchange.tokenExchangeGrantType] as const)
  return {
    scopes: connectionExchange.withConnections(scopes, providers),
    grantTypes: [...new Set([...grantTypes, ...needed])],
  }
}

function definedOf(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
}

/** How long the secret before stays good beside the new one, unless said otherwise. */
export const overlapSeconds = { usual: 86_400, most: 30 * 86_400 }

/**
 * The client with a new secret, and the one before it for as long as its users need to take over the new one. Never more than these
 * two: an older one, whose time was running out already, ends now.
 */
export function withNewSecret(
  client: Client,
  { secret, overlap, now }: { readonly secret: string; readonly overlap: number; readonly now: number },
): Client {
  if (!client.authMethods.some((method) => secretMethods.includes(method)))
    throw new AdminError('invalid', `${client.id} does not authenticate with a secret.`)
  if (!Number.isInteger(overlap) || overlap < 0 || overlap > overlapSeconds.most)
    throw new AdminError('invalid', `overlapSeconds: 0 to ${overlapSeconds.most} seconds`)
  if (secret.length < 32 || secret.length > 500)
    throw new AdminError('invalid', 'secret: a secret has at least 32 characters')
  const hash = digest(secret)
  const current = client.secrets.find(({ endsAt, hash: before }) => endsAt === null && before !== hash)
  const kept = current === undefined || overlap === 0 ? [] : [{ hash: current.hash, endsAt: now + overlap }]
  return { ...client, secrets: [{ hash, endsAt: null }, ...kept] }
}

export function drawSecret(system: Pick<System, 'random'>): string {
  return system.random(32).toString('base64url')
}
