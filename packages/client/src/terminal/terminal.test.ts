// The voice: exit codes and sentences by error code, colours, and what is stripped. In a real terminal:
// main.pty.test.ts.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { minutes } from '../commands/login-keys.ts'
import { agentName, ciVariable } from '../environment.ts'
import * as errors from '../index.ts'
import { clean, createTerminal, exits, explain, jsonLine, UsageError } from './terminal.ts'

const evidence = { host: 'login.example', status: 403 }

const explained: [Error, number, string][] = [
  [
    new errors.NetworkError('network', 'login.example', 'could not reach login.example (ECONNREFUSED)'),
    exits.network,
    'Could not reach login.example (ECONNREFUSED). Try: countersign doctor',
  ],
  [
    Object.assign(new errors.NetworkError('timeout', 'login.example', 'slow'), { attempts: 4 }),
    exits.network,
    'Could not reach login.example (connect timeout, 4 attempts). Try: countersign doctor',
  ],
  [
    new errors.AnswerError('html_answer', 'login.example answered a web page', evidence),
    exits.network,
    'login.example answered a web page. A proxy is in the way: countersign doctor',
  ],
  [
    new errors.SignInEndedError('access_denied', 'access_denied'),
    exits.denied,
    'You chose "Don\'t allow". Nothing was signed in.',
  ],
  [
    new errors.SignInEndedError('access_denied', 'x', { description: 'The request was denied.' }),
    exits.denied,
    'You chose "Don\'t allow". Nothing was signed in.',
  ],
  [
    new errors.SignInEndedError('access_denied', 'x', {
      description: 'The request was denied and reported.',
    }),
    exits.denied,
    'Refused and reported. Nothing was signed in.',
  ],
  [
    new errors.SignInEndedError('access_denied', 'x', { description: 'The account cannot be used.' }),
    exits.denied,
    'The account cannot be used. Nothing was signed in.',
  ],
  [
    new errors.SignInEndedError('refused_by_policy', 'x', {
      description: 'Use SSO',
      uri: 'https://p.example',
    }),
    exits.refusedByPolicy,
    'Refused by the server: Use SSO See https://p.example',
  ],
  [
    new errors.SignInRequiredError('not_signed_in'),
    exits.signInNeeded,
    'Not signed in. Run: countersign login',
  ],
  [new errors.SignInEndedError('cancelled', 'x'), exits.cancelled, 'Cancelled. Nothing was signed in.'],
  [new UsageError('no such thing'), exits.usage, 'No such thing.'],
  [new Error('an\u001b[2J accident'), exits.error, 'An accident.'],
]
for (const [error, exit, message] of explained)
  test(`DC-11 ${error.name} "${message}" exits ${exit}`, () => {
    const failure = explain(error, 'countersign')
    assert.deepEqual({ exit: failure.exit, message: failure.message }, { exit, message })
  })

test('DC-07 control characters and escape sequences are stripped from foreign text', () => {
  const table: [string, string][] = [
    ['plain – ünïcode ✓', 'plain – ünïcode ✓'],
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]0;title\u0007x', 'x'],
    ['a\r\nb\tc', 'a b c'],
    ['user\u202egnp.exe', 'user gnp.exe'],
    ['\u0000', ''],
  ]
  for (const [text, expected] of table) assert.equal(clean(text), expected)
})

test('DC-07 JSON shown on a terminal does not steer it, and reads back as what it was', () => {
  const value = { scope: '\u009b2Ja\u202eb\u{e0041}\u2028', name: 'ünïcode ✓' }
  const line = jsonLine(value)
  assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Cf}\p{Zl}]/u)
  assert.ok(line.includes('ünïcode ✓') && line.endsWith('\n'))
  assert.deepEqual(JSON.parse(line), value)
})

function voice(env: Record<string, string>, isTTY: boolean): { text: () => string; paint: string } {
  const stderr = Object.assign(new PassThrough(), { isTTY })
  // The streams of a process have more members; the voice needs these.
  const streams = Object.create(process, { stderr: { value: stderr }, stdout: { value: stderr } })
  const terminal = createTerminal(streams, env)
  terminal.fail('no')
  return { text: () => String(stderr.read()), paint: terminal.paint('green', 'x') }
}

test('colours appear on a terminal only, and not with NO_COLOR or a dumb one', () => {
  assert.equal(voice({}, true).paint, '\u001b[32mx\u001b[0m')
  assert.equal(voice({ NO_COLOR: '1' }, true).paint, 'x')
  assert.equal(voice({ TERM: 'dumb' }, true).paint, 'x')
  assert.equal(voice({}, false).paint, 'x')
  assert.equal(voice({}, false).text(), '  ✗ no\n')
})

test('the countdown shows minutes and seconds and never less than nothing', () => {
  const table: [number, string][] = [
    [600, '10:00'],
    [597.2, '9:58'],
    [59.9, '1:00'],
    [9, '0:09'],
    [0, '0:00'],
    [-5, '0:00'],
  ]
  for (const [seconds, expected] of table) assert.equal(minutes(seconds), expected)
})

test('CL-19 CI and agents are recognised by their variables', () => {
  assert.equal(ciVariable({ CI: 'true' }), 'CI')
  assert.equal(ciVariable({ CI: 'true', GITHUB_ACTIONS: 'true' }), 'GITHUB_ACTIONS')
  for (const value of ['', '0', 'false']) assert.equal(ciVariable({ CI: value }), undefined)
  assert.equal(agentName({ CLAUDECODE: '1' }), 'Claude Code')
  assert.equal(agentName({}), undefined)
})
