// docs/login.md names every flag of `login`, every exit code and every variable, and none that is not there.
// What the page counts and shows is held against the real program by test/journey/counted.test.ts.

import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { createApp } from '@countersign/client/app'
import { commandsOf } from '@countersign/client/commands'
import { exits } from '@countersign/client/terminal'
import { root } from './test-names.ts'

const page = readFileSync(join(root, 'docs', 'login.md'), 'utf8')

function section(title: string): string {
  const text = page.split(/^## /m).find((one) => one.startsWith(`${title}\n`))
  assert.ok(text, `there is no section ${title}`)
  return text
}

const found = (text: string, what: RegExp): string[] =>
  [...new Set([...text.matchAll(what)].map(([, one = '']) => one))].toSorted()

test('the page has the flags of login', () => {
  const login = commandsOf(createApp({ clientId: 'acme', appName: 'Acme' })).find(
    ({ name }) => name === 'login',
  )
  const described = found(section('Flags'), /(?:^\| |, )`--([a-z-]+)/gm)
  assert.deepEqual(described, login?.flags.map(({ name }) => name).toSorted())
})

test('the page has the exit codes', () => {
  const described = found(section('Exit codes'), /^\| (\d+) \|/gm).map(Number)
  assert.deepEqual(new Set(described), new Set(Object.values(exits)))
})

test('the page has the variables that the client and the program read', () => {
  const source = globSync('packages/{client,cli}/src/**/*.ts', { cwd: root })
    .filter((path) => !path.includes('.test.'))
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('\n')
  const read = new Set([
    ...found(source, /\bvariable\([\w.]+, '([A-Z_]+)'\)/g),
    // Before an app is there, the store is found by its prefix alone.
    ...found(source, /\$\{app\.prefix\}_([A-Z_]+)/g),
  ])
  const described = found(section('Variables'), /`COUNTERSIGN_([A-Z_]+)`/g)
  assert.deepEqual(new Set(described), read)
})
