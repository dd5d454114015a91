// @countersign/server: start a server, administer its data, or mount its handler in a program of your own.
// Nothing is defined here.

export type { Host, HostPerson } from './accounts/host-application.ts'
export type { Admin } from './admin/admin.ts'
export { AdminError, type AdminErrorCode } from './admin/admin-error.ts'
export type { ClientChanges, NewClient } from './admin/new-client.ts'
export { openAdmin } from './admin/open-admin.ts'
export type { NewResource } from './admin/resources.ts'
export type {
  AccountSummary,
  ClientSummary,
  ConsentSummary,
  GrantSummary,
  IdentitySummary,
  KeySummary,
} from './admin/summaries.ts'
export type { ExportedEntry as AuditEntrySummary } from './audit-chain.ts'
export { type Config, ConfigError } from './config.ts'
export type {
  ConnectionEvent,
  ConnectionFlow,
  ConnectionOwner,
  ConnectionSummary,
  Connections,
} from './connections.ts'
export { type Countersign, type CountersignOptions, createCountersign } from './countersign.ts'
export { createFetchHandler } from './fetch.ts'
export { createHandler, type Handler } from './handler.ts'
export type { PlainRequest, PlainResponse } from './http.ts'
export type { Log } from './log.ts'
export type { Connect, ConnectParts, ConnectProvider, ConnectStore } from './open-connections.ts'
export { type RunningServer, type ServeOptions, startServer } from './start.ts'
export { openStore } from './store/open-store.ts'
export { type Store, StoreUnavailable } from './store/store.ts'
