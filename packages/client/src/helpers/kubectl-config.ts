// A user in the kubeconfig whose credentials come from us, changed by kubectl itself. Which context uses that user stays with the
// person. What kubectl asks is kubectl.ts.
import {
  type Change,
  demandTool,
  ForeignConfigurationError,
  type Ground,
  type Plan,
  type Planner,
  shellQuoted,
} from './change.ts'

export const kubectlPlanner: Planner = {
  install: (_binding, on) => {
    const [program = '', ...script] = on.program
    const args = [...script, 'helper', 'kubectl']
    const hint = `to use it: kubectl config set-context <context> --user=${on.command}`
    const user = present(on)
    if (user !== undefined && !isOurs(user)) return { changes: [foreign(on)] }
    if (user?.command === program && user.args.join('\0') === args.join('\0') && user.provideClusterInfo)
      return {
        changes: [{ state: 'same', what: `the user ${on.command} of the kubeconfig asks it already` }],
        hint,
      }
    const words = [
      ['config', 'set-credentials', on.command, '--exec-api-version=client.authentication.k8s.io/v1'],
      [`--exec-command=${program}`, ...args.map((arg) => `--exec-arg=${arg}`)],
      // The cluster is how the helper knows where its token will go.
      ['--exec-interactive-mode=IfAvailable', '--exec-provide-cluster-info=true'],
    ].flat()
    return { changes: [step(words, on)], hint }
  },
  remove: (_binding, on): Plan => {
    const user = present(on)
    if (user === undefined)
      return { changes: [{ state: 'same', what: `no user ${on.command} in the kubeconfig` }] }
    if (!isOurs(user)) return { changes: [foreign(on)] }
    if (on.others.length > 0)
      return {
        changes: [
          {
            state: 'same',
            what: `the user ${on.command} stays, for ${on.others.map(({ host }) => host).join(', ')}`,
          },
        ],
      }
    return { changes: [step(['config', 'delete-user', on.command], on)] }
  },
}

type User = { command: string; args: string[]; provideClusterInfo: boolean }

function present({ command, env }: Ground): User | undefined {
  // Without --raw, so that the secrets of others are not read.
  const text = demandTool('kubectl', ['config', 'view', '-o', 'json'], env)
  const users = membersOf(parse(text)).users
  const found = (Array.isArray(users) ? users : []).map(membersOf).find(({ name }) => name === command)
  if (!found) return undefined
  const exec = membersOf(membersOf(found.user).exec)
  const args = Array.isArray(exec.args) ? exec.args.map(String) : []
  return { command: String(exec.command ?? ''), args, provideClusterInfo: exec.provideClusterInfo === true }
}

function isOurs({ args }: User): boolean {
  return args.slice(-2).join(' ') === 'helper kubectl'
}

function foreign({ command }: Ground): Change {
  return { state: 'foreign', what: `the kubeconfig has another user ${command}; that stays as it is` }
}

function step(args: string[], { env }: Ground): Change {
  const what = ['kubectl', ...args].map(shellQuoted).join(' ')
  return { state: 'needed', what, apply: () => void demandTool('kubectl', args, env) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new ForeignConfigurationError('kubectl config view did not give JSON')
  }
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}
