// The client of the `countersign` program itself: public, first-party, there from the first start.
// Clients that administrators register are new-client.ts.

import type { Client } from '@countersign/protocol'
import type { Store } from '../store/store.ts'
import type { System } from '../system.ts'

export const ownClientId = 'countersign-cli'

/** Makes the client in a database that has none yet; who removed it does not get it back. */
export async function ensureOwnClient(store: Store, system: System): Promise<void> {
  if ((await store.list('client', '', 1)).length > 0) return
  const record: Client = {
    id: ownClientId,
    version: 0,
    name: 'Countersign CLI',
    publisher: 'Countersign',
    authMethods: ['none'],
    secretHashes: [],
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token', 'authorization_code'],
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    resources: [],
    redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
    firstParty: true,
    accessTokenFormat: 'jwt',
    accessTokenSeconds: 600,
    idTokenAlg: 'ES256',
    introspectsAll: false,
    createdAt: system.now(),
  }
  // A conflict means that another process was faster.
  await store.apply([{ op: 'insert', kind: 'client', record }])
}
