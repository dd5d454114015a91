// A sign-in in two steps, for programs that cannot wait: the first leaves the request in an owner-only file and says what
// to tell the person, a later one, perhaps of another process, asks how it was decided and keeps what it brought.
// The device code is in that file and nowhere else: it is never printed, logged or handed out.
// Not here: the words and the JSON of it (commands/login-two-step.ts), MCP (mcp-login.ts).
import { dirname, join } from 'node:path'
import {
  ensurePrivateDirectory,
  listFiles,
  readPrivateFile,
  removePrivateFile,
  writePrivateFile,
} from './credential-file.ts'
import type { CredentialStore, LiveCredential, StoreKind } from './credentials.ts'
import { type DeviceCode, type DeviceCodeRequest, requestCode } from './device-code.ts'
import { type DeviceLoginEvent, type ReturnCodeAsk, resumeDeviceLogin } from './device-login.ts'
import { discover } from './discover.ts'
import { LockError, OAuthError, SignInEndedError, UnknownFlowError } from './errors.ts'
import { parseObject } from './json.ts'
import { withRefreshLock } from './refresh-lock.ts'
import { revoke } from './revoke.ts'
import { keepSignIn } from './sign-in.ts'
import { system as realSystem, type System } from './system.ts'

export type PendingFlow = {
  version: 1
  flow: string
  issuer: string
  clientId: string
  scope?: string
  resource?: string
  deviceName?: string
  code: DeviceCode
  deviceCode: string
  /** Where the sign-in is to be kept, if that was said. */
  keepIn?: StoreKind
  /** Grows with every `slow_down` (RFC 8628 §3.5), also across processes. */
  interval: number
  startedAt: number
  polledAt?: number
  /** The browser that approved is on another network: the characters that it shows are waited for. */
  returnCode?: ReturnCodeAsk
}

export type FlowStore = { store: CredentialStore; system?: System }

export type StartOptions = FlowStore &
  Omit<DeviceCodeRequest, 'signal'> & {
    issuer: string
    keepIn?: StoreKind | undefined
    signal?: AbortSignal
  }

/** The first step. Nothing waits, and nothing of what is returned is secret. */
export async function startFlow(options: StartOptions): Promise<PendingFlow> {
  const { store, issuer, signal } = options
  const system = options.system ?? realSystem
  // Before a person is asked for anything: can the answer be kept, and can the request?
  store.choose()
  sweepFlows(store, system)
  const metadata = await discover(issuer, { system, ...(signal ? { signal } : {}) })
  const { code, deviceCode, interval } = await requestCode(
    { ...options, returnCodeSupported: true },
    metadata,
    system,
  )
  const { clientId, scope, resource, deviceName, keepIn } = options
  const flow: PendingFlow = {
    version: 1,
    flow: `f_${system.randomName()}`,
    issuer,
    clientId,
    ...(scope === undefined ? {} : { scope }),
    ...(resource === undefined ? {} : { resource }),
    ...(deviceName === undefined ? {} : { deviceName }),
    ...(keepIn === undefined ? {} : { keepIn }),
    code,
    deviceCode,
    interval: typeof interval === 'number' && interval > 0 ? Math.min(interval, MAX_INTERVAL_SECONDS) : 5,
    startedAt: system.now(),
  }
  save(store, flow, system)
  return flow
}

export type ResumeFlowOptions = FlowStore & {
  flow: string
  /** How long to wait for the person, in seconds; 0 asks once. */
  waitSeconds: number
  /** What the browser on the other network shows. */
  returnCode?: string | undefined
  onEvent?: (event: DeviceLoginEvent) => void
  signal?: AbortSignal
}

export type Resumed =
  | { status: 'pending'; flow: PendingFlow }
  | { status: 'signed_in'; flow: PendingFlow; credential: LiveCredential }

/** A later step. Throws what a sign-in throws when the person said no, or nobody answered in time; then the flow is over. */
export async function resumeFlow(options: ResumeFlowOptions): Promise<Resumed> {
  const { store } = options
  const system = options.system ?? realSystem
  const flow = readFlow(store, options.flow)
  if (flow === undefined) throw new UnknownFlowError(options.flow)
  const pauseAt = system.monotonic() + options.waitSeconds
  try {
    // RFC 8628 §3.5 counts the polls of all processes together; two at once would be one too many.
    const timeoutSeconds = options.waitSeconds
    return await withRefreshLock({ path: lockPath(store, flow), system, timeoutSeconds }, () =>
      resumeUnderLock(options, flow, pauseAt, system),
    )
  } catch (error) {
    if (error instanceof LockError) return { status: 'pending', flow: readFlow(store, flow.flow) ?? flow }
    throw error
  }
}

