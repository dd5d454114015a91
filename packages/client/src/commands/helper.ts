// `helper`: what git, docker and kubectl call for a token. stdout belongs to their protocols; talk goes to stderr, and people are
// asked only where the protocol says that one is there. `helper install` is helper-install.ts.
import { askedRegistry, type Binding, bindingsOf, findBinding, isHelperName } from '../helpers/bindings.ts'
import { tokenFor } from '../helpers/helper-token.ts'
import { readInput } from '../terminal/read-input.ts'
import { type Exit, exits, explain, UsageError } from '../terminal/terminal.ts'
import { type Call, type Context, isOn } from './command.ts'
import { askingOf } from './target.ts'

export async function run({ flags, args }: Call, context: Context): Promise<Exit> {
  const [action = '', ...words] = args
  if (action === 'install') {
    const { runInstall } = await import('./helper-install.ts')
    return runInstall({ flags, args: words }, context)
  }
  if (isOn(flags, 'print') || isOn(flags, 'remove'))
    throw new UsageError('--print and --remove belong to: helper install')
  if (action === 'git') return runGit(words[0], context)
  if (action === 'docker') return runDocker(words[0], context)
  if (action === 'kubectl') return runKubectl(context)
  if (isHelperName(action))
    throw new UsageError(`${action} asks no helper; see: ${context.app.command} helper install ${action}`)
  throw new UsageError(`${JSON.stringify(action)} is none of install, git, docker, kubectl`)
}

async function runGit(action: string | undefined, context: Context): Promise<Exit> {
  const { gitAnswer, gitQuit, parseGitRequest } = await import('../helpers/git.ts')
  // gitcredentials(7): what a helper does not know, it passes over in silence.
  if (action !== 'get' && action !== 'erase') return exits.ok
  const request = parseGitRequest(await readInput(context.terminal))
  const binding = request.host === undefined ? undefined : bindingFor('git', request.host, context)
  if (binding === undefined) return exits.ok
  try {
    if (action === 'erase') await renewRefused(binding, request.secret, context)
    else
      context.terminal.print(
        gitAnswer(request, await tokenFor(binding, context), binding.username ?? USERNAME),
      )
    return exits.ok
  } catch (error) {
    if (action === 'get') context.terminal.print(gitQuit)
    throw error
  }
}

/**
 * git forgets what was refused. There is nothing to forget here; but where it is the token that we keep, the server has ended it
 * early, and the next question gets another one.
 */
async function renewRefused(binding: Binding, refused: string | undefined, context: Context): Promise<void> {
  const { server: issuer, clientId, resource, scope } = binding
  if (refused === undefined || resource !== undefined || scope !== undefined) return
  const { flagsOf } = await import('../helpers/helper-token.ts')
  const { resolveTarget } = await import('../resolve.ts')
  const asking = askingOf(flagsOf(binding), context)
  const { account } = resolveTarget(asking)
  if (account === undefined || asking.store.glance({ issuer, clientId, account })?.accessToken !== refused)
    return
  const { freshCredential } = await import('../refresh.ts')
  const { system } = context
  await freshCredential({ store: asking.store, system, key: { issuer, clientId, account }, refused })
}

/** Errors are data there: docker shows what stands on stdout. */
async function runDocker(action: string | undefined, context: Context): Promise<Exit> {
  const { DOCKER_NOT_FOUND, dockerAnswer, registryOf } = await import('../helpers/docker.ts')
  const { terminal, app } = context
  const username = ({ username: own }: Binding): string => own ?? USERNAME
  try {
    if (action === 'list') {
      const ours = bindingsOf(askingOf({}, context).store.directory).filter(
        ({ helper }) => helper === 'docker',
      )
      terminal.print(
        JSON.stringify(Object.fromEntries(ours.map((one) => [registryOf(one.host), username(one)]))),
      )
      return exits.ok
    }
    const input = (await readInput(terminal)).trim()
    if (action === 'erase') {
      terminal.say(`The sign-in stays; to end it, run: ${app.command} logout`)
      return exits.ok
    }
    if (action === 'store') {
      terminal.print(`nothing is stored for this registry: its tokens come from ${app.command} login`)
      return exits.error
    }
    if (action !== 'get') throw new UsageError('docker asks for get, store, erase or list')
    const host = askedRegistry(askingOf({}, context).store.directory, input)
    const binding = host === undefined ? undefined : bindingFor('docker', host, context)
    if (binding === undefined) {
      terminal.print(DOCKER_NOT_FOUND)
      return exits.error
    }
    terminal.print(dockerAnswer(input, await tokenFor(binding, context), username(binding)))
    return exits.ok
  } catch (error) {
    const { exit, message } = explain(error, app.command)
    terminal.fail(message)
    terminal.print(exit === exits.signInNeeded ? DOCKER_NOT_FOUND : message)
    return exits.error
  }
}

async function runKubectl(context: Context): Promise<Exit> {
  const { execAnswer, parseExecInfo } = await import('../helpers/kubectl.ts')
  const { terminal, env } = context
  const request = parseExecInfo(env.KUBERNETES_EXEC_INFO)
  const binding = bindingFor('kubectl', request.host, context)
  if (binding === undefined)
    throw new UsageError(
      `the helper was not installed for ${request.host}: helper install kubectl --host ${request.host}`,
    )
  const answer = async (): Promise<Exit> => {
    terminal.print(execAnswer(request, await tokenFor(binding, context)))
    return exits.ok
  }
  try {
    return await answer()
  } catch (error) {
    // Only there does the protocol say that a person is at the terminal.
    const mayAsk = request.interactive && terminal.interactive
    if (!mayAsk || explain(error, '').exit !== exits.signInNeeded) throw error
  }
  const login = await import('./login.ts')
  const { server, clientId } = binding
  const signedIn = await login.run({ flags: { server, clientId }, args: [] }, context)
  return signedIn === exits.ok ? answer() : signedIn
}

/** A host that nobody installed it for gets nothing; where that is a surprise, the reason is on stderr. */
function bindingFor(helper: Binding['helper'], host: string, context: Context): Binding | undefined {
  const found = findBinding(askingOf({}, context).store.directory, helper, host)
  if (!found) context.terminal.say(`${context.app.command} answers for other hosts, not for ${host}`)
  return found
}

const USERNAME = 'oauth2'
