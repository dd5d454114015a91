// The public face of @countersign/client; nothing is defined here. Programs that only read stored tokens
// and must start fast import `@countersign/client/credentials`, which loads no OAuth library.

export type { AuthorizationLink } from './authorization-link.ts'
export { type ConnectionTokenOptions, connectionToken } from './connection-token.ts'
export type { StoreChoice, StoreKind } from './credentials.ts'
export {
  type Account,
  type Credential,
  type CredentialKey,
  type CredentialStore,
  type Entry,
  freshness,
  keyOf,
  type LiveCredential,
  openStore,
  type StoreOptions,
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
  type AccessNeeds,
  AnswerError,
  CertificateError,
  ConnectionRequiredError,
  type CountersignError,
  DiscoveryError,
  isCountersignError,
  isTransient,
  LockError,
  LoopbackError,
  MoreAccessError,
  NetworkError,
  NetworkSettingError,
  needsSignIn,
  OAuthError,
  ProjectError,
  SignInEndedError,
  SignInRequiredError,
  StoreError,
  UnknownFlowError,
} from './errors.ts'
export {
  type ChildToken,
  type ChildTokenOptions,
  childToken,
  endChildToken,
  exchangeToken,
} from './exchange.ts'
export { type Login, login, type Surroundings } from './login.ts'
export { type LoopbackLoginEvent, type LoopbackLoginOptions, loopbackLogin } from './loopback-login.ts'
export { type McpAuth, type McpAuthOptions, mcpAuth } from './mcp.ts'
export { type McpSignIn, type McpSignInOptions, mcpSignIn } from './mcp-login.ts'
export { cancelFlow, type PendingFlow, type Resumed, resumeFlow, startFlow } from './pending.ts'
export { freshCredential, type RefreshOptions } from './refresh.ts'
export {
  type Asking,
  type Choice,
  resolveServer,
  resolveTarget,
  type ServerChoice,
  type Source,
  type Target,
} from './resolve.ts'
export { resolveToken, type TokenAnswer } from './resolve-token.ts'
export type { OnReturnCode, ReturnCodeAsk } from './return-code.ts'
export { type RevocationOutcome, revoke } from './revoke.ts'
export {
  createSession,
  type OnStepUp,
  type Session,
  type SessionOptions,
  type SessionRequest,
} from './session.ts'
export { type SignedIn, type SignInOptions, signIn } from './sign-in.ts'
export { type SignedOut, signOut } from './sign-out.ts'
export { type LogEntry, type System, system } from './system.ts'
export { printable } from './text.ts'
export type { Tokens } from './tokens.ts'
