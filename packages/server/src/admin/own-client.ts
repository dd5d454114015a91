// The client of the `countersign` program itself: public, first-party, there from the first start.
// Clients that administrators register are new-client.ts.

import { plainClient } from '@countersign/protocol'
import type { Store } from '../store/store.ts'
import type { System } from '../system.ts'

export const ownClientId = 'countersign-cli'

/** Makes the client in a database that has none yet; who removed it does not get it back. */
export async function ensureOwnClient(store: Store, system: System): Promise<void> {
  if ((await store.list('client', '', 1)).length > 0) return
  const record = plainClient({
    id: ownClientId,
    name: 'Countersign CLI',
    publisher: 'Countersign',
    grantTypes: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token', 'authorization_code'],
    scopes: ['openid', 'profile', 'email', 'offline_access'],
    redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'],
    firstParty: true,
    deviceNetworkPolicy: 'return-code',
    idTokenAlg: 'ES256',
    createdAt: system.now(),
  })
  // A conflict means that another process was faster.
  await store.apply([{ op: 'insert', kind: 'client', record }])
}
