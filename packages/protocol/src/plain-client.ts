// A client with every member at its plainest: what a registration says beyond its name, it says on top of this.
// What may be registered is the server's matter (admin/new-client.ts, endpoints/register.ts); the meaning of the members is records-clients.ts.

import type { Client } from './records-clients.ts'

/** A public client without any grant; `id`, `name` and `createdAt` are the least that must be said. */
export function plainClient(said: Pick<Client, 'id' | 'name' | 'createdAt'> & Partial<Client>): Client {
  return {
    version: 0,
    publisher: null,
    source: 'admin',
    applicationType: 'native',
    authMethods: ['none'],
    secrets: [],
    jwks: null,
    jwksUri: null,
    grantTypes: [],
    scopes: [],
    resources: [],
    redirectUris: [],
    postLogoutRedirectUris: [],
    pages: { home: null, terms: null, privacy: null },
    firstParty: false,
    skipsConsent: false,
    requiresPar: false,
    requiresDpop: false,
    deviceNetworkPolicy: null,
    accessTokenFormat: 'jwt',
    accessTokenSeconds: 600,
    accessTokenAlg: 'ES256',
    refreshIdleSeconds: null,
    refreshAbsoluteSeconds: null,
    idTokenAlg: 'RS256',
    introspectionAlg: null,
    userinfoAlg: null,
    introspectsAll: false,
    exchange: null,
    registration: null,
    expiresAt: null,
    ...said,
  }
}
