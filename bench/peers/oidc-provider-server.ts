// oidc-provider as a process of its own: device flow, refresh with rotation, introspection and revocation on,
// access tokens opaque or ES256 by client, everything kept in a Map. Its own memory adapter is the same thing
// with a limit of some thousand entries, which a run exceeds. Development pages are off.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider, { type AdapterPayload } from 'oidc-provider'

const resource = 'urn:bench:api'
const accountId = 'bench-account'
const scope = 'read'

const server = createServer()
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`
  const provider = createProvider(issuer)
  server.on('request', provider.callback())
  listenForApprovals(provider)
  console.log(JSON.stringify({ event: 'ready', issuer, pid: process.pid }))
})
process.on('disconnect', () => process.exit(0))
process.on('SIGTERM', () => process.exit(0))

function createProvider(issuer: string): Provider {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const device = {
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    response_types: [],
    redirect_uris: [],
  }
  const resourceServer = {
    client_id: 'bench-resource',
    client_secret: 'bench-resource-secret-bench-resource-secret',
    grant_types: [],
    response_types: [],
    redirect_uris: [],
  }
  return new Provider(issuer, {
    adapter: createMapAdapter(),
    clients: [
      { ...device, client_id: 'bench-opaque' },
      { ...device, client_id: 'bench-jwt' },
      resourceServer,
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' }] },
    scopes: ['offline_access', scope],
    ttl: { DeviceCode: 3600, AccessToken: 3600, RefreshToken: 86_400, Grant: 86_400 },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    features: {
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
          ...(client.clientId === 'bench-jwt'
            ? { accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }
            : { accessTokenFormat: 'opaque' }),
        }),
      },
    },
  })
}

/** What the end of its approval page does, done directly: a grant, then the code bound to it. */
function listenForApprovals(provider: Provider): void {
  process.on('message', async (message: { codes: string[] }) => {
    try {
      for (const value of message.codes) {
        const code = await provider.DeviceCode.find(value)
        if (code === undefined) throw new Error('no such device code')
        const grant = new provider.Grant({ accountId, clientId: code.clientId })
        grant.addResourceScope(resource, scope)
        const grantId = await grant.save()
        Object.assign(code, { accountId, grantId, scope, resource, authTime: code.iat })
        await code.save()
      }
      process.send?.({ done: true })
    } catch (error) {
      process.send?.({ done: false, failed: String(error) })
    }
  })
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
