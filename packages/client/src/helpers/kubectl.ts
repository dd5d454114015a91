// The exec plugin protocol of Kubernetes clients (client.authentication.k8s.io, v1 and v1beta1): the question in a variable, the
// answer on stdout. Pure. Not here: the token (helper-token.ts), the configuration (kubectl-config.ts).
import { UsageError } from '../terminal/terminal.ts'
import { askedHost } from './bindings.ts'
import type { HelperToken } from './helper-token.ts'

export type ExecRequest = { apiVersion: string; interactive: boolean; host: string }

/** @throws UsageError that says how the configuration has to be. */
export function parseExecInfo(text: string | undefined): ExecRequest {
  const info = membersOf(parse(text))
  const { apiVersion } = info
  if (typeof apiVersion !== 'string' || !VERSIONS.has(apiVersion))
    throw new UsageError(
      `this is for kubectl to call, with KUBERNETES_EXEC_INFO of ${[...VERSIONS].join(' or ')}`,
    )
  const spec = membersOf(info.spec)
  const { server } = membersOf(spec.cluster)
  // Without it nobody knows where the token will go.
  if (typeof server !== 'string')
    throw new UsageError('set provideClusterInfo: true for this user in the kubeconfig')
  const host = askedHost(server)
  if (host === undefined) throw new UsageError('a token is sent to https hosts only')
  return { apiVersion, interactive: spec.interactive === true, host }
}

export function execAnswer({ apiVersion }: ExecRequest, { token, expiresAt }: HelperToken): string {
  const end = expiresAt === undefined ? {} : { expirationTimestamp: rfc3339(expiresAt) }
  return JSON.stringify({ apiVersion, kind: 'ExecCredential', status: { token, ...end } })
}

function rfc3339(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString().replace('.000Z', 'Z')
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

const VERSIONS = new Set(['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'])
