// The rules of Countersign, as one public entry. Everything here is a pure function or a type over plain data;
// nothing in this package reads a clock, draws a random value, does I/O, or throws.

export type { AccessToken } from './access-token.ts'
export * as accessToken from './access-token.ts'
export type { Budget } from './attempts.ts'
export * as attempts from './attempts.ts'
export * as deviceAuthorization from './device-authorization.ts'
export * as grant from './grant.ts'
export { metadata } from './metadata.ts'
export * as pollSchedule from './poll-schedule.ts'
export type * from './records.ts'
export * as refreshToken from './refresh-token.ts'
export * from './refusal.ts'
export * from './resource.ts'
export * from './scope.ts'
export * from './user-code.ts'
