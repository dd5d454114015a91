// Which server, client and account a command means: flag, then variable, then the latest sign-in, then the
// default. Loads nothing heavy. Not here: the server's own settings (@countersign/server).
import type { CredentialStore } from '@countersign/client/credentials'

export type Target = { issuer: string; clientId: string }
export type TargetFlags = { server?: string; issuer?: string; clientId?: string }
type Environment = Record<string, string | undefined>

export const DEFAULT_SERVER = 'http://localhost:4000'
const DEFAULT_CLIENT = 'countersign-cli'

/** For `login`: a server that was used long ago must not be signed in to by accident. */
export function loginTarget(flags: TargetFlags, env: Environment): Target {
  return {
    issuer: normalIssuer(flags.server || flags.issuer || env.COUNTERSIGN_SERVER || DEFAULT_SERVER),
    clientId: flags.clientId || env.COUNTERSIGN_CLIENT_ID || DEFAULT_CLIENT,
  }
}

/** For commands that use a sign-in: without a name, the latest. */
export function storedTarget(flags: TargetFlags, env: Environment, store: CredentialStore): Target {
  const named = flags.server || flags.issuer || env.COUNTERSIGN_SERVER
  const target = loginTarget(flags, env)
  return named ? target : { ...target, issuer: store.latestIssuer() ?? target.issuer }
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
