// From the text of an access token to the facts it stands on, when it counts now: for every endpoint that is shown one.
// A token of a sign-in counts while grant and account live; a token that a client got for itself, while the client is registered
// and the token was not revoked; and either only while everybody who acts by it is still here.

import {
  type AccessToken,
  type Account,
  type Actor,
  accessToken,
  type Client,
  type Grant,
} from '@countersign/protocol'
import type { Services } from './services.ts'
import { decodeAccessToken } from './tokens.ts'

export type LiveToken = { readonly token: AccessToken } & (
  | { readonly grant: Grant; readonly account: Account }
  | { readonly grant: undefined; readonly account: undefined; readonly client: Client }
)

/** Undefined for whatever is no token of ours, has expired or was revoked. */
export async function findLiveToken(services: Services, text: string): Promise<LiveToken | undefined> {
  const token = decodeAccessToken(services, text)
  return token && standing(services, token)
}

/** The same for a token that was opened already. */
export async function standing(services: Services, token: AccessToken): Promise<LiveToken | undefined> {
  const { store, system } = services
  if (token.act !== null && !(await isServing(services, token.act))) return undefined
  if (token.grantId === null) return standingAlone(services, token)
  const found = await store.readWithAccount('grant', token.grantId)
  if (!accessToken.counts(token, found?.record, found?.account, system.now())) return undefined
  if (found?.account === undefined || (await isRevoked(services, token, found.record))) return undefined
  // Exchanged by another client than the one whose sign-in it is: it ends with either.
  if (token.clientId !== found.record.clientId && (await services.clients.find(token.clientId)) === undefined)
    return undefined
  return { token, grant: found.record, account: found.account }
}

async function standingAlone(services: Services, token: AccessToken): Promise<LiveToken | undefined> {
  if (services.system.now() >= token.expiresAt) return undefined
  const client = await services.clients.find(token.clientId)
  if (client === undefined) return undefined
  const { subjectClientId } = token
  if (subjectClientId !== undefined && (await services.clients.find(subjectClientId)) === undefined)
    return undefined
  if (await isRevoked(services, token, undefined)) return undefined
  return { token, grant: undefined, account: undefined, client }
}

// By itself, or one that it came from.
async function isRevoked(
  { store, system }: Services,
  token: AccessToken,
  grant: Grant | undefined,
): Promise<boolean> {
  for (const id of accessToken.revocationsOf(token, grant, system.now())) {
    if ((await store.read('spent', id)) !== undefined) return true
  }
  return false
}

// The token of a client that was removed, or of somebody whose account was closed, is gone; what others got for it goes with it.
async function isServing(services: Services, { sub, act }: Actor): Promise<boolean> {
  // Whatever begins so is an account, and no client (standards.md G-25).
  const isHere = sub.startsWith('usr_')
    ? (await services.store.read('account', sub))?.disabledAt === null
    : (await services.clients.find(sub)) !== undefined
  return isHere && (act === undefined || isServing(services, act))
}
