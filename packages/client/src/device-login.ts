// The device grant from the terminal's side (RFC 8628): ask for a code, show it, poll until the person has
// decided. When to poll, and for how long to ask the server to hold its answer, is decided by the pure
// schedule of @countersign/protocol; this file sends, measures and reads.
// Not here: asking for the code (device-code.ts), who signed in and storing it (sign-in.ts), printing
// (packages/cli).
import { pollSchedule } from '@countersign/protocol'
import * as oauth from 'oauth4webapi'
import { type DeviceCode, type DeviceCodeRequest, requestCode } from './device-code.ts'
import { discover, type ServerMetadata } from './discover.ts'
import { AnswerError, cancelled, NetworkError, OAuthError, SignInEndedError } from './errors.ts'
import { guardedFetch, isTrouble, jsonOf, type OAuthRefusal, refusalOf, unavailable } from './http.ts'
import {
  type OnReturnCode,
  openReturnCodeAsker,
  type ReturnCodeAsk,
  type ReturnCodeAsker,
  readReturnCodeAsk,
} from './return-code.ts'
import { revoke } from './revoke.ts'
import { system as realSystem, type System } from './system.ts'
import { readTokens, type Tokens, UnusableTokens } from './tokens.ts'

export type DeviceLoginEvent =
  | { type: 'waiting' }
  | { type: 'slowed_down'; seconds: number }
  | { type: 'offline'; seconds: number; error: NetworkError | AnswerError }
  | { type: 'online' }

export type { ReturnCodeAsk } from './return-code.ts'

export type DeviceLoginOptions = DeviceCodeRequest & {
  /** Either of the two. */
  issuer?: string
  metadata?: ServerMetadata
  /** Called with the code before the first poll. */
  onCode: (code: DeviceCode) => void
  onEvent?: (event: DeviceLoginEvent) => void
  /**
   * Asks the person for the characters that the approving browser shows, where it is in another network than this machine. With it
   * the server is told that it may ask; without, it refuses or makes do with a warning in the browser.
   */
  onReturnCode?: OnReturnCode
  system?: System
}

type Flow = {
  options: DeviceLoginOptions
  metadata: ServerMetadata
  system: System
  deviceCode: string
  pauseAt?: number
}

/** Resolves with tokens, or throws an error of errors.ts. Aborting wins over an answer in flight. */
export async function deviceLogin(options: DeviceLoginOptions): Promise<Tokens> {
  const system = options.system ?? realSystem
  throwIfCancelled(options.signal)
  const metadata = options.metadata ?? (await discoverFor(options, system))
  const { code, deviceCode, interval } = await requestCode(
    { returnCodeSupported: options.onReturnCode !== undefined, ...options },
    metadata,
    system,
  )
  const flow: Flow = { options, metadata, system, deviceCode }
  if (options.signal?.aborted) {
    await cancel(flow, undefined)
    throw cancelled()
  }
  options.onCode(code)
  return pollUntilDecided(flow, interval, code.expiresIn)
}

export type ResumeOptions = Omit<DeviceLoginOptions, 'onCode' | 'issuer'> & {
  metadata: ServerMetadata
  /** Stops, with undefined, at this monotonic instant; the request stays open on the server. */
  pauseAt: number
}

/** Goes on with a code that was asked for earlier, perhaps by another process (pending.ts). */
export async function resumeDeviceLogin(
  options: ResumeOptions,
  code: { deviceCode: string; interval: unknown; expiresIn: number },
): Promise<Tokens | undefined> {
  const system = options.system ?? realSystem
  const { metadata } = options
  const flow: Flow = {
    options: { ...options, onCode: () => {} },
    metadata,
    system,
    deviceCode: code.deviceCode,
    pauseAt: options.pauseAt,
  }
  return pollUntilDecided(flow, code.interval, code.expiresIn).catch((error: unknown) => {
    if (error === PAUSED) return undefined
    throw error
  })
}

async function discoverFor(options: DeviceLoginOptions, system: System): Promise<ServerMetadata> {
  if (options.issuer === undefined) throw new TypeError('deviceLogin needs `issuer` or `metadata`')
  return discover(options.issuer, { system, ...(options.signal ? { signal: options.signal } : {}) })
}

async function pollUntilDecided(flow: Flow, interval: unknown, expiresIn: number): Promise<Tokens> {
  const asker = openReturnCodeAsker(flow.options.onReturnCode, flow.options.signal)
  try {
    return await pollOn(flow, asker, { interval, expiresIn })
  } finally {
    asker.stop()
  }
}

