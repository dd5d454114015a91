// What every npm script of this repository starts with: install what is missing, find Node 24, run a program on it.
// Plain JavaScript and nothing but Node's own modules, because it runs on Node 20 before anything is installed.
// What is run is elsewhere: the tests in run-tests.ts, the packing in build-packages.ts, the program in packages/cli.

import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const windows = process.platform === 'win32'

/** Installs the npm packages of the lock file unless each of them is there in its version. */
export function installPackages() {
  const missing = missingPackages()
  if (missing.length === 0) return
  say(`Installing npm packages (${missing.length} missing, about 20 seconds)…`)
  const npm = runNpm('ci', '--no-audit', '--no-fund', '--loglevel=error')
  if (npm.status !== 0) {
    stop(`npm ci failed, so nothing was started. What npm said:\n\n${npm.output.trim()}`)
  }
}

/** The path of a Node that runs TypeScript: this one when it is new enough, else the one from the `node` package. */
export function modernNode() {
  if (Number.parseInt(process.versions.node, 10) >= 24) return process.execPath
  const installed = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node')
  if (!existsSync(installed)) {
    // npm leaves the binary out when install scripts are switched off, and so does an install that was interrupted.
    say('Fetching Node 24…')
    runNpm('rebuild', 'node', '--loglevel=error')
  }
  if (existsSync(installed)) return installed
  return stop(
    [
      `Countersign needs Node 24; this is Node ${process.versions.node}, and the \`node\` package that brings Node 24`,
      'along has no binary. Its install script was not allowed to run, perhaps because of `ignore-scripts` in an .npmrc.',
      'Do one of these, then try again:',
      '  npm rebuild node --ignore-scripts=false     fetch Node 24 into node_modules only',
      '  install Node 24 or later                    from https://nodejs.org',
    ].join('\n'),
  )
}

/** Installs what is missing, then runs a file of this repository on Node 24 and ends as it ends. */
export function runOnModernNode(file, args) {
  installPackages()
  const node = modernNode()
  // The tests and the program start Node by name now and then; they must meet the same one.
  const path = `${dirname(node)}${windows ? ';' : ':'}${process.env.PATH ?? ''}`
  const child = spawn(node, [join(root, file), ...args], {
    cwd: process.cwd(),
    stdio: 'inherit',
    // Sources stripped of their types once are not stripped again: the next start takes half the time and 20 MB less.
    env: { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'node'), ...process.env, PATH: path },
  })
  passSignalsOn(child)
  child.on('error', (error) => stop(`Could not start Node at ${node}: ${error.message}`))
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal]
  })
}

function passSignalsOn(child) {
  let asked = false
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => {
      asked = true
      // A terminal sends Ctrl-C to the whole process group, so the child has it already; a second one would mean "now".
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
    })
  }
  if (process.env.npm_lifecycle_event === undefined) return
  // npm passes a signal to the shell between it and this process, and the shell dies of it without telling anybody.
  const shell = process.ppid
  const orphaned = setInterval(() => {
    if (process.ppid === shell) return
    clearInterval(orphaned)
    if (!asked) child.kill('SIGTERM')
  }, 200)
  orphaned.unref()
}

/** Names of the packages in the lock file that are absent, or present in another version. */
export function missingPackages() {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  return Object.entries(lock.packages)
    .filter(([place, entry]) => place.includes('node_modules/') && !entry.optional && !entry.devOptional)
    .filter(([place, entry]) => installedVersion(place) !== (entry.link ? 'any' : entry.version))
    .map(([place]) => place)

  function installedVersion(place) {
    const manifest = join(root, place, 'package.json')
    if (!existsSync(manifest)) return undefined
    return lock.packages[place].link ? 'any' : JSON.parse(readFileSync(manifest, 'utf8')).version
  }
}

function runNpm(...args) {
  // npm names its own entry file to the scripts it runs; without npm in front, the shell has to find it.
  const own = process.env.npm_execpath
  const inNode = own?.endsWith('.js') && existsSync(own)
  const result = inNode
    ? spawnSync(process.execPath, [own, ...args], { cwd: root, encoding: 'utf8' })
    : spawnSync('npm', args, { cwd: root, encoding: 'utf8', shell: windows })
  return {
    status: result.status,
    output: `${result.stdout ?? ''}${result.stderr ?? ''}${result.error ?? ''}`,
  }
}

function say(line) {
  // stderr: stdout belongs to the program, whose first line may be data for a script.
  process.stderr.write(`${line}\n`)
}

function stop(message) {
  say(message)
  process.exit(1)
}
