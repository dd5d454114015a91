// `login` for agents: it says what to tell the person and returns at once; `login --resume` asks later how they decided. One
// JSON object on stdout, or one line for every event with --stream; nothing secret among it. Not here: the flow itself
// (../pending.ts), when a login is of this kind (../transport.ts).

import { defaultDeviceName } from '../device-name.ts'
import { agentName } from '../environment.ts'
import {
  cancelFlow,
  type PendingFlow,
  type Resumed,
  type ResumeFlowOptions,
  readFlow,
  resumeFlow,
  startFlow,
} from '../pending.ts'
import { readInput } from '../terminal/read-input.ts'
import { onFirstSignal } from '../terminal/signals.ts'
import { clean, type Exit, exits, UsageError } from '../terminal/terminal.ts'
import { type Context, type Flags, isOn, textFlag } from './command.ts'
import { eventAsJson, signedInAsJson } from './login-json.ts'
import { refuseMemory, wantedStore } from './store-words.ts'
import { askingOf, loginTarget } from './target.ts'

export async function twoStepLogin(flags: Flags, context: Context): Promise<Exit> {
  const [resume, cancel] = [textFlag(flags, 'resume'), textFlag(flags, 'cancel')]
  const { app, env, system } = context
  // What was begun knows its server.
  const underWay = resume ?? cancel
  if (underWay !== undefined) flags = withStoreOf(underWay, flags, context)
  const { store } = askingOf(flags, context)
  refuseMemory(store, context)
  if (cancel !== undefined)
    return tellCancelled(await cancelFlow({ store, flow: cancel, system }), flags, context)
  // Read before anything is begun: a mistake in it must not cost anybody a code.
  const wait = secondsOf(flags)
  const returnCode = await returnCodeOf(flags, context)
  const common = { store, system, returnCode }
  if (resume !== undefined) return waitFor(common, resume, wait ?? 0, flags, context)

  const { issuer, clientId } = await loginTarget(flags, context)
  const agent = agentName(env)
  const scope = textFlag(flags, 'scope') ?? app.scope
  const resource = textFlag(flags, 'resource') ?? app.resource
  const flow = await startFlow({
    store,
    system,
    issuer,
    clientId,
    scope,
    deviceName: textFlag(flags, 'deviceName') ?? defaultDeviceName(),
    clientVersion: app.version,
    keepIn: wantedStore(flags),
    ...(resource === undefined ? {} : { resource }),
    ...(agent === undefined ? {} : { agent }),
  })
  if (isOn(flags, 'stream')) {
    streamed(context, 'pending', pendingJson(flow, context))
    return waitFor(common, flow.flow, wait ?? flow.code.expiresIn, flags, context)
  }
  if (wait !== undefined && wait > 0) return waitFor(common, flow.flow, wait, flags, context)
  return tellPending(flow, flags, context)
}

/** Where it is to be kept was said when it was begun, and may be said anew. */
function withStoreOf(flow: string, flags: Flags, context: Context): Flags {
  if (textFlag(flags, 'store') !== undefined) return flags
  return { ...flags, store: readFlow(askingOf(flags, context).store, flow)?.keepIn }
}

type Common = Pick<ResumeFlowOptions, 'store' | 'system' | 'returnCode'>

async function waitFor(
  common: Common,
  flow: string,
  waitSeconds: number,
  flags: Flags,
  context: Context,
): Promise<Exit> {
  // Whoever stops waiting has not changed their mind: the request stays open, and can be resumed.
  const interrupt = new AbortController()
  const stopListening = onFirstSignal(SIGNALS, context.system, () => interrupt.abort())
  try {
    const resumed = await resumeFlow({
      ...common,
      flow,
      waitSeconds,
      signal: interrupt.signal,
      onEvent: (event) =>
        isOn(flags, 'stream') ? context.terminal.printJson(eventAsJson(event)) : undefined,
    })
    return resumed.status === 'pending'
      ? tellPending(resumed.flow, flags, context)
      : tellSignedIn(resumed, flags, context)
  } catch (error) {
    if (!interrupt.signal.aborted) throw error
    context.terminal.say(`Stopped waiting. Go on with: ${context.app.command} login --resume ${flow}`)
    return exits.cancelled
  } finally {
    stopListening()
  }
}

function tellPending(flow: PendingFlow, flags: Flags, context: Context): Exit {
  const { terminal, app } = context
  const json = pendingJson(flow, context)
  if (isOn(flags, 'stream')) streamed(context, 'stopped', json)
  else if (isOn(flags, 'json') || !terminal.hasTty) terminal.printJson(json)
  else {
    terminal.say(`On any device, open      ${clean(flow.code.verificationUri)}`)
    terminal.say(`and enter the code       ${terminal.paint('bold', clean(flow.code.userCode))}`)
    terminal.say()
    terminal.say(String(json.tell_user))
    terminal.say(`Then run: ${app.command} login --resume ${flow.flow} --wait 60`)
  }
  return exits.pending
}

function pendingJson(flow: PendingFlow, { app }: Context): Record<string, unknown> {
  const { code, returnCode } = flow
  const resume = [app.command, 'login', '--resume', flow.flow]
  const rest = ['--wait', '60', '--json']
  return {
    status: 'pending',
    flow: flow.flow,
    user_code: code.userCode,
    verification_uri: code.verificationUri,
    verification_uri_complete: code.verificationUriComplete,
    expires_at: new Date((flow.startedAt + code.expiresIn) * 1000).toISOString().replace(/\.\d+Z$/, 'Z'),
    ...(returnCode === undefined
      ? {
          tell_user: `Open the link, check that it names ${flow.deviceName ?? app.name}, and allow.`,
          next: [...resume, ...rest],
        }
      : {
          return_code_needed: {
            length: returnCode.length,
            tries_left: returnCode.triesLeft,
            wrong: returnCode.wrong,
          },
          tell_user: `${returnCode.wrong ? 'That was wrong. ' : ''}The browser shows ${returnCode.length} characters, because it is on another network. Tell me them only if you started this yourself.`,
          next: [...resume, '--return-code', '<characters>', ...rest],
        }),
  }
}

function tellSignedIn(
  resumed: Extract<Resumed, { status: 'signed_in' }>,
  flags: Flags,
  context: Context,
): Exit {
  const { account } = resumed.credential
  const json = signedInAsJson(resumed.credential)
  if (isOn(flags, 'stream')) streamed(context, 'signed_in', json)
  else if (isOn(flags, 'json') || !context.terminal.hasTty) context.terminal.printJson(json)
  else context.terminal.succeed(`Signed in as ${clean(account.email ?? account.id)}`)
  return exits.ok
}

function tellCancelled({ flow }: PendingFlow, flags: Flags, { terminal }: Context): Exit {
  if (isOn(flags, 'json')) terminal.printJson({ status: 'cancelled', flow })
  else terminal.say('Cancelled. Nothing was signed in.')
  return exits.ok
}

function streamed({ terminal }: Context, event: string, members: object): void {
  terminal.printJson({ event, ...members })
}

function secondsOf(flags: Flags): number | undefined {
  const text = textFlag(flags, 'wait')
  if (text === undefined) return undefined
  if (!/^\d{1,4}$/.test(text)) throw new UsageError(`--wait takes whole seconds, not ${JSON.stringify(text)}`)
  return Number(text)
}

/** `-` reads it from stdin, for those who keep it out of the list of processes. */
async function returnCodeOf(flags: Flags, { terminal }: Context): Promise<string | undefined> {
  const given = textFlag(flags, 'returnCode')
  if (given !== '-') return given
  return (await readInput(terminal)).trim()
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
