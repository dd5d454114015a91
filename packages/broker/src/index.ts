// The public face of @countersign/broker: `createBroker`, the stores, the providers, the HTTP handler and the types of all that.
// Nothing is defined here.

export type {
  Broker,
  BrokerEvent,
  BrokerOptions,
  ConnectedToken,
  ConnectionView,
  FlowView,
  Owner,
  StartRequest,
  TokenOptions,
} from './broker.ts'
export { type ConnectedFetch, type ConnectedFetchOptions, connectedFetch } from './connected-fetch.ts'
export type { Connection, EndedWhy, Tokens } from './connection.ts'
export { createBroker } from './create-broker.ts'
export {
  type BrokerError,
  RequestError,
  SettingError,
  StartError,
  StoreUnavailable,
  TokenError,
  VaultError,
} from './errors.ts'
export type { FlowProblem, FlowState, Shown } from './flow.ts'
export {
  type ConnectHandler,
  type ConnectInfo,
  type ConnectOptions,
  createConnectHandler,
} from './handler.ts'
export { type HostCredentials, type HostCredentialsOptions, hostCredentials } from './host-credentials.ts'
export { type ConnectListener, connectListener, type ListenerOptions } from './node-listener.ts'
export { codeProvider } from './oauth-code.ts'
export { deviceProvider } from './oauth-device.ts'
export {
  type Api,
  accountOf,
  commaScopes,
  type Endpoints,
  type OAuthVendor,
  type RawAnswer,
  type Sending,
  withErrors,
} from './oauth-vendor.ts'
export type {
  Account,
  Answer,
  Asked,
  Begun,
  Provider,
  ProviderContext,
  Remembered,
  Renewed,
} from './provider.ts'
export { codex } from './providers/codex.ts'
export { type EntraSettings, entra } from './providers/entra.ts'
export { github } from './providers/github.ts'
export { gitlab } from './providers/gitlab.ts'
export { google } from './providers/google.ts'
export {
  isProviderKind,
  type ProviderKind,
  type ProviderSettings,
  providerKinds,
  providerOf,
} from './providers/index.ts'
export type { VendorSettings } from './providers/settings.ts'
export { slack } from './providers/slack.ts'
export type { BrokerStore } from './store.ts'
export { memoryStore } from './stores/memory.ts'
export { type PostgresOptions, postgresStore } from './stores/postgres.ts'
export { type SqliteOptions, sqliteStore } from './stores/sqlite.ts'
export type { Vault } from './vault.ts'
export { type AuthJsonOptions, authJsonVault } from './vaults/auth-json.ts'