async function pollOn(
  flow: Flow,
  asker: ReturnCodeAsker,
  { interval, expiresIn }: { interval: unknown; expiresIn: number },
): Promise<Tokens> {
  const { options, system } = flow
  let { schedule, step } = pollSchedule.startPolling({ interval, expiresIn }, system.monotonic())
  let offline = false
  options.onEvent?.({ type: 'waiting' })
  for (;;) {
    await waitFor(flow, step, asker)
    if (step.next !== 'poll' && !asker.isReady()) throw new SignInEndedError('expired', 'The code expired.')
    // While somebody types, a poll is only to hear of an end, and must not be in the way of what is typed.
    const hold = step.next !== 'poll' || asker.typing() || asker.isReady() ? 0 : step.holdSeconds
    const returnCode = asker.take()
    const result = await pollOrCancel(flow, Math.min(hold, secondsToPause(flow)), returnCode)
    if (result.type === 'tokens') return result.tokens
    asker.hear(result.ask, returnCode !== undefined)
    const after = pollSchedule.nextPoll(schedule, result.event, system.monotonic())
    schedule = after.schedule
    step = after.step
    if (step.next === 'give_up') throw result.error ?? new SignInEndedError('expired', 'The code expired.')
    if (result.error) options.onEvent?.({ type: 'offline', seconds: step.waitSeconds, error: result.error })
    else if (offline) options.onEvent?.({ type: 'online' })
    offline = result.error !== undefined
    if (result.event.type === 'slow_down')
      options.onEvent?.({ type: 'slowed_down', seconds: step.waitSeconds })
    await pauseBefore(flow, step, asker)
  }
}

/** The server ends the last poll before a pause: cutting it off could lose tokens that are on their way. */
function secondsToPause({ pauseAt, system }: Flow): number {
  return pauseAt === undefined
    ? Number.POSITIVE_INFINITY
    : Math.max(0, Math.ceil(pauseAt - system.monotonic()))
}

async function pauseBefore(
  flow: Flow,
  { waitSeconds }: { waitSeconds: number },
  asker: ReturnCodeAsker,
): Promise<void> {
  if (waitSeconds < secondsToPause(flow)) return
  await sleepUnlessTyped(flow, secondsToPause(flow), asker)
  if (!asker.isReady() && asker.failure() === undefined) throw PAUSED
}

/** Waits for the next poll, or until there is a return code to send, which the server does not pace. */
async function waitFor(flow: Flow, step: pollSchedule.PollStep, asker: ReturnCodeAsker): Promise<void> {
  const { signal } = flow.options
  if (step.next !== 'give_up' && step.waitSeconds > 0) await sleepUnlessTyped(flow, step.waitSeconds, asker)
  const failure = asker.failure()
  if (!signal?.aborted && failure === undefined) return
  await cancel(flow, undefined)
  throw signal?.aborted ? cancelled() : failure
}

async function sleepUnlessTyped(
  { system, options: { signal } }: Flow,
  seconds: number,
  asker: ReturnCodeAsker,
): Promise<void> {
  if (asker.isReady()) return
  const typing = asker.typing()
  if (typing === undefined) return system.sleep(seconds, signal)
  const typed = new AbortController()
  const either = signal ? AbortSignal.any([signal, typed.signal]) : typed.signal
  await Promise.race([system.sleep(seconds, either), typing])
  typed.abort()
}

type PollResult =
  | { type: 'tokens'; tokens: Tokens }
  | {
      type: 'again'
      event: pollSchedule.PollEvent
      ask?: ReturnCodeAsk | undefined
      error?: NetworkError | AnswerError
    }

/** One poll at a time (DC-15), raced against the abort signal. */
async function pollOrCancel(
  flow: Flow,
  holdSeconds: number,
  returnCode: string | undefined,
): Promise<PollResult> {
  const { signal } = flow.options
  const stop = new AbortController()
  const inFlight = poll(flow, { holdSeconds, returnCode, signal: stop.signal })
  const aborted = whenAborted(signal)
  try {
    const first = await Promise.race([inFlight, aborted.promise])
    if (first !== 'aborted' && !signal?.aborted) return first
    await cancel(flow, inFlight)
    throw cancelled()
  } finally {
    aborted.forget()
    stop.abort()
    inFlight.catch(() => {})
  }
}

function whenAborted(signal: AbortSignal | undefined): { promise: Promise<'aborted'>; forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<'aborted'>()
  const listener = (): void => resolve('aborted')
  if (signal?.aborted) listener()
  signal?.addEventListener('abort', listener, { once: true })
  return { promise, forget: () => signal?.removeEventListener('abort', listener) }
}

type PollOptions = { holdSeconds: number; returnCode: string | undefined; signal: AbortSignal }