async function resumeUnderLock(
  options: ResumeFlowOptions,
  seen: PendingFlow,
  pauseAt: number,
  system: System,
): Promise<Resumed> {
  const { store, signal } = options
  const flow = readFlow(store, seen.flow)
  // Whoever held the lock has ended it, one way or the other.
  if (flow === undefined) return endedMeanwhile(store, seen)
  const early = secondsTooEarly(flow, system)
  if (early > 0) {
    await system.sleep(Math.min(early, Math.max(0, pauseAt - system.monotonic())), signal)
    if (system.monotonic() >= pauseAt) return { status: 'pending', flow }
  }
  const progress = { interval: flow.interval, returnCode: flow.returnCode }
  try {
    const tokens = await poll(options, flow, pauseAt, progress, system)
    if (tokens === undefined) return { status: 'pending', flow: note(store, flow, progress, system) }
    const { metadata } = tokens
    const credential = await keepSignIn(tokens.tokens, { ...flow, metadata, store, system })
    end(store, flow)
    return { status: 'signed_in', flow, credential }
  } catch (error) {
    if (error instanceof NeedsReturnCode) {
      progress.returnCode = error.ask
      return { status: 'pending', flow: note(store, flow, progress, system) }
    }
    if (error instanceof SignInEndedError && error.code !== 'cancelled') end(store, flow)
    // Such as a code that was redeemed by a process that was killed before it could keep what came: end that too.
    else if (error instanceof OAuthError) await cancelFlow({ store, system, flow: flow.flow })
    else note(store, flow, progress, system)
    throw error
  }
}

type Progress = { interval: number; returnCode: ReturnCodeAsk | undefined }

async function poll(
  options: ResumeFlowOptions,
  flow: PendingFlow,
  pauseAt: number,
  progress: Progress,
  system: System,
) {
  const { signal, onEvent } = options
  const metadata = await discover(flow.issuer, { system, ...(signal ? { signal } : {}) })
  let typed = options.returnCode
  const tokens = await resumeDeviceLogin(
    {
      ...flow,
      metadata,
      system,
      pauseAt,
      ...(signal ? { signal } : {}),
      onEvent: (event) => {
        if (event.type === 'slowed_down') progress.interval = Math.min(event.seconds, MAX_INTERVAL_SECONDS)
        onEvent?.(event)
      },
      onReturnCode: async (ask) => {
        const given = typed
        typed = undefined
        // One try for each time that a person was asked: what was wrong is not sent again.
        if (given === undefined || given === '') throw new NeedsReturnCode(ask)
        return given
      },
    },
    // The server knows better than this clock when the code ends; it is asked as long as it may know.
    { deviceCode: flow.deviceCode, interval: flow.interval, expiresIn: MAX_LIFETIME_SECONDS },
  )
  return tokens && { tokens, metadata }
}

class NeedsReturnCode extends Error {
  readonly ask: ReturnCodeAsk
  constructor(ask: ReturnCodeAsk) {
    super('the characters that the browser shows are needed')
    this.ask = ask
  }
}

/** A clock that was set back says nothing about the last poll; then the whole interval is waited for. */
function secondsTooEarly(flow: PendingFlow, system: System): number {
  if (flow.polledAt === undefined) return 0
  const since = system.now() - flow.polledAt
  return since < 0 ? flow.interval : Math.max(0, flow.interval - since)
}

function endedMeanwhile(store: CredentialStore, flow: PendingFlow): Resumed {
  const account = store.current(flow.issuer, flow.clientId)
  const { issuer, clientId } = flow
  const credential = account === undefined ? undefined : store.read({ issuer, clientId, account })
  if (credential?.state !== 'live' || credential.signedInAt < flow.startedAt)
    throw new UnknownFlowError(flow.flow)
  return { status: 'signed_in', flow, credential }
}

/** Takes the request back on the server too; never fails for a server that cannot be reached. */
export async function cancelFlow(options: FlowStore & { flow: string }): Promise<PendingFlow> {
  const { store } = options
  const system = options.system ?? realSystem
  const flow = readFlow(store, options.flow)
  if (flow === undefined) throw new UnknownFlowError(options.flow)
  end(store, flow)
  try {
    const metadata = await discover(flow.issuer, { system, timeoutSeconds: 2 })
    const what = { token: flow.deviceCode, hint: 'device_code' as const }
    await revoke(metadata, flow.clientId, what, { system, timeoutSeconds: 2 })
  } catch (error) {
    system.log({ event: 'flow_not_cancelled', detail: String(error) })
  }
  return flow
}

