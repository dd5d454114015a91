// Records for tests, with something in every member. Worlds that use them are the other files here. Not for production.
// None of them is sealed or a real secret.

import type { Connection, Lease } from '../connection.ts'
import type { Flow } from '../flow.ts'
import type { StoredConnection } from '../store.ts'

export const sampleTime = 1_700_000_000.25

export function sampleFlow(changes: Partial<Flow> = {}): Flow {
  return {
    id: '0123456789abcdef0123456789abcdef',
    version: 1,
    provider: 'github',
    person: 'ada',
    session: 'digest of a session',
    place: '/home/ada',
    connectionId: 'connection-1',
    renews: false,
    label: 'Work',
    scopes: ['repo', 'user:email'],
    returnTo: '/settings?tab=1',
    state: 'pending',
    problem: null,
    shown: {
      kind: 'code',
      userCode: 'WDJB-MJHT',
      verificationUri: 'https://provider.example/device',
      verificationUriComplete: null,
    },
    secrets: 'sealed secrets',
    delivery: null,
    createdAt: sampleTime,
    updatedAt: sampleTime,
    expiresAt: sampleTime + 900,
    dueAt: sampleTime + 5,
    intervalSeconds: 5,
    troubles: 0,
    ...changes,
  }
}

export function sampleLease(changes: Partial<Lease> = {}): Lease {
  return {
    id: 'connection-1',
    version: 1,
    holder: 'process-1',
    until: sampleTime + 20,
    sent: null,
    sentAt: null,
    ...changes,
  }
}

export function sampleConnection(changes: Partial<Connection> = {}): Connection {
  return {
    id: 'connection-1',
    version: '1',
    person: 'ada',
    place: '',
    provider: 'github',
    account: { id: '583231', name: 'ada-l' },
    label: 'Work',
    tokens: {
      accessToken: 'access-token-1',
      refreshToken: 'refresh-token-1',
      expiresAt: sampleTime + 3600,
      scopes: ['repo'],
    },
    flow: '0123456789abcdef0123456789abcdef',
    ended: null,
    createdAt: sampleTime,
    updatedAt: sampleTime,
    ...changes,
  }
}

export function sampleStored(changes: Partial<StoredConnection> = {}): StoredConnection {
  return {
    id: 'connection-1',
    version: 1,
    person: 'ada',
    provider: 'github',
    facts: '{"label":"Work"}',
    sealed: 'sealed tokens',
    ...changes,
  }
}
