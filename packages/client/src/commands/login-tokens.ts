// From the decision to tokens, with a person in between: by a link or by a code, from the one to the other when `d` is
// pressed or no port can be had, and again when it expired. Not here: what is shown (login-link-view.ts,
// login-code-view.ts), what decides (../transport.ts), the protocol (../loopback-login.ts, ../device-login.ts).
import type { Callback } from '../callback.ts'
import type { DeviceCode } from '../device-code.ts'
import type { ServerMetadata } from '../discover.ts'
import { agentName, type Facts } from '../environment.ts'
import type { System } from '../system.ts'
import type { Tokens } from '../tokens.ts'
import { type Decision, withoutLoopback } from '../transport.ts'
import type { Context } from './command.ts'
import { type CodeView, openCodeView } from './login-code-view.ts'
import { askForEnter } from './login-keys.ts'
import { type LinkView, openLinkView } from './login-link-view.ts'

export type Attempt = {
  clientId: string
  metadata: ServerMetadata
  deviceName: string
  scope: string
  resource: string | undefined
  /** RFC 9470: what kind of sign-in an API asks for, and how recent. */
  acrValues: string | undefined
  maxAge: string | undefined
  signal: AbortSignal
  json: boolean
  /** What it is for, where the person did not ask for it by themselves (step-up.ts). */
  why: string | undefined
  context: Context
  facts: Facts
  decision: Decision
  /** Where the server lists what is signed in, as far as that can be seen from what it was asked for. */
  onDevicePage: (address: string) => void
}

/** Expired links and codes are renewed on Enter, three times at most. */
export async function obtainTokens(attempt: Attempt, system: System): Promise<Tokens> {
  const settled = await settle(attempt, system)
  let { decision } = settled
  let callback: Callback | undefined = settled.callback
  for (let renewal = 0; ; renewal += 1) {
    const what = decision.transport === 'loopback' ? 'link' : 'code'
    try {
      if (decision.transport === 'loopback') {
        const opened = callback
        callback = undefined
        const why = renewal === 0 ? attempt.why : undefined
        const tokens = await byLink({ ...attempt, decision, why }, opened, system)
        if (tokens !== 'use_code') return tokens
        decision = withoutLoopback(decision, 'a code was asked for')
      }
      const why = what === 'code' && renewal === 0 ? attempt.why : undefined
      return await byCode({ ...attempt, decision, why }, what === 'code' ? renewal : 0, system)
    } catch (error) {
      const mayAsk = attempt.context.terminal.interactive && !attempt.json && renewal < RENEWALS
      if (!isExpiry(error) || !mayAsk) throw error
      const shown = decision.transport === 'loopback' ? 'link' : 'code'
      if (!(await askForEnter(attempt.context, shown, attempt.signal))) {
        if (!attempt.signal.aborted) throw error
        throw (await import('../errors.ts')).cancelled()
      }
    }
  }
}

/** What the server does not offer, or a port that is not to be had, leaves the code; it is said why. */
async function settle(
  { decision, metadata, context, facts, json }: Attempt,
  system: System,
): Promise<{ decision: Decision; callback?: Callback }> {
  if (decision.transport !== 'loopback') return { decision }
  const { offersLoopback } = await import('../loopback-login.ts')
  if (!offersLoopback(metadata))
    return { decision: withoutLoopback(decision, 'the server has no sign-in by link') }
  const { openCallback } = await import('../callback.ts')
  const callback = await openCallback(system)
  const reason = callback === undefined ? 'no port on this computer can be listened on' : undefined
  if (callback !== undefined && (!decision.selfTest || (await reachedFromWindows(callback, facts))))
    return { decision, callback }
  await callback?.close()
  const why = reason ?? 'a browser of Windows does not reach this computer'
  if (!json) context.terminal.warn(`Using a code: ${why}.`)
  return { decision: withoutLoopback(decision, why) }
}

async function reachedFromWindows(callback: Callback, facts: Facts): Promise<boolean> {
  const { fetchFromWindows } = await import('../opener.ts')
  return facts.wsl === 'interop' && callback.isReachedBy(fetchFromWindows)
}

