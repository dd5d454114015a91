// The record of a client that registers itself, and what it is told of it (RFC 7591 §3.2.1, RFC 7592 §3).
// Who may register is register.ts; what each member means, protocol/client-metadata.ts.

import {
  type Client,
  type ClientMetadata,
  clientInformation,
  type GrantType,
  type MetadataPolicy,
  plainClient,
} from '@countersign/protocol'
import { json, type PlainResponse } from '../http.ts'
import { clientAlgs, knownScopes } from '../offered.ts'
import { digest } from '../secrets.ts'
import type { Services } from '../services.ts'
import { cleanText } from '../text.ts'
import { registeredPrefix } from './register-limit.ts'

const managementPrefix = 'csm_'

const withPeople: readonly GrantType[] = [
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
]
/** Tokens that no person is asked about are for clients that somebody let in. */
const withoutPeople: readonly GrantType[] = [
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
]

/** What may be registered by anybody, with an initial access token, or by a client that has something already. */
export function registrationPolicy(
  { config }: Services,
  by: 'anybody' | 'token_holder' | Pick<Client, 'grantTypes' | 'scopes'>,
): MetadataPolicy {
  const has = typeof by === 'object' ? by : { grantTypes: [], scopes: [] }
  const more = by === 'token_holder' ? withoutPeople : []
  return {
    grantTypes: [...new Set([...withPeople, ...more, ...has.grantTypes])],
    scopes: [...new Set([...knownScopes, ...has.scopes])],
    assertionAlgs: clientAlgs,
    // Only for who says to be a native program, and those are asked for consent each time (standards.md X-22).
    privateUse: true,
    loopbackPages: config.issuer.startsWith('http:'),
  }
}

export interface Registered {
  readonly record: Client
  /** In clear for this one answer. */
  readonly secret: string | undefined
  readonly managementToken: string | undefined
}

/** A client of its own: with a secret if it is to use one, and a token to manage itself. */
export function ownRecord(
  { system }: Services,
  metadata: ClientMetadata,
  expiresAt: number | null,
): Registered & { readonly managementToken: string } {
  const secret = usesSecret(metadata) ? system.random(32).toString('base64url') : undefined
  const managementToken = managementPrefix + system.random(32).toString('base64url')
  const id = registeredPrefix + system.random(16).toString('base64url')
  const record = plainClient({
    ...membersOf(metadata, id),
    id,
    secrets: secret === undefined ? [] : [{ hash: digest(secret), endsAt: null }],
    registration: { tokenHash: digest(managementToken), echoed: metadata.echoed },
    createdAt: system.now(),
    expiresAt,
  })
  return { record, secret, managementToken }
}

/**
 * A public client that anybody can register: all who say the same are the same client, so that a program which registers at
 * every start makes one record. Nobody may manage what is everybody's.
 */
export function sharedRecord({ system }: Services, metadata: ClientMetadata, expiresAt: number): Registered {
  const sorted = {
    ...metadata,
    redirectUris: metadata.redirectUris.toSorted(),
    postLogoutRedirectUris: metadata.postLogoutRedirectUris.toSorted(),
    echoed: Object.entries(metadata.echoed).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  }
  const id = registeredPrefix + digest(JSON.stringify(sorted))
  const registration = { tokenHash: null, echoed: metadata.echoed }
  const record = plainClient({
    ...membersOf(metadata, id),
    id,
    registration,
    createdAt: system.now(),
    expiresAt,
  })
  return { record, secret: undefined, managementToken: undefined }
}

/** The members that a client chooses, as its record has them. */
export function membersOf(
  { name, echoed: _echoed, ...members }: ClientMetadata,
  id: string,
): Omit<ClientMetadata, 'name' | 'echoed'> & Pick<Client, 'name' | 'source'> {
  return { ...members, name: cleanText(name ?? undefined, 100) ?? id, source: 'registration' }
}

export function usesSecret({ authMethods }: Pick<Client, 'authMethods'>): boolean {
  return authMethods.some((method) => method.startsWith('client_secret_'))
}

export function answerWith(
  { config }: Services,
  status: 200 | 201,
  { record, secret, managementToken }: Registered,
): PlainResponse {
  const base = config.issuer.replace(/\/$/, '')
  return json(status, {
    ...clientInformation(record),
    // RFC 7591 §3.2.1: 0 means that it does not end.
    ...(secret === undefined ? {} : { client_secret: secret, client_secret_expires_at: 0 }),
    ...(managementToken === undefined
      ? {}
      : {
          registration_client_uri: `${base}/oauth/register/${record.id}`,
          registration_access_token: managementToken,
        }),
  })
}
