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
export type { Connection, EndedWhy, Tokens } from './connection.ts'
export {
  type BrokerError,
  RequestError,
  SettingError,
  StartError,
  StoreUnavailable,
  TokenError,
  VaultError,
} from './errors.ts'
export type { FlowState, Shown } from './flow.ts'
export type { Account, Answer, Begun, Provider, ProviderContext, Renewed } from './provider.ts'
export type { BrokerStore } from './store.ts'
export { memoryStore } from './stores/memory.ts'
export type { Vault } from './vault.ts'
