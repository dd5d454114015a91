// npm asks no helper. So its configuration names a variable, which npm replaces by its value, and `exec` runs npm with a short-lived
// token in that variable: nothing secret is ever in the file. Lines of others stay as they are.
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Binding } from './bindings.ts'
import type { Change, Ground, Planner } from './change.ts'
import { readForeign, replaceForeign } from './foreign-file.ts'

export const npmPlanner: Planner = {
  install: (binding, on) => ({
    changes: [line(binding, on, true)],
    hint: `to use it: ${on.command} exec --env ${variableOf(on)}${flagsFor(binding)} -- npm install`,
  }),
  remove: (binding, on) => ({ changes: [line(binding, on, false)] }),
}

function line({ host }: Binding, on: Ground, present: boolean): Change {
  const path =
    on.env.NPM_CONFIG_USERCONFIG || on.env.npm_config_userconfig || join(on.env.HOME || homedir(), '.npmrc')
  const key = `//${host.replace(/^https?:\/\//, '')}/:_authToken`
  const ours = `${key}=\${${variableOf(on)}}`
  const text = readForeign(path) ?? ''
  const lines = text.split(/\r?\n/)
  const found = lines.filter((one) => one.slice(0, one.indexOf('=')).trim() === key)
  const foreign = found.some((one) => one.replace(/\s+/g, '') !== ours)
  // The value may be a secret of somebody, and is not shown.
  if (foreign) return { state: 'foreign', what: `${path} has another ${key}; that stays as it is` }
  if (present === found.length > 0)
    return { state: 'same', what: present ? `${ours} in ${path}` : `no ${key} in ${path}` }
  const end = text === '' || text.endsWith('\n') ? '' : '\n'
  const next = present
    ? `${text}${end}${ours}\n`
    : text
        .split(/(?<=\n)/)
        .filter((one) => !found.includes(one.replace(/\r?\n$/, '')))
        .join('')
  return {
    state: 'needed',
    what: present ? `${ours} in ${path}` : `take away ${ours} from ${path}`,
    apply: () => replaceForeign(path, next, on),
  }
}

function flagsFor({ resource, scope }: Binding): string {
  return `${resource ? ` --for ${resource}` : ''}${scope ? ` --scope "${scope}"` : ''}`
}

function variableOf({ prefix }: Ground): string {
  return `${prefix}_NPM_TOKEN`
}
