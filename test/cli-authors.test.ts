// docs/cli-authors.md, line by line: the three lines are what examples/commander-cli/after.ts has more than before.ts, and each
// command is run, in a terminal, against a real server and the API of examples/protect-an-api.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, test } from 'node:test'
import { runExample, startExample } from './support/example.ts'
import { freePort } from './support/free-port.ts'
import { addMia, mia, openPerson, type Person } from './support/person.ts'
import { type RunningServer, startServer } from './support/process.ts'
import { endTerminals, type Pty, runInPty } from './support/pty.ts'

const root = join(import.meta.dirname, '..')
const example = (name: string) => join(root, 'examples', 'commander-cli', name)
const page = readFileSync(join(root, 'docs', 'cli-authors.md'), 'utf8')
const blocks = (language: string): string[][] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)\\n\`\`\`$`, 'gm'))].map(([, text = '']) =>
    text.split('\n'),
  )

let server: RunningServer
let person: Person
let home = ''
let work = ''
let resource = ''
let env: Record<string, string> = {}

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'countersign-authors-'))
  work = join(home, 'work')
  mkdirSync(join(home, 'bin'), { recursive: true })
  mkdirSync(work)
  server = await startServer()
  await addMia('--data', server.data)
  person = openPerson(() => server.issuer)
  await person.signIn()
  resource = `http://localhost:${await freePort()}/notes`
  const programs = {
    countersign: join(root, 'packages', 'cli', 'src', 'main.ts'),
    notes: example('after.ts'),
  }
  for (const [name, file] of Object.entries(programs)) {
    const path = join(home, 'bin', name)
    writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${file}" "$@"\n`)
    chmodSync(path, 0o755)
  }
  env = {
    PATH: `${join(home, 'bin')}${delimiter}${process.env.PATH}`,
    HOME: home,
    COUNTERSIGN_SERVER: server.issuer,
    COUNTERSIGN_DATA: server.data,
    RESOURCE: resource,
    // No browser can be opened from here, as on a machine that is reached by SSH.
    SSH_CONNECTION: '127.0.0.1 1 127.0.0.1 22',
  }
})
after(async () => {
  endTerminals()
  await server.stop()
  rmSync(home, { recursive: true, force: true })
})

const withoutHeader = (name: string): string[] =>
  readFileSync(example(name), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('//'))

test('the three lines of the page, and no other, make the program of before.ts that of after.ts', () => {
  const [diff = []] = blocks('diff')
  const added = diff.map((line) => line.replace(/^\+/, ''))
  assert.equal(added.length, 3)
  const [without, withLogin] = [withoutHeader('before.ts'), withoutHeader('after.ts')]
  assert.deepEqual(
    withLogin.filter((line) => added.includes(line)),
    added,
  )
  assert.deepEqual(
    withLogin.filter((line) => !added.includes(line)),
    without,
  )
  const lines = without.filter((line) => line !== '').length
  assert.ok(lines >= 40 && lines <= 60, `before.ts has ${lines} lines`)
})

test('before.ts is let in nowhere, and has no login', async () => {
  execFileSync(
    'sh',
    ['-c', (blocks('sh')[0]?.[0] ?? '').replaceAll('http://localhost:3000/notes', resource)],
    { env, stdio: 'pipe' },
  )
  const api = await startExample('protect-an-api/main.ts', { home, env })
  try {
    const list = await runExample('commander-cli/before.ts', { home, env, args: ['list'] })
    assert.deepEqual([list.code, list.stderr], [1, 'the API answered 401\n'])
    const login = await runExample('commander-cli/before.ts', { home, env, args: ['login'] })
    assert.match(login.stderr, /unknown command 'login'/)
  } finally {
    await api.stop()
  }
})

