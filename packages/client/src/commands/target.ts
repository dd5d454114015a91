// Which server, client and account a command means: flag, then variable, then the latest sign-in, then the
// default. Loads nothing heavy.
import { variable } from '../app.ts'
import type { CredentialStore } from '../credentials.ts'
import { UsageError } from '../terminal/terminal.ts'
import { type Context, type Flags, textFlag } from './command.ts'

export type Target = { issuer: string; clientId: string }
type Environment = Record<string, string | undefined>
type Asking = Pick<Context, 'app' | 'env'>

/** For `login`: a server that was used long ago must not be signed in to by accident. */
export function loginTarget(flags: Flags, { app, env }: Asking): Target {
  const named = namedServer(flags, { app, env }) ?? app.issuer
  if (named === undefined) throw new UsageError(`no server: give --server, or set ${variable(app, 'SERVER')}`)
  return {
    issuer: normalIssuer(named),
    clientId: textFlag(flags, 'clientId') ?? (env[variable(app, 'CLIENT_ID')] || app.clientId),
  }
}

/** For commands that use a sign-in: without a name, the latest. */
export function storedTarget(flags: Flags, asking: Asking, store: CredentialStore): Target {
  if (namedServer(flags, asking)) return loginTarget(flags, asking)
  const latest = store.latestIssuer()
  return loginTarget(latest === undefined ? flags : { ...flags, server: latest }, asking)
}

function namedServer(flags: Flags, { app, env }: Asking): string | undefined {
  return textFlag(flags, 'server') ?? textFlag(flags, 'issuer') ?? (env[variable(app, 'SERVER')] || undefined)
}

/** `https://x/` and `https://x` are one server and must find one credential. */
export function normalIssuer(text: string): string {
  const url = URL.parse(text)
  return url ? url.href.replace(/\/$/, '') : text
}

/** What programs started by an agent are marked with; shown to the person who approves. */
export function agentName(env: Environment): string | undefined {
  for (const [variable, name] of agents) if (env[variable]) return name
  return undefined
}

/** The name of the variable that says so, or undefined. */
export function ciVariable(env: Environment): string | undefined {
  for (const name of ['GITHUB_ACTIONS', 'GITLAB_CI', 'BUILDKITE', 'JENKINS_URL', 'TF_BUILD', 'CI']) {
    const value = env[name]
    if (value && value !== 'false' && value !== '0') return name
  }
  return undefined
}

const agents: [string, string][] = [
  ['CLAUDECODE', 'Claude Code'],
  ['CURSOR_AGENT', 'Cursor'],
  ['CURSOR_TRACE_ID', 'Cursor'],
  ['GEMINI_CLI', 'Gemini CLI'],
  ['CODEX_SANDBOX', 'Codex'],
  ['OPENCODE', 'OpenCode'],
]
