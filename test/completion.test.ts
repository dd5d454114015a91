// Completion as the shells themselves do it: the scripts are made by the real program, and bash, zsh and fish are asked what they
// would offer. zsh and fish are skipped where the machine has none.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runProgram } from './support/process.ts'

let folder = ''
const scripts: Record<string, string> = {}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'countersign-completion-'))
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { code, stdout, stderr } = await runProgram(['completion', shell])
    assert.deepEqual([code, stderr], [0, ''])
    scripts[shell] = join(folder, `countersign.${shell}`)
    writeFileSync(scripts[shell], stdout)
  }
})
after(() => rmSync(folder, { recursive: true, force: true }))

const has = (shell: string): string | false =>
  spawnSync(shell, ['--version']).error === undefined ? false : `no ${shell} here`

function ask(shell: string, args: string[]): string {
  const env = { PATH: process.env.PATH, HOME: folder, TERM: 'dumb' }
  const { status, stdout, stderr } = spawnSync(shell, args, { encoding: 'utf8', env })
  assert.deepEqual([status, stderr], [0, ''])
  return stdout
}

/** What is offered for the last word of a line. */
function bash(line: string): string[] {
  const words = line.split(' ').map((word) => `'${word}'`)
  const asking = [
    `source '${scripts.bash}'`,
    `COMP_WORDS=(${words.join(' ')})`,
    `COMP_CWORD=${words.length - 1}`,
    '_countersign',
    'printf "%s\\n" "$' + '{COMPREPLY[@]}"',
  ]
  return ask('bash', ['--norc', '-c', asking.join('\n')])
    .split('\n')
    .filter(Boolean)
}

function fish(line: string): string[] {
  const out = ask('fish', ['--no-config', '-c', `source '${scripts.fish}'; complete -C '${line}'`])
  return out
    .split('\n')
    .filter(Boolean)
    .map((offered) => offered.split('\t')[0] ?? '')
}

test('bash registers the completion for the program', () => {
  const out = ask('bash', ['--norc', '-c', `source '${scripts.bash}'; complete -p countersign`])
  assert.equal(out, 'complete -F _countersign countersign\n')
})

const lines: [string, string[], string[]][] = [
  ['countersign log', ['login', 'logout'], ['token']],
  ['countersign user', ['users'], ['login']],
  ['countersign users a', ['add'], ['list']],
  ['countersign login --de', ['--device', '--device-name'], ['--scope']],
  ['countersign users add --na', ['--name'], ['--device']],
  ['countersign completion ', ['bash', 'zsh', 'fish'], ['git']],
  ['countersign helper install k', ['kubectl'], ['git']],
  ['countersign helper install git do', ['docker'], ['install']],
  ['countersign token --account mia@example.com --js', ['--json'], []],
]
for (const [line, offered, not] of lines) {
  test(`bash offers ${offered.join(' ')} for "${line}"`, () => {
    const got = bash(line)
    for (const word of offered) assert.ok(got.includes(word), got.join(' '))
    for (const word of not) assert.ok(!got.includes(word), got.join(' '))
  })
  test(`fish offers ${offered.join(' ')} for "${line}"`, { skip: has('fish') }, () => {
    const got = fish(line)
    for (const word of offered) assert.ok(got.includes(word), got.join(' '))
    for (const word of not) assert.ok(!got.includes(word), got.join(' '))
  })
}

test('bash offers no flag as the value of a flag', () => {
  assert.deepEqual(bash('countersign login --scope '), [])
})

test('zsh takes the script, and knows it as the completion of the program', { skip: has('zsh') }, () => {
  const asking = [
    'autoload -Uz compinit',
    `compinit -D -u -d '${join(folder, 'zcompdump')}'`,
    `source '${scripts.zsh}'`,
    'print -r -- "$_comps[countersign]"',
    'whence -w _countersign _countersign_users',
  ]
  const out = ask('zsh', ['-f', '-c', asking.join('\n')])
  assert.equal(out, '_countersign\n_countersign: function\n_countersign_users: function\n')
})

test('no script runs the program when it is loaded or asked, and another shell is refused', async () => {
  const { code, stderr } = await runProgram(['completion', 'powershell'])
  assert.equal(code, 2)
  assert.match(stderr, /bash, zsh or fish/)
})