async function byLink(
  attempt: Attempt,
  callback: Callback | undefined,
  system: System,
): Promise<Tokens | 'use_code'> {
  const { decision, context, facts, signal, json, metadata, why } = attempt
  const { loopbackLogin } = await import('../loopback-login.ts')
  const useCode = new AbortController()
  const hasCodes = metadata.device_authorization_endpoint !== undefined
  const useCodes = hasCodes ? { onUseCode: () => useCode.abort() } : {}
  let view: LinkView | undefined
  try {
    return await loopbackLogin({
      ...requestOf(attempt),
      ...(callback ? { callback } : {}),
      system,
      signal: AbortSignal.any([signal, useCode.signal]),
      onLink: (link) => {
        if (link.requestUri !== undefined)
          attempt.onDevicePage(`${metadata.issuer.replace(/\/$/, '')}/account`)
        view = openLinkView(link, { context, json, open: decision.open, why, ...useCodes })
        if (decision.open)
          open(link.url, facts, (reason) =>
            view?.hint(`No browser opened (${reason}). Open the link yourself.`),
          )
      },
      onEvent: (event) => view?.event(event),
    })
  } catch (error) {
    const notAllowed = view === undefined && hasCodes && isRefusedClient(error)
    if (!signal.aborted && (useCode.signal.aborted || notAllowed)) return 'use_code'
    throw error
  } finally {
    view?.close()
  }
}

/** The program may not use the code grant, or not with this redirect: its author registered it for codes only. */
function isRefusedClient(error: unknown): boolean {
  if (!(error instanceof Error) || !('error' in error)) return false
  return error.error === 'unauthorized_client' || error.error === 'invalid_request'
}

function open(link: string, { opener }: Facts, onFailure: (why: string) => void): void {
  if (opener === undefined) return
  void import('../opener.ts').then(({ openBrowser }) => openBrowser(link, opener, onFailure))
}

async function byCode(attempt: Attempt, renewal: number, system: System): Promise<Tokens> {
  const { decision, context, facts, json, metadata, why } = attempt
  const { deviceLogin } = await import('../device-login.ts')
  const shown: { view?: CodeView; code?: DeviceCode } = {}
  const mayType = context.terminal.interactive && !json
  try {
    return await deviceLogin({
      ...requestOf(attempt),
      system,
      signal: attempt.signal,
      onCode: (given) => {
        shown.code = given
        const issuer = metadata.issuer.replace(/\/$/, '')
        if (given.verificationUri === `${issuer}/device`) attempt.onDevicePage(`${issuer}/account`)
        shown.view = openCodeView(given, { context, json, renewed: renewal > 0, qr: decision.qr, why })
        const link = given.verificationUriComplete ?? given.verificationUri
        if (decision.open) open(link, facts, (reason) => shown.view?.hint(`No browser opened (${reason}).`))
      },
      onEvent: (event) => shown.view?.event(event),
      ...(mayType
        ? { onReturnCode: (ask, signal) => shown.view?.askReturnCode?.(ask, signal) ?? Promise.resolve('') }
        : {}),
    })
  } catch (error) {
    throw withLifetime(error, shown.code)
  } finally {
    shown.view?.close()
  }
}

function requestOf({ clientId, metadata, deviceName, scope, resource, acrValues, maxAge, context }: Attempt) {
  const agent = agentName(context.env)
  return {
    clientId,
    metadata,
    deviceName,
    scope,
    clientVersion: context.app.version,
    ...(resource === undefined ? {} : { resource }),
    ...(acrValues === undefined ? {} : { acrValues }),
    ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) }),
    ...(agent === undefined ? {} : { agent }),
  }
}

function isExpiry(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'expired'
}

function withLifetime(error: unknown, code: DeviceCode | undefined): unknown {
  if (!isExpiry(error) || !code) return error
  const whole = Math.round(code.expiresIn / 60)
  const life = whole < 1 ? `${code.expiresIn} seconds` : whole === 1 ? 'one minute' : `${whole} minutes`
  return Object.assign(new Error(`The code expired after ${life}.`, { cause: error }), { code: 'expired' })
}

const RENEWALS = 3
