// oidc-provider as a process of its own: device, code and client credentials grant, refresh with rotation, introspection
// and revocation on, access tokens opaque or signed by client, everything kept in a Map. Its own memory adapter is the
// same thing with a limit of some thousand entries, which a run exceeds. Development pages are off.
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type AdapterPayload } from 'oidc-provider'
import { nowSeconds } from '../clock.ts'
import type { Row } from '../load-job.ts'
import { codeClientId, newPkcePair, redirectUri, secret } from '../request-parts.ts'
import { listenForTasks } from './peer-process.ts'

const resource = 'urn:bench:api'
const accountId = 'bench-account'
const scope = 'read'

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  const provider = createProvider(issuer)
  server.on('request', provider.callback())
  listenForTasks({
    approve: (codes) => approve(provider, codes),
    makeCodes: (count) => makeCodes(provider, count),
  })
  console.log(JSON.stringify({ event: 'ready', issuer, pid: process.pid }))
})
/** Clients whose access tokens are JWTs, and what signs them. */
const signed = new Map([
  ['bench-jwt', 'ES256'],
  ['bench-es256', 'ES256'],
  ['bench-eddsa', 'EdDSA'],
])

function createProvider(issuer: string): Provider {
  const { privateKey: p256 } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { privateKey: ed25519 } = generateKeyPairSync('ed25519')
  return new Provider(issuer, {
    adapter: createMapAdapter(),
    clients: clients(),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    jwks: { keys: [jwk(p256, 'ES256'), jwk(ed25519, 'EdDSA')] },
    scopes: ['offline_access', scope],
    ttl: {
      AccessToken: 3600,
      AuthorizationCode: 600,
      ClientCredentials: 3600,
      DeviceCode: 3600,
      Grant: 86_400,
      RefreshToken: 86_400,
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      deviceFlow: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: (_ctx, _resource, client) => ({
          scope,
          audience: resource,
          accessTokenTTL: 3600,
          ...accessTokens(client.clientId),
        }),
      },
    },
  })
}

function clients(): object[] {
  const none = { grant_types: [], response_types: [], redirect_uris: [] }
  const native = { ...none, token_endpoint_auth_method: 'none', application_type: 'native' }
  const device = {
    ...native,
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
  }
  const code = {
    ...native,
    client_id: codeClientId,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    redirect_uris: [redirectUri],
  }
  const service = { ...none, client_secret: secret, grant_types: ['client_credentials'] }
  return [
    { ...device, client_id: 'bench-opaque' },
    { ...device, client_id: 'bench-jwt' },
    code,
    { ...service, client_id: 'bench-es256' },
    { ...service, client_id: 'bench-eddsa' },
    { ...none, client_id: 'bench-resource', client_secret: secret },
  ]
}

function jwk(privateKey: KeyObject, alg: string): object {
  return { ...privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: `bench-${alg}` }
}

function accessTokens(clientId: string): object {
  const alg = signed.get(clientId)
  return alg === undefined
    ? { accessTokenFormat: 'opaque' }
    : { accessTokenFormat: 'jwt', jwt: { sign: { alg } } }
}

/** What the end of its approval page does, done directly: a grant, then the code bound to it. */
async function approve(provider: Provider, deviceCodes: string[]): Promise<void> {
  for (const value of deviceCodes) {
    const code = await provider.DeviceCode.find(value)
    if (code === undefined) throw new Error('no such device code')
    const grantId = await newGrant(provider, code.clientId)
    Object.assign(code, { accountId, grantId, scope, resource, authTime: code.iat })
    await code.save()
  }
}

/** What the end of its authorization endpoint does: a code of its own model, on a grant. */
async function makeCodes(provider: Provider, count: number): Promise<Row[]> {
  const client = await provider.Client.find(codeClientId)
  if (client === undefined) throw new Error('the client of the code grant is gone')
  const rows: Row[] = []
  while (rows.length < count) {
    const { verifier, challenge } = newPkcePair()
    const code = new provider.AuthorizationCode({
      client,
      accountId,
      grantId: await newGrant(provider, codeClientId),
      authTime: nowSeconds(),
      codeChallenge: challenge,
      codeChallengeMethod: 'S256',
      redirectUri,
      resource,
      scope,
    })
    rows.push([await code.save(), verifier])
  }
  return rows
}

function newGrant(provider: Provider, clientId: string): Promise<string> {
  const grant = new provider.Grant({ accountId, clientId })
  grant.addResourceScope(resource, scope)
  return grant.save()
}

function createMapAdapter() {
  const records = new Map<string, AdapterPayload>()
  const ids = new Map<string, string>()
  const members = new Map<string, Set<string>>()
  return (model: string) => {
    const key = (id: string) => `${model}:${id}`
    return {
      upsert: async (id: string, payload: AdapterPayload) => {
        records.set(key(id), payload)
        if (payload.userCode !== undefined) ids.set(payload.userCode, id)
        if (payload.uid !== undefined) ids.set(payload.uid, id)
        if (payload.grantId === undefined) return
        const known = members.get(payload.grantId)
        if (known === undefined) members.set(payload.grantId, new Set([key(id)]))
        else known.add(key(id))
      },
      find: async (id: string) => records.get(key(id)),
      findByUserCode: async (userCode: string) => records.get(key(ids.get(userCode) ?? '')),
      findByUid: async (uid: string) => records.get(key(ids.get(uid) ?? '')),
      consume: async (id: string) => {
        const payload = records.get(key(id))
        if (payload !== undefined) payload.consumed = payload.iat ?? 1
      },
      destroy: async (id: string) => {
        records.delete(key(id))
      },
      revokeByGrantId: async (grantId: string) => {
        for (const member of members.get(grantId) ?? []) records.delete(member)
        members.delete(grantId)
      },
    }
  }
}
