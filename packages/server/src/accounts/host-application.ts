// What a host application tells us about who is signed in to it, as types: the part of embedding that the application writes.
// What is made of it is host.ts, mounting ../countersign.ts.

import type { PlainRequest } from '../http.ts'

/** Somebody who is signed in to the host application. */
export interface HostPerson {
  /** By which the host knows them, for ever. */
  readonly id: string
  /** One that the host has verified; it links nobody to an account that was there before. */
  readonly email?: string | null | undefined
  readonly name?: string | null | undefined
  /** Whether they may administer this server; left out, nothing changes. */
  readonly admin?: boolean | null | undefined
  /** When they last proved who they are, in seconds since the epoch. Without it a client that wants a new proof gets none. */
  readonly authTime?: number | null | undefined
  /** How (RFC 8176). */
  readonly amr?: readonly string[] | null | undefined
  /** Anything that changes with their session, such as its id: forms are good in the session that they were made in. */
  readonly session?: string | null | undefined
}

export interface Host {
  /** Who sends this request; `native` in it is the request as the host knows it. */
  authenticate(request: PlainRequest): Promise<HostPerson | null | undefined> | HostPerson | null | undefined
  /** Where people sign in to the host, and from where they come back to `returnTo`, an address of ours. */
  signInUrl(returnTo: string): string
  /** Where they sign out of the host, and from where they come back to `returnTo`; without it there is no such button. */
  signOutUrl?(returnTo: string): string
}
