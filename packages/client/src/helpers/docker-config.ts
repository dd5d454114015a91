// docker's configuration: `credHelpers` in its config.json, which names a program `docker-credential-<name>` on the PATH; ours
// is a file of two lines. Everything else in the file stays. What docker asks is docker.ts.
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Binding } from './bindings.ts'
import { type Change, ForeignConfigurationError, type Ground, type Planner, shellQuoted } from './change.ts'
import { registryOf } from './docker.ts'
import { readForeign, removeForeign, replaceForeign } from './foreign-file.ts'

export const dockerPlanner: Planner = {
  install: (binding, on) => {
    if (process.platform === 'win32')
      throw new ForeignConfigurationError(
        'the helper for docker needs a Unix shell; it is not made for Windows yet',
      )
    const hint = isOnPath(on)
      ? undefined
      : `docker finds it once ${directoryOf(on)} is on your PATH: export PATH="${directoryOf(on)}:$PATH"`
    return { changes: [shim(on), entry(binding, on, on.command)], ...(hint ? { hint } : {}) }
  },
  remove: (binding, on) => ({
    changes: [entry(binding, on, undefined), ...(on.others.length > 0 ? [] : [withoutShim(on)])],
  }),
}

function entry({ host }: Binding, on: Ground, name: string | undefined): Change {
  const path = join(on.env.DOCKER_CONFIG || join(on.env.HOME || homedir(), '.docker'), 'config.json')
  const text = readForeign(path)
  const settings = text === undefined || text.trim() === '' ? {} : objectIn(text, path)
  const helpers = membersOf(settings.credHelpers, path)
  const registry = registryOf(host)
  const now = helpers[registry]
  const what = `"credHelpers": { "${registry}": "${on.command}" } in ${path}`
  if (now === name) return { state: 'same', what: name === undefined ? `no ${what}` : what }
  if (now !== undefined && now !== on.command)
    return {
      state: 'foreign',
      what: `docker asks another helper for ${registry} (${String(now)}); that stays as it is`,
    }
  const { [registry]: _now, ...others } = helpers
  const changed = name === undefined ? others : { ...others, [registry]: name }
  const { credHelpers: _helpers, ...rest } = settings
  const next =
    name === undefined && Object.keys(others).length === 0 ? rest : { ...settings, credHelpers: changed }
  return {
    state: 'needed',
    what: name === undefined ? `take away ${what}` : what,
    apply: () => replaceForeign(path, `${JSON.stringify(next, null, indentOf(text))}\n`, on),
  }
}

function shim(on: Ground): Change {
  const path = shimPath(on)
  const text = shimText(on)
  const now = readForeign(path)
  if (now === text) return { state: 'same', what: path }
  if (now !== undefined && !isShim(now))
    throw new ForeignConfigurationError(`${path} is there already, and not ours; nothing was changed`)
  return {
    state: 'needed',
    what: `${path}, which calls ${on.program.join(' ')}`,
    apply: () => replaceForeign(path, text, on, 0o755),
  }
}

function withoutShim(on: Ground): Change {
  const path = shimPath(on)
  const now = readForeign(path)
  if (now === undefined || !isShim(now)) return { state: 'same', what: `no ${path} of ours` }
  return { state: 'needed', what: `take away ${path}`, apply: () => removeForeign(path) }
}

/** Where systemd and the XDG base directory specification have a person's own programs. */
function directoryOf({ env }: Ground): string {
  return join(env.HOME || homedir(), '.local', 'bin')
}

function shimPath(on: Ground): string {
  return join(directoryOf(on), `docker-credential-${on.command}`)
}

function shimText({ program }: Ground): string {
  return `#!/bin/sh\n${MARK}\nexec ${program.map(shellQuoted).join(' ')} helper docker "$@"\n`
}

function isShim(text: string): boolean {
  return text.split('\n')[1] === MARK
}

function isOnPath(on: Ground): boolean {
  return (on.env.PATH ?? '').split(delimiter).includes(directoryOf(on))
}

function objectIn(text: string, path: string): Record<string, unknown> {
  try {
    return membersOf(JSON.parse(text), path)
  } catch (error) {
    if (error instanceof ForeignConfigurationError) throw error
    throw new ForeignConfigurationError(`${path} is not JSON; nothing was changed`)
  }
}

function membersOf(value: unknown, path: string): Record<string, unknown> {
  if (value === undefined) return {}
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ForeignConfigurationError(
      `${path} does not have the form that docker gives it; nothing was changed`,
    )
  return { ...value }
}

/** As it was, or a tab, which is what docker writes. */
function indentOf(text: string | undefined): string {
  return /^\{\r?\n([ \t]+)"/.exec(text ?? '')?.[1] ?? '\t'
}

const MARK = '# Written by helper install; helper install --remove takes it away.'
