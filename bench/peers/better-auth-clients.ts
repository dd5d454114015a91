// The clients and resources of better-auth, as rows of its own model.
// The server that keeps them is better-auth-server.ts, the requests that name them better-auth.ts.
import { hash } from 'node:crypto'
import { deviceGrantType } from '../operations.ts'
import { codeClientId, redirectUri, secret } from '../request-parts.ts'

/** Without `offline_access` it gives no refresh token. */
export const userScopes = ['profile', 'offline_access']

export const es256Resource = 'https://api.example.com/es256'
export const eddsaResource = 'https://api.example.com/eddsa'
export const resources = [
  { identifier: es256Resource, signingAlgorithm: 'ES256' },
  { identifier: eddsaResource, signingAlgorithm: 'EdDSA' },
] as const

const none = { redirectUris: [], responseTypes: [], scopes: userScopes }
const withSecret = {
  ...none,
  tokenEndpointAuthMethod: 'client_secret_basic',
  clientSecret: hash('sha256', secret, 'base64url'),
}
const device = { grantTypes: [deviceGrantType, 'refresh_token'], applicationType: 'native' }
const service = { ...withSecret, grantTypes: ['client_credentials'], clientCredentialsScopes: ['read'] }

const clients = [
  // It tells of an opaque token only to the client that got it, and only if that client has a secret.
  { ...withSecret, ...device, clientId: 'bench-opaque' },
  { ...none, ...device, clientId: 'bench-jwt', tokenEndpointAuthMethod: 'none' },
  {
    ...none,
    clientId: codeClientId,
    tokenEndpointAuthMethod: 'none',
    applicationType: 'native',
    grantTypes: ['authorization_code', 'refresh_token'],
    responseTypes: ['code'],
    redirectUris: [redirectUri],
  },
  { ...service, clientId: 'bench-es256' },
  { ...service, clientId: 'bench-eddsa' },
  { ...withSecret, clientId: 'bench-resource', grantTypes: ['client_credentials'] },
]

export const clientIds = clients.map(({ clientId }) => clientId)

type Create = (row: { model: string; data: Record<string, unknown> }) => Promise<unknown>

export async function addClients(create: Create): Promise<void> {
  for (const client of clients)
    await create({ model: 'oauthClient', data: { ...client, name: client.clientId } })
  // Lets the resource server ask about tokens that other clients got for it.
  const link = { clientId: 'bench-resource', resourceId: es256Resource }
  await create({ model: 'oauthClientResource', data: link })
}
