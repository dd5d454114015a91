// The access token that is meant, from the environment or from the stored sign-in, renewed where needed; or the
// reason why there is none. Not here: which server and account that is (resolve.ts), renewing (refresh.ts).
import { variable } from './app.ts'
import type { Account } from './credentials.ts'
import type { SignInRequiredError } from './errors.ts'
import {
  type Asking,
  type Choice,
  chooseServer,
  environmentToken,
  resolveTarget,
  type ServerChoice,
} from './resolve.ts'
import type { System } from './system.ts'

export type TokenAnswer =
  | { token: string; source: 'environment'; detail: string; server: ServerChoice | undefined }
  | {
      token: string
      source: 'stored'
      server: ServerChoice
      account: Account
      /** Who named the account; undefined when it is the one that was chosen last. */
      named: Choice | undefined
      scope: string | undefined
      /** By the server's clock. */
      expiresAt: number | undefined
    }
  | { reason: SignInRequiredError['reason']; server: ServerChoice; account: string | undefined }

/** Throws what may be better later (network, store) and what is wrong with the question itself (resolve.ts). */
export async function resolveToken(asking: Asking & { system: System }): Promise<TokenAnswer> {
  const server = chooseServer(asking)
  const token = environmentToken(asking, server?.server)
  if (token !== undefined)
    return { token, source: 'environment', detail: variable(asking.app, 'TOKEN'), server }
  const target = resolveTarget(asking)
  const { chosen, named, issuer, clientId, account } = target
  if (account === undefined) return { reason: 'not_signed_in', server: chosen, account: named?.value }
  const { freshCredential } = await import('./refresh.ts')
  const { store, system } = asking
  try {
    const credential = await freshCredential({ store, system, key: { issuer, clientId, account } })
    const { accessToken, scope, expiresAt } = credential
    const rest = { account: credential.account, named, scope, expiresAt }
    return { token: accessToken, source: 'stored', server: chosen, ...rest }
  } catch (error) {
    if (!isSignInRequired(error)) throw error
    return { reason: error.reason, server: chosen, account: error.account ?? named?.value }
  }
}

function isSignInRequired(error: unknown): error is SignInRequiredError {
  return error instanceof Error && 'code' in error && error.code === 'sign_in_required'
}
