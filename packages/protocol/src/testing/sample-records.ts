// Complete records for the tests of the rules; a test overrides only what it is about.
// Nothing here decides anything: the rules are one folder up.

import { plainClient } from '../plain-client.ts'
import type {
  Account,
  Client,
  Decision,
  DeviceAuthorization,
  Grant,
  RequestContext,
  Resource,
} from '../records.ts'

/** The instant at which every sample begins. */
export const t0 = 1_800_000_000

export const context: RequestContext = {
  observed: { address: '203.0.113.7', userAgent: 'acme/1.4' },
  reported: { deviceName: 'mia@aurora', clientVersion: '1.4', agent: null },
}

export const client: Client = plainClient({
  id: 'acme-cli',
  version: 1,
  name: 'Acme CLI',
  grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
  scopes: ['openid', 'repo:read'],
  createdAt: t0 - 1000,
})

export function account(changes: Partial<Account> = {}): Account {
  return {
    id: 'usr_mia',
    version: 1,
    email: 'mia@example.com',
    name: 'Mia',
    passwordHash: null,
    admin: false,
    createdAt: t0 - 1000,
    disabledAt: null,
    ...changes,
  }
}

export function decision(changes: Partial<Decision> = {}): Decision {
  return {
    accountId: 'usr_mia',
    at: t0 + 10,
    authTime: t0 - 100,
    amr: ['pwd'],
    address: '198.51.100.4',
    userAgent: 'browser',
    reportedAsAttack: false,
    grantId: null,
    ...changes,
  }
}

/** A pending request that began at `t0`, lives for 600 s and has the interval 5. */
export function request(changes: Partial<DeviceAuthorization> = {}): DeviceAuthorization {
  return {
    id: 'hash-of-device-code',
    version: 1,
    userCodeHash: 'hash-of-user-code',
    clientId: client.id,
    scopes: ['openid'],
    resources: [],
    status: 'pending',
    interval: 5,
    createdAt: t0,
    expiresAt: t0 + 600,
    context,
    decision: null,
    accountId: null,
    grantId: null,
    jkt: null,
    acrValues: [],
    maxAge: null,
    takesReturnCode: false,
    returnCode: null,
    deniedFor: null,
    ...changes,
  }
}

/** A grant of `t0` whose only refresh token is `first`, idle after 1000 s, over after 5000 s. */
export function grant(changes: Partial<Grant> = {}): Grant {
  return {
    id: 'grant-1',
    version: 1,
    accountId: 'usr_mia',
    clientId: client.id,
    scopes: ['openid', 'repo:read'],
    resources: [],
    via: 'device_code',
    nonce: null,
    jkt: null,
    deviceName: 'mia@aurora',
    context,
    authTime: t0 - 100,
    amr: ['pwd'],
    createdAt: t0,
    lastUsedAt: t0,
    expiresAt: t0 + 5000,
    refresh: { hash: 'first', generation: 1, idleExpiresAt: t0 + 1000, previous: null },
    tokensRevokedUntil: 0,
    revokedAt: null,
    revokedFor: null,
    ...changes,
  }
}

/** A registered resource that changes nothing. */
export function resource(changes: Partial<Resource> = {}): Resource {
  return {
    id: 'https://api.example',
    version: 1,
    name: 'API',
    scopes: [],
    openToAll: false,
    accessTokenFormat: null,
    accessTokenSeconds: null,
    createdAt: t0 - 1000,
    ...changes,
  }
}
