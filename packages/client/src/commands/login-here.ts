// Signing in from this terminal: reaches the server, gets the tokens and says who is signed in. How the tokens come is
// login-tokens.ts; whether it is done here at all login.ts; the protocol is ../sign-in.ts.
import { variable } from '../app.ts'
import type { CredentialStore, LiveCredential } from '../credentials.ts'
import { defaultDeviceName } from '../device-name.ts'
import type { ServerMetadata } from '../discover.ts'
import type { Facts } from '../environment.ts'
import { onFirstSignal } from '../terminal/signals.ts'
import { clean, type Exit, exits } from '../terminal/terminal.ts'
import type { Decision } from '../transport.ts'
import { type Context, type Flags, isOn, textFlag } from './command.ts'
import { signedInAsJson } from './login-json.ts'
import { refuseMemory, sayStoreNews } from './store-words.ts'
import { loginTarget, normalIssuer } from './target.ts'

export type Here = { facts: Facts; decision: Decision; flags: Flags; context: Context }

export async function signInHere(here: Here): Promise<Exit> {
  const { decision, flags, context } = here
  const { store, issuer: asked, clientId } = await loginTarget(flags, context)
  const json = isOn(flags, 'json')
  refuseMemory(store, context)
  const givenToken = decision.transport === 'token-stdin' ? await readGiven(context) : undefined
  // Who is asked for more knows that there is a sign-in already (step-up.ts).
  const why = textFlag(flags, 'stepUp')
  if (!json && why === undefined) mentionCurrent(store, { issuer: asked, clientId }, context)
  // Ctrl-C and its relatives cancel on the server first.
  const interrupt = new AbortController()
  const stopListening = onFirstSignal(SIGNALS, context.system, () => interrupt.abort())
  const { signal } = interrupt
  try {
    const metadata = await reachServer(asked, context, signal, json)
    const issuer = normalIssuer(metadata.issuer)
    const deviceName = textFlag(flags, 'deviceName') ?? defaultDeviceName()
    const [{ signIn }, { oneLogin }] = await Promise.all([import('../sign-in.ts'), import('./login-once.ts')])
    const scope = textFlag(flags, 'scope') ?? context.app.scope
    const resource = textFlag(flags, 'resource') ?? context.app.resource
    const common = { issuer, clientId, store, metadata, signal }
    let devicePage: string | undefined
    const obtain = async ({ system }: { system: Context['system'] }) => {
      if (givenToken !== undefined)
        return (await import('./login-with-token.ts')).givenTokens(givenToken, metadata, system)
      const { obtainTokens } = await import('./login-tokens.ts')
      const onDevicePage = (address: string): void => {
        devicePage = address
      }
      const proof = { acrValues: textFlag(flags, 'acrValues'), maxAge: textFlag(flags, 'maxAge') }
      return obtainTokens(
        { ...here, ...common, ...proof, deviceName, scope, resource, json, why, onDevicePage },
        system,
      )
    }
    const work = async (): Promise<LiveCredential> =>
      (
        await signIn({
          ...common,
          ...(resource ? { resource } : {}),
          deviceName,
          system: context.system,
          obtain,
        })
      ).credential
    const once = { ...common, scope: `${scope} ${resource ?? ''}`, context, json }
    reportSuccess(
      givenToken === undefined ? await oneLogin(once, work) : await work(),
      devicePage,
      json,
      context,
    )
    if (!json) sayStoreNews(store, context)
    return exits.ok
  } finally {
    stopListening()
  }
}

async function readGiven({ terminal }: Context): Promise<string> {
  return (await import('./login-with-token.ts')).readToken(terminal)
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
    const credential = account === undefined ? undefined : store.entry({ ...target, account })
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
  { terminal, env, system }: Context,
  signal: AbortSignal,
  json: boolean,
): Promise<ServerMetadata> {
  const [{ discover }, { NetworkError }] = await Promise.all([
    import('../discover.ts'),
    import('../errors.ts'),
  ])
  const host = clean(URL.parse(issuer)?.host ?? issuer)
  const say = (line: string): void => (json ? undefined : terminal.say(line))
  const patience = setTimeout(() => say(`Contacting ${host}…`), 400)
  const proxy = proxyFor(issuer, env)
  try {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await discover(issuer, { system, signal, timeoutSeconds: ATTEMPT_SECONDS })
      } catch (error) {
        if (!(error instanceof NetworkError) || error.code !== 'timeout') throw error
        if (attempt === ATTEMPTS) throw Object.assign(error, { attempts: ATTEMPTS })
        const through = proxy === undefined ? '' : `, proxy ${proxy}`
        say(
          `Still trying, attempt ${attempt + 1} of ${ATTEMPTS} — no answer in ${ATTEMPT_SECONDS} s${through}`,
        )
      }
    }
  } finally {
    clearTimeout(patience)
  }
}

/** Without the name and password that may stand in it. */
function proxyFor(issuer: string, env: Context['env']): string | undefined {
  const names = issuer.startsWith('https:') ? ['https_proxy', 'HTTPS_PROXY'] : ['http_proxy', 'HTTP_PROXY']
  const proxy = URL.parse(names.map((name) => env[name]).find(Boolean) ?? '')
  return proxy ? clean(proxy.origin) : undefined
}

function reportSuccess(
  credential: LiveCredential,
  devicePage: string | undefined,
  json: boolean,
  { terminal }: Context,
): void {
  if (json) {
    terminal.printJson(signedInAsJson(credential))
    return
  }
  terminal.succeed(`Signed in as ${nameOf(credential)}`)
  if (credential.deviceName && devicePage)
    terminal.say(`  This computer is listed as "${clean(credential.deviceName)}" — ${clean(devicePage)}`)
}

function nameOf(credential: Pick<LiveCredential, 'account'>): string {
  const { email, name, id } = credential.account
  return clean(email ?? name ?? id)
}

const ATTEMPTS = 4
const ATTEMPT_SECONDS = 5
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
