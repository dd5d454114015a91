// What is seen of the surroundings, from variables and probes that a test gives. What follows from it: transport.test.ts.
import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Facts, gatherFacts, realProbes, type Surroundings } from './environment.ts'

type Given = Omit<Partial<Surroundings>, 'probes'> & { files?: Record<string, string>; programs?: string[] }

function facts({ files = {}, programs = [], ...more }: Given): Facts {
  return gatherFacts({
    env: {},
    platform: 'linux',
    tty: { stdin: true, stdout: true, stderr: true },
    app: { prefix: 'ACME' },
    probes: {
      exists: (path) => path in files,
      read: (path) => files[path],
      find: (name) => (programs.includes(name) ? `/bin/${name}` : undefined),
    },
    ...more,
  })
}

const kernel = { '/proc/sys/kernel/osrelease': '5.15.167.4-microsoft-standard-WSL2' }
const door = { '/proc/sys/fs/binfmt_misc/WSLInterop': 'enabled' }

test('CL-05 SSH, containers and displays are told by their variables and files', () => {
  for (const name of ['SSH_CONNECTION', 'SSH_CLIENT', 'SSH_TTY'])
    assert.equal(facts({ env: { [name]: 'x' } }).ssh, name)
  for (const name of ['CODESPACES', 'REMOTE_CONTAINERS', 'DEVCONTAINER', 'KUBERNETES_SERVICE_HOST'])
    assert.equal(facts({ env: { [name]: 'true' } }).container, name)
  for (const path of ['/.dockerenv', '/run/.containerenv'])
    assert.equal(facts({ files: { [path]: '' } }).container, path)
  assert.equal(facts({ env: { DISPLAY: ':0' } }).display, 'DISPLAY')
  assert.equal(facts({ platform: 'darwin' }).display, 'darwin')
  const nothing = facts({ env: { SSH_TTY: '', DISPLAY: '', CODESPACES: '' } })
  assert.deepEqual([nothing.ssh, nothing.display, nothing.container], [undefined, undefined, undefined])
})

test('WSL is told by the kernel and the door to Windows together, never by the name of a distribution', () => {
  assert.equal(facts({ files: { ...kernel, ...door } }).wsl, 'interop')
  assert.equal(facts({ files: kernel }).wsl, 'isolated')
  assert.equal(facts({ files: door }).wsl, undefined)
  assert.equal(facts({ env: { WSL_DISTRO_NAME: 'Ubuntu' } }).wsl, undefined)
  assert.equal(facts({ files: { ...kernel, ...door } }).display, 'Windows')
})

test('WSL opens by wslview, else by rundll32, both programs of Windows', () => {
  const files = { ...kernel, ...door }
  const view = facts({ files, programs: ['wslview', 'rundll32.exe'] })
  assert.deepEqual(view.opener, { command: ['/bin/wslview'] })
  const dll = facts({ files, programs: ['rundll32.exe'] })
  assert.deepEqual(dll.opener, { command: ['/bin/rundll32.exe', 'url.dll,FileProtocolHandler'] })
})

test('CL-05 a browser that is named wins: the flag, the program’s variable, BROWSER', () => {
  const programs = ['firefox', 'chromium', 'other', 'xdg-open']
  const env = { ACME_BROWSER: 'chromium', BROWSER: 'other' }
  assert.deepEqual(facts({ env, programs, browser: 'firefox' }).opener, {
    command: ['/bin/firefox'],
    namedBy: '--browser',
  })
  assert.equal(facts({ env, programs }).opener?.namedBy, 'ACME_BROWSER')
  assert.equal(facts({ env: { BROWSER: 'other' }, programs }).opener?.namedBy, 'BROWSER')
  assert.deepEqual(facts({ programs }).opener, {})
  assert.equal(facts({}).opener, undefined)
})

test('BROWSER may be a list with arguments, as it is elsewhere', () => {
  const { opener } = facts({
    env: { BROWSER: 'gone:firefox --new-tab %s:chromium' },
    programs: ['firefox', 'chromium'],
  })
  assert.deepEqual(opener?.command, ['/bin/firefox', '--new-tab', '%s'])
})

test('CL-05 browsers made of text are refused by name, whatever names them', () => {
  for (const name of ['lynx', 'w3m', '/usr/bin/links2', 'elinks', 'www-browser']) {
    const seen = facts({ env: { BROWSER: name, DISPLAY: ':0' }, programs: [name, 'xdg-open'] })
    assert.equal(seen.opener, undefined)
    assert.match(seen.refusedBrowser ?? '', /runs inside the terminal/)
  }
  assert.match(facts({ browser: 'nope' }).refusedBrowser ?? '', /nope \(--browser\) is no program here/)
})

test('on macOS a name that is no program is an application', () => {
  assert.deepEqual(facts({ platform: 'darwin', browser: 'Google Chrome' }).opener, {
    application: 'Google Chrome',
    namedBy: '--browser',
  })
})

test('CL-19 CI and agents are told by their variables', () => {
  assert.equal(facts({ env: { CI: 'false' } }).ci, undefined)
  assert.equal(facts({ env: { CI: '1', GITLAB_CI: 'true' } }).ci, 'GITLAB_CI')
  assert.equal(facts({ env: { CLAUDECODE: '1' } }).agent, 'Claude Code')
})

test('programs are found on the PATH or by their path, and only what can be run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-env-'))
  writeFileSync(join(folder, 'good'), '', { mode: 0o755 })
  writeFileSync(join(folder, 'plain'), '', { mode: 0o644 })
  const { find, exists, read } = realProbes({ PATH: `/nowhere:${folder}` })
  assert.equal(find('good'), join(folder, 'good'))
  assert.equal(find(join(folder, 'good')), join(folder, 'good'))
  assert.deepEqual([find('plain'), find('none'), find(folder)], [undefined, undefined, undefined])
  assert.equal(exists(folder), true)
  assert.equal(read(join(folder, 'none')), undefined)
})
