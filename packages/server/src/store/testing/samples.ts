// One record of every kind with every field set to something, for the tests of the stores.
// What the fields mean is in the protocol's records.ts. Not for production.

import type { Decision, Kind, Records, RequestContext } from '@countersign/protocol'

/** The second at which the samples live. */
export const now = 1_760_000_000

const context: RequestContext = {
  observed: { address: '2001:db8::7', userAgent: 'countersign/0.1.0 (linux; x64)' },
  reported: { deviceName: 'Ada’s “build box” 🛠', clientVersion: '0.1.0', agent: null },
}

export const samples: Records = {
  account: {
    id: 'usr_ada',
    version: 0,
    email: 'ada@example.com',
    name: 'Ada Lovelace',
    passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
    admin: true,
    createdAt: now,
    disabledAt: null,
  },
  passkey: {
    id: 'passkey-1',
    version: 0,
    accountId: 'usr_ada',
    publicKey: 'pQECAyYgASFYIA',
    counter: 4_294_967_295,
    transports: ['internal', 'hybrid'],
    name: 'Phone',
    createdAt: now,
    lastUsedAt: null,
  },
  browserSession: {
    id: 'browser-session-1',
    version: 0,
    accountId: 'usr_ada',
    createdAt: now,
    authenticatedAt: now,
    lastSeenAt: now + 5,
    expiresAt: now + 86_400,
    amr: ['pwd', 'otp'],
    address: '203.0.113.9',
    userAgent: 'Mozilla/5.0 "quoted" \\ back',
  },
  client: {
    id: 'client-1',
    version: 0,
    name: 'Build tool',
    publisher: null,
    authMethods: ['none', 'client_secret_basic'],
    secretHashes: [],
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    scopes: ['openid', 'offline_access'],
    resources: ['https://api.example.com/'],
    redirectUris: ['http://127.0.0.1/callback'],
    firstParty: false,
    accessTokenFormat: 'jwt',
    accessTokenSeconds: 3600,
    idTokenAlg: 'ES256',
    introspectsAll: true,
    createdAt: now,
  },
  deviceAuthorization: {
    id: 'device-authorization-1',
    version: 0,
    userCodeHash: 'user-code-1',
    clientId: 'client-1',
    scopes: ['openid', 'offline_access'],
    resources: [],
    status: 'pending',
    interval: 5,
    createdAt: now,
    expiresAt: now + 600,
    context,
    decision: null,
    accountId: null,
    grantId: null,
  },
  grant: {
    id: 'grant-1',
    version: 0,
    accountId: 'usr_ada',
    clientId: 'client-1',
    scopes: ['openid', 'offline_access'],
    resources: ['https://api.example.com/'],
    via: 'device_code',
    deviceName: 'build box',
    context,
    authTime: now,
    amr: ['pwd'],
    createdAt: now,
    lastUsedAt: now,
    expiresAt: now + 7_776_000,
    refresh: {
      hash: 'refresh-token-1',
      generation: 1,
      idleExpiresAt: now + 2_592_000,
      previous: { hash: 'refresh-token-0', rotatedAt: now, successorSealed: 'sealed' },
    },
    revokedTokens: [{ jti: 'jti-1', expiresAt: now + 3600 }],
    revokedAt: null,
    revokedFor: null,
  },
  signingKey: {
    id: 'kid-1',
    version: 0,
    alg: 'ES256',
    publicJwk: { kty: 'EC', crv: 'P-256', x: 'x', y: 'y' },
    privateSealed: 'sealed',
    createdAt: now,
    activeAt: now,
    retiresAt: null,
  },
  attempts: {
    id: 'sign-in ada@example.com',
    version: 0,
    windowStartedAt: now,
    count: 3,
    previousCount: 1,
    expiresAt: now + 600,
  },
  setting: { id: 'setup', version: 0, value: 'digest', expiresAt: null },
}

export const decision: Decision = {
  accountId: 'usr_ada',
  at: now + 9,
  authTime: now,
  amr: ['pwd'],
  address: '203.0.113.9',
  userAgent: 'Mozilla/5.0',
  reportedAsAttack: false,
}

/** What another write of the same record might change: as many columns as the kind has. */
export const changes: { readonly [K in Kind]: Partial<Records[K]> } = {
  account: { email: 'countess@example.com', disabledAt: now + 1 },
  passkey: { counter: 7, lastUsedAt: now + 1 },
  browserSession: { expiresAt: now + 90_000 },
  client: { publisher: 'Example Ltd', secretHashes: ['one', 'two'] },
  deviceAuthorization: {
    status: 'approved',
    accountId: 'usr_ada',
    decision,
  },
  grant: { refresh: null, revokedAt: now + 1, revokedFor: 'person' },
  signingKey: { retiresAt: now + 1 },
  attempts: { count: 4, expiresAt: now + 700 },
  setting: { value: 'other', expiresAt: now + 1 },
}

/** A sample with some fields changed; unique values follow the id unless they are given. */
export function sample<K extends Kind>(kind: K, change: Partial<Records[K]> = {}): Records[K] {
  const own =
    'id' in change ? { email: `${change.id}@example.com`, userCodeHash: `code of ${change.id}` } : {}
  const record: Record<string, unknown> = { ...samples[kind] }
  for (const [field, value] of Object.entries(own)) if (field in record) record[field] = value
  return { ...record, ...change } as unknown as Records[K]
}
