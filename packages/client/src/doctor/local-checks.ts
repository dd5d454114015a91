// The checks of `doctor` that look at this computer: version, variables, project, store, browser, loopback. They ask no server.
// Not here: the way to the server (network-checks.ts).
import { lstatSync } from 'node:fs'
import { type App, type VariableName, variable } from '../app.ts'
import { openCallback } from '../callback.ts'
import type { CredentialStore } from '../credentials.ts'
import { gatherFacts, realProbes } from '../environment.ts'
import { findProject } from '../project.ts'
import type { System } from '../system.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { type Check, type Finding, ok, warning, wrong } from './check.ts'

export type LocalSubject = {
  app: App
  env: Record<string, string | undefined>
  cwd: string
  terminal: Pick<Terminal, 'tty'>
  openStore: () => CredentialStore
  system: System
}

export function localChecks(subject: LocalSubject): Check[] {
  return [
    { name: 'version', look: () => versionCheck(subject) },
    { name: 'variables', look: () => variablesCheck(subject) },
    { name: 'project', look: () => projectCheck(subject) },
    { name: 'browser', look: () => browserCheck(subject) },
    { name: 'callback', look: () => callbackCheck(subject) },
    // Last: a keychain that does not answer holds up everything else in this process for seconds.
    { name: 'store', limitSeconds: 15, look: () => storeCheck(subject) },
  ]
}

function versionCheck({ app }: LocalSubject): Finding {
  const words = `${app.name} ${app.version}, Node ${process.versions.node}, ${process.platform} ${process.arch}`
  const [major = 0] = process.versions.node.split('.').map(Number)
  return major >= 24 ? ok(words) : wrong(words, 'It needs Node 24 or later.')
}

/** Names only: what is in them may be a secret. */
function variablesCheck({ app, env }: LocalSubject): Finding {
  const set = OURS.map((name) => variable(app, name)).filter((name) => env[name])
  const token = variable(app, 'TOKEN')
  if (set.includes(token))
    return warning(
      `${set.join(', ')} set; ${token} wins over whoever is signed in`,
      `To use the sign-in: unset ${token}`,
    )
  return ok(set.length === 0 ? 'none of ours is set' : `${set.join(', ')} set`)
}

function projectCheck({ app, env, cwd }: LocalSubject): Finding {
  const project = findProject(cwd, app, env)
  if (!project) return ok('this directory belongs to none')
  const says = [project.server, project.account === undefined ? undefined : 'an account'].filter(
    (one) => one !== undefined,
  )
  return ok(`${project.path} names ${says.join(' and ')}`)
}

function storeCheck({ openStore }: LocalSubject): Finding {
  const store = openStore()
  // Writes and reads, as a sign-in would; throws a sentence where that fails.
  const { kind, why } = store.choose()
  if (kind === 'memory') return ok('in memory, until the program ends')
  const mode = lstatSync(store.directory).mode & 0o777
  const place = `${store.directory} (0${mode.toString(8)})`
  if (process.platform !== 'win32' && mode !== 0o700)
    return wrong(`${place} can be read by others`, `chmod 700 ${store.directory}`)
  if (kind === 'keychain') return ok(`keychain and ${place}; written and read back`)
  if (why === 'silent' || why === 'refused')
    return warning(
      `${place}; the keychain ${why === 'silent' ? 'did not answer' : 'refused'}`,
      'Unlock it to use it; files do as well.',
    )
  return ok(`files in ${place}; written and removed again`)
}

function browserCheck({ app, env, terminal }: LocalSubject): Finding {
  const facts = gatherFacts({
    env,
    platform: process.platform,
    tty: terminal.tty,
    probes: realProbes(env),
    app,
  })
  const code = `${app.command} login uses a code for another device`
  if (facts.refusedBrowser !== undefined && facts.opener === undefined)
    return warning(
      facts.refusedBrowser,
      `Name a browser in ${variable(app, 'BROWSER')}, or go without: ${code}.`,
    )
  const reason = facts.ssh ?? facts.container
  if (reason !== undefined) return ok(`not on this computer (${reason}); ${code}`)
  if (facts.opener === undefined || facts.display === undefined)
    return ok(`${facts.opener === undefined ? 'nothing opens one' : 'no display'}; ${code}`)
  return ok(facts.opener.command?.join(' ') ?? facts.opener.application ?? 'opened by the system')
}

/** As a sign-in on this computer ends: the browser comes back to a port of ours. */
async function callbackCheck({ app, system }: LocalSubject): Promise<Finding> {
  const instead = `Until then: ${app.command} login --device`
  const callback = await openCallback(system)
  if (!callback) return warning('no port on 127.0.0.1 or ::1 can be had', instead)
  try {
    const arrived = await callback.isReachedBy(async (address) => {
      await system.fetch(address, { method: 'GET', signal: AbortSignal.timeout(CALLBACK_MS) })
    })
    const { host } = new URL(callback.redirectUri)
    return arrived ? ok(`${host} was reached`) : wrong(`${host} was opened and could not be reached`, instead)
  } finally {
    await callback.close()
  }
}

const OURS: readonly VariableName[] = [
  'TOKEN',
  'SERVER',
  'ACCOUNT',
  'CLIENT_ID',
  'CONFIG_DIR',
  'STORE',
  'BROWSER',
  'CA_FILE',
  'DEBUG',
]
const CALLBACK_MS = 3000
