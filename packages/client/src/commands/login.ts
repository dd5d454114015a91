// `login`: the device sign-in as people, pipes and scripts meet it. What is shown while waiting is
// login-view.ts; the protocol is ../sign-in.ts.
import { hostname, userInfo } from 'node:os'
import { variable } from '../app.ts'
import { type CredentialStore, type LiveCredential, openStore } from '../credentials.ts'
import type { DeviceCode } from '../device-code.ts'
import type { DeviceLoginEvent } from '../device-login.ts'
import type { ServerMetadata } from '../discover.ts'
import { onFirstSignal } from '../terminal/signals.ts'
import { clean, type Exit, exits, UsageError } from '../terminal/terminal.ts'
import { type Call, type Context, type Flags, isOn, textFlag } from './command.ts'
import { type LoginView, openLoginView } from './login-view.ts'
import { agentName, ciVariable, loginTarget, normalIssuer } from './target.ts'

export async function run({ flags }: Call, context: Context): Promise<Exit> {
  const { terminal, env } = context
  const ci = ciVariable(env)
  if (ci && !terminal.hasTty && !isOn(flags, 'device')) return refuseInCi(ci, flags, context)
  const store = openStore({ env, app: context.app, system: context.system })
  const target = loginTarget(flags, context)
  if (!isOn(flags, 'json')) mentionCurrent(store, target, context)
  // Ctrl-C and its relatives cancel on the server first.
  const interrupt = new AbortController()
  const stopListening = onFirstSignal(SIGNALS, context.system, () => interrupt.abort())
  try {
    const metadata = await reachServer(target.issuer, context, interrupt.signal, flags)
    const issuer = normalIssuer(metadata.issuer)
    const deviceName = textFlag(flags, 'deviceName') ?? defaultDeviceName()
    const attempt = { ...target, issuer, metadata, store, deviceName, signal: interrupt.signal }
    const { credential, codeShown } = await untilDecided(attempt, flags, context)
    reportSuccess(credential, codeShown, flags, context)
    return exits.ok
  } finally {
    stopListening()
  }
}

function refuseInCi(ci: string, flags: Flags, { terminal, app }: Context): Exit {
  const message = `Not signed in, and this is CI (${ci}).`
  if (isOn(flags, 'json')) terminal.printJson({ status: 'error', code: 'sign_in_required', message })
  else {
    terminal.fail(`${message} Use one of:`)
    const ways = [
      [variable(app, 'TOKEN'), 'an access token, given to this job as a secret'],
      [`${app.command} login --device`, 'when somebody can approve from elsewhere'],
    ]
    for (const [way, when] of ways) terminal.say(`    ${way?.padEnd(33)}${when}`)
  }
  return exits.signInNeeded
}

/** Signing in again is what was asked for, so it goes on; but nobody should be surprised by it. */
function mentionCurrent(
  store: CredentialStore,
  target: { issuer: string; clientId: string },
  context: Context,
): void {
  const { terminal, env, app } = context
  const token = variable(app, 'TOKEN')
  if (env[token]) terminal.warn(`${token} is set in this shell and wins over the account you sign in with.`)
  try {
    const account = store.current(target.issuer, target.clientId)
    const credential = account === undefined ? undefined : store.read({ ...target, account })
    if (credential?.state === 'live')
      terminal.say(`Already signed in as ${nameOf(credential)}. Signing in again; ^C keeps it as it is.\n`)
  } catch (error) {
    // A file that could not be read has been set aside; this sign-in makes a new one.
    terminal.warn(clean(error instanceof Error ? error.message : String(error)))
  }
}

