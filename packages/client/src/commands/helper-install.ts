// `helper install`: lets git, docker, kubectl and npm use the sign-in for named hosts, or takes it back. Says what it changes;
// what is right already, or belongs to somebody else, stays. How each program is configured: ../helpers/<name>-config.ts.
import {
  type Binding,
  bindingsOf,
  type HelperName,
  helperHost,
  isHelperName,
  removeBinding,
  saveBinding,
} from '../helpers/bindings.ts'
import { type Change, type Ground, ownProgram, type Plan, type Planner } from '../helpers/change.ts'
import { clean, type Exit, exits, UsageError } from '../terminal/terminal.ts'
import { type Call, type Context, isOn, textFlag } from './command.ts'
import { storedTarget } from './target.ts'

export async function runInstall({ flags, args }: Call, context: Context): Promise<Exit> {
  const names = args.map((name) => {
    if (isHelperName(name)) return name
    throw new UsageError(`${JSON.stringify(clean(name))} is none of git, docker, kubectl, npm`)
  })
  if (names.length === 0) throw new UsageError('name what to install for: git, docker, kubectl, npm')
  const target = await storedTarget(flags, context)
  const { directory } = target.store
  const program = ownProgram(context.app.command, context.env)
  const done: Done[] = []
  for (const binding of names.flatMap((name) => wanted(name, { flags, args }, context, target))) {
    const others = bindingsOf(directory).filter(
      ({ helper, host }) => helper === binding.helper && host !== binding.host,
    )
    const { app, env, system } = context
    const on: Ground = {
      command: app.command,
      prefix: app.prefix,
      program,
      env,
      randomName: system.randomName,
      others,
    }
    done.push(await carryOut(binding, on, { flags, args }, directory, context))
  }
  if (isOn(flags, 'json')) context.terminal.printJson({ changes: done.flatMap(asJson) })
  return done.some(({ plan }) => plan.changes.some(({ state }) => state === 'foreign'))
    ? exits.error
    : exits.ok
}

type Done = { binding: Binding; plan: Plan }

function wanted(
  helper: HelperName,
  { flags }: Call,
  { app }: Context,
  target: Awaited<ReturnType<typeof storedTarget>>,
): Binding[] {
  const given = textFlag(flags, 'host')
  const known = bindingsOf(target.store.directory).filter((one) => one.helper === helper)
  const removing = isOn(flags, 'remove')
  const hosts = given ? [given] : removing ? known.map(({ host }) => host) : (app.hosts[helper] ?? [])
  if (hosts.length === 0 && !removing)
    throw new UsageError(`name the host that ${helper} may send the token to: --host https://…`)
  return hosts.map((text) => {
    const host = helperHost(text, helper)
    const written = known.find((one) => one.host === host)?.written
    return {
      helper,
      host,
      server: target.issuer,
      clientId: target.clientId,
      // An account that is chosen somewhere else may change; one that is named here stays.
      account:
        textFlag(flags, 'account') === undefined ? undefined : (target.account ?? textFlag(flags, 'account')),
      resource: textFlag(flags, 'for'),
      scope: textFlag(flags, 'scope'),
      username: textFlag(flags, 'username'),
      written,
    }
  })
}

async function carryOut(
  binding: Binding,
  on: Ground,
  { flags }: Call,
  directory: string,
  context: Context,
): Promise<Done> {
  const { terminal, system } = context
  const removing = isOn(flags, 'remove')
  const printing = isOn(flags, 'print')
  const planner = await plannerOf(binding.helper)
  const plan = removing ? planner.remove(binding, on) : planner.install(binding, on)
  const foreign = plan.changes.some(({ state }) => state === 'foreign')
  const quiet = isOn(flags, 'json')
  if (!quiet)
    for (const change of plan.changes)
      if (!foreign || change.state === 'foreign') say(change, printing, context)
  if (printing || foreign) return { binding, plan }
  // Bound first: a program that asks before that would get nothing.
  if (!removing) saveBinding(directory, { ...binding, written: plan.written }, system)
  for (const change of plan.changes) if (change.state === 'needed') change.apply()
  if (removing) removeBinding(directory, binding, system)
  if (!quiet && plan.hint && !removing) terminal.say(`  ${clean(plan.hint)}`)
  return { binding, plan }
}

function say({ state, what }: Change, onlySaid: boolean, { terminal }: Context): void {
  const text = clean(what)
  if (state === 'foreign') terminal.fail(text)
  else if (state === 'same') terminal.say(`  ${text}`)
  else if (onlySaid) terminal.print(text)
  else terminal.succeed(text)
}

function asJson({ binding: { helper, host }, plan }: Done): Record<string, unknown>[] {
  return plan.changes.map(({ state, what }) => ({ helper, host, state: STATES[state], what }))
}

async function plannerOf(helper: HelperName): Promise<Planner> {
  switch (helper) {
    case 'git':
      return (await import('../helpers/git-config.ts')).gitPlanner
    case 'docker':
      return (await import('../helpers/docker-config.ts')).dockerPlanner
    case 'kubectl':
      return (await import('../helpers/kubectl-config.ts')).kubectlPlanner
    case 'npm':
      return (await import('../helpers/npm-config.ts')).npmPlanner
  }
}

const STATES = { same: 'unchanged', needed: 'changed', foreign: 'foreign' } as const
