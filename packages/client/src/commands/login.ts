// `login`: what it sees, and which way it goes from here. Loads only that way, so that a refusal comes at once. What decides is
// ../transport.ts; signing in is login-here.ts, for agents login-two-step.ts; refusing and explaining login-explain.ts.
import { type Facts, gatherFacts, realProbes } from '../environment.ts'
import { type Exit, UsageError } from '../terminal/terminal.ts'
import { decide } from '../transport.ts'
import { type Call, type Context, type Flags, isOn, textFlag } from './command.ts'
import { asksForTwoSteps } from './two-step-flags.ts'

export async function run({ flags }: Call, context: Context): Promise<Exit> {
  const json = isOn(flags, 'json')
  // What was begun is gone on with wherever that is asked for.
  const isUnderWay = flags.resume !== undefined || flags.cancel !== undefined
  if (isUnderWay) return (await import('./login-two-step.ts')).twoStepLogin(flags, context)
  if (isOn(flags, 'device') && isOn(flags, 'loopback'))
    throw new UsageError('--device and --loopback exclude each other')
  const facts = factsFor(flags, context)
  const decision = decide(facts, { ...flagsOf(flags), noWait: asksForTwoSteps(flags) })
  if (isOn(flags, 'explain')) {
    const { explainDecision } = await import('./login-explain.ts')
    return explainDecision(facts, decision, json, context)
  }
  if (decision.transport === 'refuse')
    return (await import('./login-explain.ts')).refuse(decision, json, context)
  if (decision.transport === 'two-step')
    return (await import('./login-two-step.ts')).twoStepLogin(flags, context)
  const { signInHere } = await import('./login-here.ts')
  return signInHere({ facts, decision, flags, context })
}

export function factsFor(flags: Flags, { terminal, env, app }: Context): Facts {
  return gatherFacts({
    env,
    platform: process.platform,
    tty: terminal.tty,
    probes: realProbes(env),
    app,
    browser: textFlag(flags, 'browser'),
  })
}

function flagsOf(flags: Flags) {
  return {
    withToken: isOn(flags, 'withToken'),
    device: isOn(flags, 'device'),
    loopback: isOn(flags, 'loopback'),
    noBrowser: isOn(flags, 'noBrowser'),
  }
}