/** Slow networks get four tries and are told about each; a refused connection is final at once. */
async function reachServer(
  issuer: string,
  { terminal }: Context,
  signal: AbortSignal,
  flags: Flags,
): Promise<ServerMetadata> {
  const { discover, NetworkError, SignInEndedError } = await import('../index.ts')
  const host = clean(URL.parse(issuer)?.host ?? issuer)
  const say = (line: string): void => (isOn(flags, 'json') ? undefined : terminal.say(line))
  const patience = setTimeout(() => say(`Contacting ${host}…`), 400)
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await discover(issuer, { signal, timeoutSeconds: ATTEMPT_SECONDS })
      } catch (error) {
        if (signal.aborted) throw new SignInEndedError('cancelled', CANCELLED)
        if (!(error instanceof NetworkError) || error.code !== 'timeout') throw error
        if (attempt === ATTEMPTS) throw Object.assign(error, { attempts: ATTEMPTS })
        say(`Still trying, attempt ${attempt + 1} of ${ATTEMPTS} — no answer in ${ATTEMPT_SECONDS} s`)
      }
    }
  } finally {
    clearTimeout(patience)
  }
}

type Attempt = {
  issuer: string
  clientId: string
  metadata: ServerMetadata
  store: CredentialStore
  deviceName: string
  signal: AbortSignal
}

/** Codes expire while people are called away: on a terminal Enter gets a new one, three times at most. */
async function untilDecided(
  attempt: Attempt,
  flags: Flags,
  context: Context,
): Promise<{ credential: LiveCredential; codeShown: DeviceCode }> {
  const { SignInEndedError, signIn } = await import('../index.ts')
  const agent = agentName(context.env)
  for (let renewal = 0; ; renewal += 1) {
    let codeShown: DeviceCode | undefined
    let view: LoginView | undefined
    const onEvent = (event: DeviceLoginEvent): void => view?.event(event)
    const onCode = (code: DeviceCode): void => {
      codeShown = code
      view = openLoginView(code, { context, json: isOn(flags, 'json'), renewed: renewal > 0 })
    }
    try {
      const { credential } = await signIn({
        ...attempt,
        scope: textFlag(flags, 'scope') ?? context.app.scope,
        clientVersion: context.app.version,
        ...(agent === undefined ? {} : { agent }),
        onCode,
        onEvent,
      })
      view?.close()
      if (!codeShown) throw new Error('signed in without a code')
      return { credential, codeShown }
    } catch (error) {
      const again = view && isExpiry(error) && renewal < RENEWALS && !isOn(flags, 'json')
      if (again && (await view?.askForNewCode(attempt.signal))) continue
      view?.close()
      if (attempt.signal.aborted) throw new SignInEndedError('cancelled', CANCELLED, { cause: error })
      throw withLifetime(error, codeShown)
    }
  }
}

function isExpiry(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'expired'
}

function withLifetime(error: unknown, code: DeviceCode | undefined): unknown {
  if (!isExpiry(error) || !code) return error
  const minutes = Math.round(code.expiresIn / 60)
  const life = minutes < 1 ? `${code.expiresIn} seconds` : minutes === 1 ? 'one minute' : `${minutes} minutes`
  return Object.assign(new Error(`The code expired after ${life}.`, { cause: error }), { code: 'expired' })
}

function reportSuccess(credential: LiveCredential, code: DeviceCode, flags: Flags, context: Context): void {
  const { terminal } = context
  if (isOn(flags, 'json')) {
    terminal.printJson({
      status: 'signed_in',
      account: credential.account.email ?? credential.account.id,
      subject: credential.account.id,
      device: credential.deviceName,
      server: credential.issuer,
      scope: credential.scope,
    })
    return
  }
  terminal.succeed(`Signed in as ${nameOf(credential)}`)
  // Only a server of ours is known to list devices, and where.
  if (credential.deviceName && code.verificationUri === `${credential.issuer}/device`)
    terminal.say(
      `  This computer is listed as "${clean(credential.deviceName)}" — ${credential.issuer}/account`,
    )
}

function nameOf(credential: LiveCredential): string {
  const { email, name, id } = credential.account
  return clean(email ?? name ?? id)
}

function defaultDeviceName(): string {
  const user = ((): string => {
    try {
      return userInfo().username
    } catch {
      // A numeric user without an entry in passwd, as in many containers.
      return 'user'
    }
  })()
  const name = clean(`${user}@${hostname()}`).slice(0, 80)
  if (name === '') throw new UsageError('--device-name is needed: this computer has no name of its own')
  return name
}

const ATTEMPTS = 4
const ATTEMPT_SECONDS = 5
const RENEWALS = 3
const CANCELLED = 'Cancelled. Nothing was signed in.'
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
