// Sign-in for MCP servers on stdio, which have neither a terminal nor an `authProvider`: a tool that needs it answers with the
// link and the code, or has the client open the link (URL elicitation), and the next call goes on. For the official SDK for
// TypeScript, generations 1 and 2, matched by shape. Not here: the flow (pending.ts), what is answered (mcp-answers.ts).
import { type CredentialStore, openStore } from './credentials.ts'
import { defaultDeviceName } from './device-name.ts'
import { type AccessNeeds, isCountersignError, MoreAccessError, SignInRequiredError } from './errors.ts'
import {
  canOpenLinks,
  elicitation,
  isGeneration2,
  type McpServerLike,
  notSignedIn,
  openLink,
  pendingAnswer,
  responseTo,
  type ToolAnswer,
} from './mcp-answers.ts'
import { cancelFlow, openFlow, type PendingFlow, resumeFlow, startFlow } from './pending.ts'
import { createSession, type Session } from './session.ts'
import { system as realSystem, type System } from './system.ts'

export type McpSignInOptions = {
  issuer: string
  clientId: string
  scope?: string
  resource?: string
  deviceName?: string
  /** What the person is told that asks, such as the agent's name. */
  agent?: string
  /** The `McpServer` of the tools; without it links are only answered, never opened by the client. */
  server?: McpServerLike
  /** How long one call waits for the person. Below the patience of usual clients, which is a minute. */
  waitSeconds?: number
  store?: CredentialStore
  system?: System
}

export type McpSignIn = {
  session: Session
  /** Runs the tool when somebody is signed in, with enough access; else it answers how to. It may run the tool twice. */
  guard: <In extends unknown[], Out>(
    tool: (...given: In) => Out | Promise<Out>,
  ) => (...given: In) => Promise<Out | ToolAnswer>
  /** For a tool of its own: signs in ahead of time, and takes the characters that a browser on another network shows. */
  signIn: (given?: { return_code?: string | undefined }, ...context: unknown[]) => Promise<ToolAnswer>
}

export function mcpSignIn(options: McpSignInOptions): McpSignIn {
  const system = options.system ?? realSystem
  const store = options.store ?? openStore({ env: process.env, system })
  const { issuer, clientId, resource } = options
  const session = createSession({
    issuer,
    clientId,
    ...(resource === undefined ? {} : { resource }),
    store,
    system,
    onStepUp: async (needs) => {
      throw new MoreAccessError(needs)
    },
  })
  const means: Means = { ...options, store, system }
  return {
    session,
    guard: (tool) => {
      const guarded = async (
        ...given: Parameters<typeof tool>
      ): Promise<Awaited<ReturnType<typeof tool>> | ToolAnswer> => {
        let needs: Wanted = { scope: options.scope }
        for (let attempt = 0; ; attempt += 1) {
          try {
            await session.credential()
            return await tool(...given)
          } catch (error) {
            if (!(error instanceof SignInRequiredError) || attempt === MOST_ATTEMPTS) throw error
            if (error instanceof MoreAccessError) needs = error.needs
          }
          const answer = await signInOrAnswer(means, needs, given.at(-1))
          if (answer !== undefined) return answer
        }
      }
      return guarded
    },
    signIn: async (given = {}, ...context) => {
      const code = given.return_code
      if (code !== undefined || !(await isSignedIn(session))) {
        const answer = await signInOrAnswer(means, { scope: options.scope }, context.at(-1), code)
        if (answer !== undefined) return answer
      }
      const { account } = await session.credential()
      return { content: [{ type: 'text', text: `Signed in as ${account.email ?? account.id}.` }] }
    },
  }
}

async function isSignedIn(session: Session): Promise<boolean> {
  try {
    await session.credential()
    return true
  } catch (error) {
    if (error instanceof SignInRequiredError) return false
    throw error
  }
}

type Wanted = Pick<AccessNeeds, 'scope' | 'acrValues' | 'maxAge'>
type Means = McpSignInOptions & { store: CredentialStore; system: System }

/** Undefined when somebody is signed in now. */
async function signInOrAnswer(
  means: Means,
  wanted: Wanted,
  context: unknown,
  returnCode?: string,
): Promise<ToolAnswer | undefined> {
  try {
    const found = openFlow({ ...means, scope: wanted.scope, awaitingCode: returnCode !== undefined })
    const flow = found ?? (await start(means, wanted))
    const response = responseTo(context)
    if (response !== undefined && response !== 'accept') return refused(means, flow)
    // The first answer comes at once; who comes back has told the person, and waits for them.
    const resumed = found && (await resume(means, flow, returnCode))
    if (resumed?.status === 'signed_in') return undefined
    const latest = resumed?.flow ?? flow
    if (latest.returnCode !== undefined || response !== undefined || !canOpenLinks(means.server, context))
      return pendingAnswer(latest)
    if (isGeneration2(context)) return elicitation(latest)
    if ((await openLink(means.server, latest)) !== 'accept') return refused(means, latest)
    const opened = await resume(means, latest)
    return opened.status === 'signed_in' ? undefined : pendingAnswer(opened.flow)
  } catch (error) {
    if (!isCountersignError(error)) throw error
    return notSignedIn(error.message)
  }
}

async function start(means: Means, { scope, acrValues, maxAge }: Wanted): Promise<PendingFlow> {
  const { issuer, clientId, resource, agent, store, system } = means
  return startFlow({
    issuer,
    clientId,
    store,
    system,
    deviceName: means.deviceName ?? defaultDeviceName(),
    ...(agent === undefined ? {} : { agent }),
    ...(resource === undefined ? {} : { resource }),
    ...(scope === undefined ? {} : { scope }),
    ...(acrValues === undefined ? {} : { acrValues }),
    ...(maxAge === undefined ? {} : { maxAge }),
  })
}

function resume(
  { store, system, waitSeconds = WAIT_SECONDS }: Means,
  { flow }: PendingFlow,
  returnCode?: string,
) {
  return resumeFlow({ store, system, flow, waitSeconds, returnCode })
}

async function refused({ store, system }: Means, { flow }: PendingFlow): Promise<ToolAnswer> {
  await cancelFlow({ store, system, flow })
  return notSignedIn('The person did not want to sign in.')
}

const WAIT_SECONDS = 20
// The sign-in itself, and once more for what the tool turns out to need.
const MOST_ATTEMPTS = 2