async function poll(flow: Flow, { holdSeconds, returnCode, signal }: PollOptions): Promise<PollResult> {
  const { metadata, options, system } = flow
  const parameters: Record<string, string> = {
    ...(options.resource ? { resource: options.resource } : {}),
    ...(returnCode ? { return_code: returnCode } : {}),
  }
  const sentAt = system.monotonic()
  let response: Response
  try {
    response = await oauth.deviceCodeGrantRequest(
      metadata,
      { client_id: options.clientId },
      oauth.None(),
      flow.deviceCode,
      {
        additionalParameters: parameters,
        // RFC 7240 §4.3; a server that does not know the hint answers at once.
        ...(holdSeconds > 0 ? { headers: { prefer: `wait=${holdSeconds}` } } : {}),
        [oauth.customFetch]: guardedFetch({
          system,
          signal,
          timeoutSeconds: holdSeconds > 0 ? holdSeconds + HOLD_MARGIN_SECONDS : PLAIN_TIMEOUT_SECONDS,
        }),
        [oauth.allowInsecureRequests]: true,
      },
    )
  } catch (error) {
    return retryable(error)
  }
  const refusal = await refusalOf(response)
  if (refusal?.error === 'authorization_pending') {
    const lastedSeconds = system.monotonic() - sentAt
    const ask = readReturnCodeAsk((await jsonOf(response)).return_code)
    return {
      type: 'again',
      ask,
      event: { type: 'pending', lastedSeconds, appliedWaitSeconds: appliedWait(response) },
    }
  }
  if (refusal) return readRefusal(flow, refusal, response)
  if (response.status !== 200) return retryable(unavailable(new URL(metadata.issuer).host, response))
  return { type: 'tokens', tokens: await readOrRevoke(flow, response) }
}

/** RFC 7240 §3. A server that did not hold the answer, or does not know how to, sends no such header. */
function appliedWait(response: Response): number | undefined {
  const applied = /(?:^|,)\s*wait\s*=\s*"?(\d{1,4})"?\s*(?:[,;]|$)/i.exec(
    response.headers.get('preference-applied') ?? '',
  )
  return applied ? Number(applied[1]) : undefined
}

function retryable(error: unknown): PollResult {
  if (error instanceof NetworkError) return { type: 'again', event: { type: 'transport_failure' }, error }
  if (error instanceof AnswerError)
    return {
      type: 'again',
      event: { type: 'stray_answer', retryAfterSeconds: error.retryAfterSeconds },
      error,
    }
  throw error
}

async function readRefusal(flow: Flow, refusal: OAuthRefusal, response: Response): Promise<PollResult> {
  const { description, uri } = refusal
  const cause = new OAuthError(refusal)
  switch (refusal.error) {
    case 'slow_down': {
      const { interval } = await jsonOf(response)
      return { type: 'again', event: { type: 'slow_down', interval } }
    }
    case 'access_denied':
      throw new SignInEndedError(uri ? 'refused_by_policy' : 'access_denied', cause.message, {
        description,
        uri,
        cause,
      })
    case 'expired_token':
      throw new SignInEndedError('expired', 'The code expired.', { cause })
  }
  // RFC 8628 §3.5: any other error ends the polling. A server in trouble is no OAuth answer, though.
  if (!isTrouble(refusal.status)) throw cause
  return retryable(unavailable(new URL(flow.metadata.issuer).host, response))
}

/** A token that cannot be used is not left alive behind our back. */
async function readOrRevoke(flow: Flow, response: Response): Promise<Tokens> {
  const { metadata, options, system } = flow
  try {
    return await readTokens(metadata, options.clientId, response, 'device_code', system.now())
  } catch (error) {
    const token = error instanceof UnusableTokens ? error.arrived() : undefined
    if (token)
      await revoke(
        metadata,
        options.clientId,
        { token, hint: 'refresh_token' },
        { system, timeoutSeconds: 2 },
      )
    throw error
  }
}

/**
 * Ends the request on the server, and a token that was already under way to us. Bounded: a person who
 * pressed Ctrl-C waits for this.
 */
async function cancel(flow: Flow, inFlight: Promise<PollResult> | undefined): Promise<void> {
  // What can be resumed outlives the process that waits for it.
  if (flow.pauseAt !== undefined) return
  const { metadata, options, system } = flow
  const end = (token: string, hint: 'device_code' | 'refresh_token' | 'access_token') =>
    revoke(metadata, options.clientId, { token, hint }, { system, timeoutSeconds: CANCEL_SECONDS })
  const late = async (): Promise<void> => {
    const result = await inFlight?.catch(() => undefined)
    if (result?.type === 'tokens') await endTokens(result.tokens, end)
  }
  await Promise.race([
    Promise.all([end(flow.deviceCode, 'device_code'), late()]),
    system.sleep(CANCEL_SECONDS),
  ])
}

async function endTokens(
  tokens: Tokens,
  end: (token: string, hint: 'refresh_token' | 'access_token') => Promise<unknown>,
): Promise<void> {
  const ends = [end(tokens.accessToken, 'access_token')]
  if (tokens.refreshToken) ends.push(end(tokens.refreshToken, 'refresh_token'))
  await Promise.all(ends)
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled()
}

const PAUSED = Symbol('paused')
// LP-14: a network that is slow on the way must not look like one that cut the request.
const HOLD_MARGIN_SECONDS = 10
const PLAIN_TIMEOUT_SECONDS = 15
// From Ctrl-C to the prompt in 300 ms, printing included.
const CANCEL_SECONDS = 0.25