export type OpenFlowOptions = FlowStore & {
  issuer: string
  clientId: string
  scope?: string | undefined
  resource?: string | undefined
  /** Whatever it asks for, as long as it waits for the characters that a browser shows. */
  awaitingCode?: boolean
}

/** The request that is still open for this program at this server, if there is one. */
export function openFlow(options: OpenFlowOptions): PendingFlow | undefined {
  const { store, issuer, clientId, scope, resource, awaitingCode } = options
  const system = options.system ?? realSystem
  return allFlows(store).find(
    (flow) =>
      flow.issuer === issuer &&
      flow.clientId === clientId &&
      (awaitingCode ? flow.returnCode !== undefined : flow.scope === scope && flow.resource === resource) &&
      !isOver(flow, system, 0),
  )
}

function allFlows(store: CredentialStore): PendingFlow[] {
  return listFiles(directoryOf(store))
    .filter((name) => name.endsWith('.json'))
    .map((name) => readFlow(store, name.slice(0, -'.json'.length)))
    .filter((flow) => flow !== undefined)
}

/** An hour after its end nobody comes back for it. Of a clock that moved far, either way, nothing is believed but that. */
function sweepFlows(store: CredentialStore, system: System): void {
  for (const flow of allFlows(store)) if (isOver(flow, system, SWEEP_SECONDS)) end(store, flow)
}

function isOver(flow: PendingFlow, system: System, graceSeconds: number): boolean {
  const age = system.now() - flow.startedAt
  return age > flow.code.expiresIn + graceSeconds || age < -SWEEP_SECONDS
}

/** Undefined for what is not there, was not written by us, or has a name that none of ours has. */
export function readFlow(store: CredentialStore, flow: string): PendingFlow | undefined {
  if (!FLOW.test(flow)) return undefined
  const file = readPrivateFile(pathOf(store, flow))
  const value = file === 'missing' ? undefined : parseObject(file.text)
  return isPendingFlow(value) && value.flow === flow ? value : undefined
}

function isPendingFlow(value: unknown): value is PendingFlow {
  if (typeof value !== 'object' || value === null) return false
  const it: Partial<Record<string, unknown>> = { ...value }
  const code: Partial<Record<string, unknown>> = typeof it.code === 'object' ? { ...it.code } : {}
  const texts = [it.flow, it.issuer, it.clientId, it.deviceCode, code.userCode, code.verificationUri]
  const numbers = [it.interval, it.startedAt, code.expiresIn]
  return (
    it.version === 1 &&
    texts.every((text) => typeof text === 'string') &&
    numbers.every((number) => typeof number === 'number')
  )
}

function note(store: CredentialStore, flow: PendingFlow, progress: Progress, system: System): PendingFlow {
  const { returnCode: _before, ...rest } = flow
  const { interval, returnCode } = progress
  const next = { ...rest, interval, polledAt: system.now(), ...(returnCode ? { returnCode } : {}) }
  // Somebody may have cancelled it meanwhile; what is gone stays gone.
  if (readFlow(store, flow.flow)) save(store, next, system)
  return next
}

function save(store: CredentialStore, flow: PendingFlow, system: System): void {
  ensurePrivateDirectory(directoryOf(store))
  writePrivateFile(pathOf(store, flow.flow), `${JSON.stringify(flow, null, 2)}\n`, system)
}

function end(store: CredentialStore, flow: PendingFlow): void {
  removePrivateFile(pathOf(store, flow.flow))
  removePrivateFile(lockPath(store, flow))
}

const directoryOf = (store: CredentialStore): string => join(dirname(store.directory), 'pending')
const pathOf = (store: CredentialStore, flow: string): string => join(directoryOf(store), `${flow}.json`)
const lockPath = (store: CredentialStore, { flow }: PendingFlow): string =>
  join(directoryOf(store), `${flow}.lock`)

// 72 random bits; nothing in it can leave the directory.
const FLOW = /^f_[A-Za-z0-9_-]{12}$/
const SWEEP_SECONDS = 3600
const MAX_INTERVAL_SECONDS = 60
const MAX_LIFETIME_SECONDS = 3600
