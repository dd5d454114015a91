// The part of oidc-provider that the benchmark and the tests use; the package ships no types of its own.
// The server that uses it is oidc-provider-server.ts.
declare module 'oidc-provider' {
  import type { RequestListener, ServerResponse } from 'node:http'

  export type AdapterPayload = {
    iat?: number
    consumed?: number
    userCode?: string
    uid?: string
    grantId?: string
  }

  type Context = { path: string; res: ServerResponse; body: unknown; oidc?: { params?: unknown } }
  type Client = { clientId: string }
  type DeviceCode = { clientId: string; iat: number; save: () => Promise<string> }
  type Grant = {
    addOIDCScope: (scope: string) => void
    addResourceScope: (resource: string, scope: string) => void
    save: () => Promise<string>
  }

  type Configuration = {
    findAccount: (context: unknown, id: string) => { accountId: string; claims: () => { sub: string } }
    features: {
      resourceIndicators: {
        getResourceServerInfo: (context: unknown, resource: string, client: Client) => object
        [name: string]: unknown
      }
      [name: string]: unknown
    }
    [name: string]: unknown
  }

  // biome-ignore lint/style/noDefaultExport: this is how the package exports it
  export default class Provider {
    constructor(issuer: string, configuration: Configuration)
    callback(): RequestListener
    use(middleware: (context: Context, next: () => Promise<void>) => Promise<void>): void
    Client: { find: (clientId: string) => Promise<Client | undefined> }
    AuthorizationCode: new (properties: {
      client: Client
      accountId: string
      grantId: string
      authTime: number
      codeChallenge: string
      codeChallengeMethod: 'S256'
      redirectUri: string
      resource: string
      scope: string
    }) => { save: () => Promise<string> }
    DeviceCode: { find: (value: string) => Promise<DeviceCode | undefined> }
    Grant: new (properties: {
      accountId: string
      clientId: string
    }) => Grant
  }
}
