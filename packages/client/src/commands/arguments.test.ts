// The words of a command line, as programs without a parser of their own read them, and the help they print.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createApp } from '../app.ts'
import { parseCall, parseCommandLine } from './arguments.ts'
import type { Command } from './command.ts'
import { helpOn, helpOnCommand } from './help.ts'
import { suggestion } from './suggest.ts'
import { commandsOf } from './table.ts'

const app = createApp({ appName: 'Acme', clientId: 'acme-cli' })
const commands = commandsOf(app)
const parse = (line: string) => parseCommandLine(line.split(' ').filter(Boolean), commands)

function named(name: string): Command {
  const found = commands.find((command) => command.name === name)
  assert.ok(found, name)
  return found
}

test('flags with and without values, in both spellings, and arguments', () => {
  const parsed = parse('login --server https://x.example --client-id=c --no-wait --json')
  assert.equal(parsed.wants, 'run')
  assert.deepEqual(parsed.wants === 'run' && parsed.call, {
    flags: { server: 'https://x.example', clientId: 'c', noWait: true, json: true },
    args: [],
  })
  assert.deepEqual(parseCall(named('switch'), ['mia@example.com']).args, ['mia@example.com'])
})

test('what is passed on to another program is left as it is, flags included', () => {
  const args = (...words: string[]) => parseCall(named('exec'), words).args
  assert.deepEqual(args('--scope', 'a', 'curl', '--json', '--', 'x'), ['curl', '--json', '--', 'x'])
  assert.deepEqual(args('--', 'curl', '--help'), ['curl', '--help'])
  assert.deepEqual(parse('exec curl --help').wants, 'run')
  assert.deepEqual(parse('exec --help').wants, 'help')
})

const wrong: [string, RegExp][] = [
  ['logni', /^unknown command 'logni'\. Did you mean login\?$/],
  ['xyzzy', /^unknown command 'xyzzy'\.$/],
  ['help nope', /unknown command 'nope'/],
  ['login --sever x', /^unknown option '--sever'\. Did you mean --server\?$/],
  ['login -x', /unknown option '-x'/],
  ['login --server', /--server <value>' argument missing/],
  ['login --json=yes', /--json' does not take an argument/],
  ['login --server --json', /'--server' argument is ambiguous/],
  ['token extra', /too many arguments for 'token': extra/],
  ['exec', /missing required argument 'command'/],
]
for (const [line, message] of wrong)
  test(`"${line}" is refused with a sentence`, () => {
    assert.throws(() => parse(line), { code: 'usage', message })
  })

test('help: of the program, of a command, within the width of the terminal', () => {
  for (const line of ['', '--help', '-h', 'help'])
    assert.deepEqual(parse(line), { wants: 'help', command: undefined }, line)
  for (const line of ['help login', 'login --help', 'login --json -h']) {
    const parsed = parse(line)
    assert.equal(parsed.wants === 'help' && parsed.command?.name, 'login', line)
  }
  assert.equal(parse('--version').wants, 'version')
  const help = helpOn(app, commands, 80)
  for (const { name } of commands) assert.match(help, new RegExp(`^  ${name}\\b`, 'm'))
  const texts = [help, ...commands.map((command) => helpOnCommand(app, command, 80))]
  for (const line of texts.flatMap((text) => text.split('\n'))) assert.ok(line.length <= 100, line)
  assert.match(helpOnCommand(app, named('exec'), 80), /^Usage: acme exec <command\.\.\.> \[options\]\n/)
  assert.match(help, /4 sign-in needed/)
})

test('suggestions are for slips of the finger only', () => {
  const known = ['login', 'logout', 'status']
  const table: [string, string][] = [
    ['logn', 'login'],
    ['lgoin', 'login'],
    ['stats', 'status'],
    ['logotu', 'logout'],
  ]
  for (const [word, meant] of table) assert.equal(suggestion(word, known), ` Did you mean ${meant}?`)
  assert.equal(suggestion('deploy', known), '')
  assert.equal(suggestion('x', []), '')
})
