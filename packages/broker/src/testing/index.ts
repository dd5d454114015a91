// For tests of providers that others write: the contract that each provider of this package holds, against a vendor on a real socket.
// Its handlers (`json`, `page`, …) are @countersign/client/testing's. Nothing is defined here.

export { providerContract } from './provider-contract.ts'
export type { ProviderWire } from './provider-wire.ts'