/** What a line of the page prints, and what it needs a person for; the ends of all lines are checked to be 0. */
const expected: [RegExp, RegExp][] = [
  [/^notes login/, /✓ Signed in as mia@example\.com|✓ Signed in as usr_/],
  [/^notes status/, /access {4}notes:write {5}renews itself/],
  [/^notes add/, /^Written\.$/m],
  [/^notes list/, /^1\. buy milk$/m],
  [/^notes token/, /^ey[\w-]+\.[\w-]+\.[\w-]+$/m],
  [/^notes switch/, /✓ Notes now uses /],
  [/^notes link/, /✓ This directory uses localhost:\d+/],
  [/^notes doctor/, /✓/],
  [/^notes logout/, /✓ Signed out .*Access was revoked on the server\./],
]

test('each command of the page does what it says', async () => {
  const [setup = [], use = []] = blocks('sh')
  // The first line was run above: an API can be added once.
  for (const line of setup.slice(1)) execFileSync('sh', ['-c', line], { env, stdio: 'pipe' })
  const api = await startExample('protect-an-api/main.ts', { home, env })
  try {
    for (const line of use) {
      const [, pattern] = expected.find(([command]) => command.test(line)) ?? []
      assert.ok(pattern, `nothing is expected of: ${line}`)
      assert.match(await runLine(line), pattern, line)
    }
  } finally {
    await api.stop()
  }
})

test('a command that needs a token offers to sign in, on a terminal, and goes on', async () => {
  const api = await startExample('protect-an-api/main.ts', { home, env })
  try {
    const refused = openTerminal(['list'])
    await refused.until(/Not signed in as usr_\S+\. Sign in now\? \[Y\/n\]/)
    refused.type('n\r')
    assert.equal(await refused.ended, 1)
    const terminal = openTerminal(['list'])
    await terminal.until(/Sign in now/)
    terminal.type('\r')
    await approve(terminal)
    assert.equal(await terminal.ended, 0, terminal.text())
    assert.match(terminal.text(), /✓ Signed in as /)
  } finally {
    await api.stop()
  }
})

test('a program that keeps its sign-in in memory asks once, goes on, and leaves nothing behind', async () => {
  const program = join(home, 'in-memory.mjs')
  const library = join(root, 'packages', 'client', 'src', 'login.ts')
  writeFileSync(
    program,
    `import { login } from ${JSON.stringify(library)}
const auth = login({ clientId: 'notes', appName: 'Notes', issuer: ${JSON.stringify(server.issuer)}, scope: 'openid', store: 'memory' })
if (process.argv[2] === 'login') process.exit(await auth.commands())
const first = await auth.token()
console.log(first === (await auth.token()) ? 'kept' : 'lost')`,
  )
  const alone = join(home, 'alone')
  const inMemory = { ...env, HOME: alone, NOTES_CONFIG_DIR: alone }
  const size = { cols: 200, rows: 40, program }
  const terminal = runInPty([], inMemory, size)
  await terminal.until(/Sign in now/)
  terminal.type('\r')
  await approve(terminal)
  await terminal.until(/^kept$/m)
  assert.equal(await terminal.ended, 0, terminal.text())
  assert.ok(!existsSync(alone), 'no file was written')
  const command = runInPty(['login'], inMemory, size)
  assert.equal(await command.ended, 2)
  assert.match(command.text(), /A sign-in in memory ends with this command/)
})

async function runLine(line: string): Promise<string> {
  const words = line.split(' ').map((word) => (word === mia.email ? accountName() : word))
  assert.equal(words[0], 'notes')
  const terminal = openTerminal(words.slice(1))
  if (words[1] === 'login') await approve(terminal)
  assert.equal(await terminal.ended, 0, `${line}\n${terminal.text()}`)
  return terminal.text()
}

function openTerminal(args: string[]): Pty {
  return runInPty(args, env, { cols: 200, rows: 40, cwd: work, program: example('after.ts') })
}

async function approve(terminal: Pty): Promise<void> {
  await terminal.until(/enter the code +\S+/)
  const [, code = ''] = /enter the code +(\S+)/.exec(terminal.text()) ?? []
  await person.decide(code, 'allow')
}

/** The page says an address; this sign-in asks for no more than `openid`, so the account goes by its id. */
function accountName(): string {
  const text = execFileSync(join(home, 'bin', 'notes'), ['status', '--json'], { env, encoding: 'utf8' })
  const facts: { account: string } = JSON.parse(text)
  return facts.account
}
