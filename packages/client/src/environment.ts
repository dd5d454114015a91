// Where the program runs, as plain facts: terminal, SSH, container, WSL, display, CI, agent, and what can open a
// browser. Read once; every source is an argument. Not here: what follows from them (transport.ts), opening (opener.ts).
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { type App, variable } from './app.ts'

export type Variables = Record<string, string | undefined>

/** What is asked of the machine itself. */
export type Probes = {
  exists: (path: string) => boolean
  read: (path: string) => string | undefined
  /** The path of a program, by name or path; undefined when it cannot be run. */
  find: (name: string) => string | undefined
}

export type Surroundings = {
  env: Variables
  platform: NodeJS.Platform
  /** Whether stdin, stdout and stderr are terminals. */
  tty: { stdin: boolean; stdout: boolean; stderr: boolean }
  probes: Probes
  app: Pick<App, 'prefix'>
  /** `--browser`. */
  browser?: string | undefined
}

export type Opener = {
  /** Undefined is the system's own way, which the `open` package knows. */
  command?: readonly string[]
  /** Named by whom: a flag or a variable; undefined when it was found. */
  namedBy?: string
  /** An application that is no program on the PATH, such as `Firefox` on macOS. */
  application?: string
}

/** Texts name what was seen, such as the variable; undefined is that nothing was. */
export type Facts = {
  platform: NodeJS.Platform
  tty: { stdin: boolean; stdout: boolean; stderr: boolean }
  ssh: string | undefined
  container: string | undefined
  /** Under Windows; `interop` where its programs can be started from here. */
  wsl: 'interop' | 'isolated' | undefined
  display: string | undefined
  opener: Opener | undefined
  /** A browser that was named and cannot be used, with the reason. */
  refusedBrowser: string | undefined
  ci: string | undefined
  agent: string | undefined
}

export function gatherFacts(around: Surroundings): Facts {
  const { env, platform, tty, probes } = around
  const wsl = wslOf(platform, probes)
  return {
    platform,
    tty,
    ssh: firstSet(env, ['SSH_CONNECTION', 'SSH_CLIENT', 'SSH_TTY']),
    container: containerOf(env, platform, probes),
    wsl,
    display: displayOf(env, platform, wsl),
    ...openerOf(around, wsl),
    ci: ciVariable(env),
    agent: agentName(env),
  }
}

/** The name of the variable that says so, or undefined. */
export function ciVariable(env: Variables): string | undefined {
  for (const name of ['GITHUB_ACTIONS', 'GITLAB_CI', 'BUILDKITE', 'JENKINS_URL', 'TF_BUILD', 'CI']) {
    const value = env[name]
    if (value && value !== 'false' && value !== '0') return name
  }
  return undefined
}

/** What programs started by an agent are marked with; shown to the person who approves. */
export function agentName(env: Variables): string | undefined {
  for (const [variable, name] of agents) if (env[variable]) return name
  return undefined
}

function containerOf(env: Variables, platform: NodeJS.Platform, probes: Probes): string | undefined {
  const named = firstSet(env, containerVariables)
  if (named !== undefined || platform !== 'linux') return named
  return ['/.dockerenv', '/run/.containerenv'].find((path) => probes.exists(path))
}

// The name of the distribution alone misleads: it is inherited by what runs elsewhere, and Docker Desktop's own
// machine has the kernel but no way out. So both the kernel and the door to Windows have to be there.
function wslOf(platform: NodeJS.Platform, probes: Probes): Facts['wsl'] {
  if (platform !== 'linux') return undefined
  if (!/microsoft/i.test(probes.read('/proc/sys/kernel/osrelease') ?? '')) return undefined
  const doors = ['/proc/sys/fs/binfmt_misc/WSLInterop', '/proc/sys/fs/binfmt_misc/WSLInterop-late']
  return doors.some((path) => probes.exists(path)) ? 'interop' : 'isolated'
}

function displayOf(env: Variables, platform: NodeJS.Platform, wsl: Facts['wsl']): string | undefined {
  if (platform === 'darwin' || platform === 'win32') return platform
  if (wsl === 'interop') return 'Windows'
  return firstSet(env, ['WAYLAND_DISPLAY', 'DISPLAY'])
}

