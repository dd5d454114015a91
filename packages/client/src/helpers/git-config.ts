// git's configuration for one host, changed by git itself. The list of helpers is emptied for that host first: else a helper that
// stores whatever it sees would write our token to a disk. What git asks the helper is git.ts.
import type { Binding } from './bindings.ts'
import {
  type Change,
  demandTool,
  type Ground,
  type Plan,
  type Planner,
  runTool,
  shellQuoted,
} from './change.ts'

export const gitPlanner: Planner = {
  install: (binding, on) => {
    const wanted = `!${on.program.map(shellQuoted).join(' ')} helper git`
    const { key, values, foreign } = present(binding, on, wanted)
    if (foreign.length > 0) return { changes: [asForeign(binding, foreign)] }
    if (values.join('\n') === ['', wanted].join('\n'))
      return {
        changes: [{ state: 'same', what: `git asks it for ${binding.host} already` }],
        written: wanted,
      }
    const commands = [
      ...(values.length > 0 ? [['config', '--global', '--unset-all', key]] : []),
      ['config', '--global', '--add', key, ''],
      ['config', '--global', '--add', key, wanted],
    ]
    return { changes: commands.map((args) => step(args, on)), written: wanted }
  },
  remove: (binding, on): Plan => {
    const { key, values, foreign } = present(binding, on)
    if (values.length === 0)
      return { changes: [{ state: 'same', what: `git does not ask it for ${binding.host}` }] }
    if (foreign.length > 0) return { changes: [asForeign(binding, foreign)] }
    return { changes: [step(['config', '--global', '--unset-all', key], on)] }
  },
}

function present(
  { host, written }: Binding,
  { env }: Ground,
  wanted?: string,
): { key: string; values: string[]; foreign: string[] } {
  const key = `credential.${host}.helper`
  const { status, stdout } = runTool('git', ['config', '--global', '--null', '--get-all', key], env)
  const values = status === 0 ? stdout.split('\0').slice(0, -1) : []
  return {
    key,
    values,
    foreign: values.filter((value) => value !== '' && value !== written && value !== wanted),
  }
}

function step(args: string[], { env }: Ground): Change {
  const what = ['git', ...args].map((word) => (word === '' ? "''" : shellQuoted(word))).join(' ')
  return { state: 'needed', what, apply: () => void demandTool('git', args, env) }
}

function asForeign({ host }: Binding, [helper]: string[]): Change {
  return { state: 'foreign', what: `git asks another helper for ${host} (${helper}); that stays as it is` }
}
