// `countersign login`: the device sign-in as people, pipes and scripts meet it. What is shown while waiting
// is login-view.ts; the protocol is @countersign/client.
import { hostname, userInfo } from 'node:os'
import type { DeviceCode, DeviceLoginEvent, LiveCredential, ServerMetadata } from '@countersign/client'
import type { CredentialStore } from '@countersign/client/credentials'
import type { Command } from 'commander'
import type { Context } from '../context.ts'
import { agentName, ciVariable, loginTarget, normalIssuer, type TargetFlags } from '../settings.ts'
import { onFirstSignal } from '../signals.ts'
import { clean, type Exit, exits, UsageError } from '../terminal.ts'
import { type LoginView, openLoginView } from './login-view.ts'

type LoginFlags = TargetFlags & {
  scope?: string
  deviceName?: string
  device?: boolean
  open?: boolean
  json?: boolean
}

export function define(program: Command, context: Context): void {
  program
    .command('login')
    .description('sign in: shows a link and a code, and waits until you have approved in a browser')
    .option(
      '--server <url>',
      'the server to sign in to (else COUNTERSIGN_SERVER, else http://localhost:4000)',
    )
    .option('--issuer <url>', 'the same as --server')
    .option('--client-id <id>', 'which program is signing in (else COUNTERSIGN_CLIENT_ID)')
    .option('--scope <scopes>', 'what to ask for, separated by spaces', DEFAULT_SCOPE)
    .option('--device-name <name>', 'the name of this computer in your list of devices')
    .option('--device', 'sign in with a code, also where nobody seems to be watching (CI, pipes)')
    .option('--open', 'also open the link in a browser on this computer')
    .option('--no-open', 'do not open a browser (the default)')
    .option('--json', 'one JSON object on stdout at the end, events as JSON lines on stderr')
    .action((flags: LoginFlags) => context.run(flags, () => login(flags, context)))
}

async function login(flags: LoginFlags, context: Context): Promise<Exit> {
  const { terminal, env } = context
  const ci = ciVariable(env)
  if (ci && !terminal.hasTty && !flags.device) return refuseInCi(ci, flags, context)
  const { openStore } = await import('@countersign/client/credentials')
  const store = openStore({ env, system: context.system })
  const target = loginTarget(flags, env)
  if (!flags.json) mentionCurrent(store, target, context)
  // Ctrl-C and its relatives cancel on the server first.
  const interrupt = new AbortController()
  const stopListening = onFirstSignal(SIGNALS, context.system, () => interrupt.abort())
  try {
    const metadata = await reachServer(target.issuer, context, interrupt.signal, flags)
    const issuer = normalIssuer(metadata.issuer)
    const deviceName = flags.deviceName ?? defaultDeviceName()
    const attempt = { ...target, issuer, metadata, store, deviceName, signal: interrupt.signal }
    const { credential, codeShown } = await untilDecided(attempt, flags, context)
    reportSuccess(credential, codeShown, flags, context)
    return exits.ok
  } finally {
    stopListening()
  }
}

function refuseInCi(variable: string, flags: LoginFlags, { terminal }: Context): Exit {
  const message = `Not signed in, and this is CI (${variable}).`
  if (flags.json) terminal.printJson({ status: 'error', code: 'sign_in_required', message })
  else {
    terminal.fail(`${message} Use one of:`)
    terminal.say('    COUNTERSIGN_TOKEN                an access token, given to this job as a secret')
    terminal.say('    countersign login --device       when somebody can approve from elsewhere')
  }
  return exits.signInNeeded
}

/** Signing in again is what was asked for, so it goes on; but nobody should be surprised by it. */
function mentionCurrent(
  store: CredentialStore,
  target: { issuer: string; clientId: string },
  context: Context,
): void {
  const { terminal, env } = context
  if (env.COUNTERSIGN_TOKEN)
    terminal.warn('COUNTERSIGN_TOKEN is set in this shell and wins over the account you sign in with.')
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
  flags: LoginFlags,
): Promise<ServerMetadata> {
  const { discover, NetworkError, SignInEndedError } = await import('@countersign/client')
  const host = clean(URL.parse(issuer)?.host ?? issuer)
  const say = (line: string): void => (flags.json ? undefined : terminal.say(line))
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
  flags: LoginFlags,
  context: Context,
): Promise<{ credential: LiveCredential; codeShown: DeviceCode }> {
  const { SignInEndedError, signIn } = await import('@countersign/client')
  const agent = agentName(context.env)
  for (let renewal = 0; ; renewal += 1) {
    let codeShown: DeviceCode | undefined
    let view: LoginView | undefined
    const onEvent = (event: DeviceLoginEvent): void => view?.event(event)
    const onCode = (code: DeviceCode): void => {
      codeShown = code
      view = openLoginView(code, { context, json: flags.json === true, renewed: renewal > 0 })
      if (flags.open) void openBrowser(code, context)
    }
    try {
      const { credential } = await signIn({
        ...attempt,
        scope: flags.scope ?? DEFAULT_SCOPE,
        clientVersion: context.version,
        ...(agent === undefined ? {} : { agent }),
        onCode,
        onEvent,
      })
      view?.close()
      if (!codeShown) throw new Error('signed in without a code')
      return { credential, codeShown }
    } catch (error) {
      const again = view && isExpiry(error) && renewal < RENEWALS && !flags.json
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

function reportSuccess(
  credential: LiveCredential,
  code: DeviceCode,
  flags: LoginFlags,
  context: Context,
): void {
  const { terminal } = context
  if (flags.json) {
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

async function openBrowser(code: DeviceCode, { terminal }: Context): Promise<void> {
  try {
    const { default: open } = await import('open')
    await open(code.verificationUriComplete ?? code.verificationUri)
  } catch {
    // The link is on the screen; a browser that does not open is a hint, not an error.
    terminal.warn('No browser could be opened; open the link yourself.')
  }
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

const DEFAULT_SCOPE = 'openid profile email'
const ATTEMPTS = 4
const ATTEMPT_SECONDS = 5
const RENEWALS = 3
const CANCELLED = 'Cancelled. Nothing was signed in.'
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