type Found = Pick<Facts, 'opener' | 'refusedBrowser'>

function openerOf(around: Surroundings, wsl: Facts['wsl']): Found {
  const { env, platform, probes, app, browser } = around
  const own = variable(app, 'BROWSER')
  const named: [string, string | undefined][] = [
    ['--browser', browser],
    [own, env[own]],
    ['BROWSER', env.BROWSER],
  ]
  for (const [namedBy, value] of named) if (value) return namedOpener(namedBy, value, around)
  const none: Found = { opener: undefined, refusedBrowser: undefined }
  if (platform === 'darwin' || platform === 'win32') return { ...none, opener: {} }
  if (wsl === 'interop') {
    const view = probes.find('wslview')
    if (view !== undefined) return { ...none, opener: { command: [view] } }
    const library = probes.find('rundll32.exe') ?? probes.find('/mnt/c/Windows/System32/rundll32.exe')
    if (library !== undefined)
      return { ...none, opener: { command: [library, 'url.dll,FileProtocolHandler'] } }
  }
  return probes.find('xdg-open') === undefined ? none : { ...none, opener: {} }
}

/** `BROWSER` may list several, separated as in PATH; the first that can be used is. No shell ever sees them (CL-05). */
function namedOpener(namedBy: string, value: string, { platform, probes }: Surroundings): Found {
  let refusedBrowser: string | undefined
  const separator = platform === 'win32' || namedBy === '--browser' ? /\n/ : /:(?!\/\/)/
  for (const entry of value.split(separator)) {
    const [name = '', ...args] = entry.trim().split(/\s+/)
    const short = name.split(/[\\/]/).at(-1) ?? ''
    if (name === '') continue
    if (textBrowsers.has(short)) {
      refusedBrowser ??= `${short} (${namedBy}) runs inside the terminal`
      continue
    }
    const path = probes.find(name)
    if (path !== undefined)
      return { opener: { command: [path, ...args], namedBy }, refusedBrowser: undefined }
    // A name of several words, such as `Google Chrome`, is one application there.
    if (platform === 'darwin' || platform === 'win32')
      return { opener: { application: entry.trim(), namedBy }, refusedBrowser: undefined }
    refusedBrowser ??= `${short} (${namedBy}) is no program here`
  }
  return { opener: undefined, refusedBrowser }
}

function firstSet(env: Variables, names: readonly string[]): string | undefined {
  return names.find((name) => env[name])
}

/** The machine that this process runs on. */
export function realProbes(env: Variables): Probes {
  return {
    exists: existsSync,
    read: (path) => {
      try {
        return readFileSync(path, 'utf8')
      } catch {
        return undefined
      }
    },
    find: (name) => findProgram(name, env),
  }
}

function findProgram(name: string, env: Variables): string | undefined {
  const folders = /[\\/]/.test(name) ? [''] : (env.PATH ?? '').split(delimiter).filter(Boolean)
  const endings = process.platform === 'win32' ? ['', '.exe', '.cmd'] : ['']
  for (const folder of folders)
    for (const ending of endings) {
      const path = folder === '' ? name + ending : join(folder, name + ending)
      if (isProgram(path)) return path
    }
  return undefined
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

const agents: [string, string][] = [
  ['CLAUDECODE', 'Claude Code'],
  ['CURSOR_AGENT', 'Cursor'],
  ['CURSOR_TRACE_ID', 'Cursor'],
  ['GEMINI_CLI', 'Gemini CLI'],
  ['CODEX_SANDBOX', 'Codex'],
  ['OPENCODE', 'OpenCode'],
]

const containerVariables = [
  'CODESPACES',
  'REMOTE_CONTAINERS',
  'DEVCONTAINER',
  'GITPOD_WORKSPACE_ID',
  'KUBERNETES_SERVICE_HOST',
  'container',
]

const textBrowsers = new Set([
  'lynx',
  'w3m',
  'links',
  'links2',
  'elinks',
  'browsh',
  'carbonyl',
  'chawan',
  'cha',
  'www-browser',
])
