// The public face of @countersign/client; nothing is defined here. Programs that only read stored tokens
// and must start fast import `@countersign/client/credentials`, which loads no OAuth library.
export {
  type Account,
  type Credential,
  type CredentialKey,
  type CredentialStore,
  freshness,
  keyOf,
  type LiveCredential,
  openStore,
  storeDirectory,
} from './credentials.ts'
export type { DeviceCode, DeviceCodeRequest } from './device-code.ts'
export { type DeviceLoginEvent, type DeviceLoginOptions, deviceLogin } from './device-login.ts'
export {
  createMetadataCache,
  type DiscoverOptions,
  discover,
  type MetadataCache,
  type ServerMetadata,
} from './discover.ts'
export {
  AnswerError,
  type CountersignError,
  DiscoveryError,
  isCountersignError,
  isTransient,
  LockError,
  NetworkError,
  OAuthError,
  SignInEndedError,
  SignInRequiredError,
  StoreError,
} from './errors.ts'
export { freshCredential, type RefreshOptions } from './refresh.ts'
export { type RevocationOutcome, revoke } from './revoke.ts'
export { createSession, type Session, type SessionOptions, type SessionRequest } from './session.ts'
export { type SignedIn, type SignInOptions, signIn } from './sign-in.ts'
export { type SignedOut, signOut } from './sign-out.ts'
export { type LogEntry, type System, system } from './system.ts'
export { printable } from './text.ts'
export type { Tokens } from './tokens.ts'
