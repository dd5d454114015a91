// Project files: found where they should be, strange ones named and not used, others' members kept.
import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { ProjectError } from './errors.ts'
import { findProject, projectFile, readProject, removeProject, writeProject } from './project.ts'
import { system } from './system.ts'

const app = { directory: 'acme' }
let home = ''
let env: { HOME: string }
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'countersign-project-'))
  env = { HOME: home }
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function directory(...parts: string[]): string {
  const path = join(home, ...parts)
  mkdirSync(path, { recursive: true })
  return path
}

function put(at: string, text: string): string {
  mkdirSync(join(at, '.acme'), { recursive: true })
  writeFileSync(projectFile(at, app), text)
  return projectFile(at, app)
}

const serverFrom = (cwd: string): string | undefined => findProject(cwd, app, env)?.server

test('the nearest project file from here upwards counts, with one spelling for each server', () => {
  const outer = directory('work')
  const inner = directory('work', 'a', 'b')
  put(outer, '{"server":"HTTPS://Outer.Example/"}')
  assert.equal(serverFrom(inner), 'https://outer.example')
  put(directory('work', 'a'), '{"server":"https://inner.example/tenant","account":"mia@example.com"}')
  const found = findProject(inner, app, env)
  assert.deepEqual(
    [found?.server, found?.account, found?.directory],
    ['https://inner.example/tenant', 'mia@example.com', join(outer, 'a')],
  )
})

test('a file that names nothing is passed by, and one in the home directory is for that directory only', () => {
  put(directory('work', 'a'), '{"theme":"dark"}')
  put(directory('work'), '{"server":"https://outer.example"}')
  assert.equal(serverFrom(directory('work', 'a')), 'https://outer.example')
  put(home, '{"server":"https://home.example"}')
  assert.equal(serverFrom(directory('elsewhere')), undefined)
  assert.equal(serverFrom(home), 'https://home.example')
})

const strange: [string, (path: string) => void, RegExp][] = [
  ['no JSON', (path) => writeFileSync(path, '{"server":'), /does not hold a JSON object/],
  ['a list', (path) => writeFileSync(path, '[]'), /does not hold a JSON object/],
  [
    'a server that is no address',
    (path) => writeFileSync(path, '{"server":"acme"}'),
    /"server" is not the address/,
  ],
  [
    'another scheme',
    (path) => writeFileSync(path, '{"server":"file:///etc/passwd"}'),
    /"server" is not the addr/,
  ],
  [
    'a password',
    (path) => writeFileSync(path, '{"server":"https://a:b@x.example"}'),
    /"server" is not the addr/,
  ],
  [
    'a query',
    (path) => writeFileSync(path, '{"server":"https://x.example/?a=b"}'),
    /"server" is not the address/,
  ],
  ['a server of another type', (path) => writeFileSync(path, '{"server":5}'), /"server" is not the address/],
  ['control characters', (path) => writeFileSync(path, '{"account":"a\\u001b[2J"}'), /"account" is neither/],
  ['too much', (path) => writeFileSync(path, `{"x":"${'y'.repeat(70_000)}"}`), /is too large/],
  ['a directory', (path) => mkdirSync(path), /could not be read|is not a plain file/],
  ['a link', (path) => symlinkSync('/etc/hostname', path), /is a symbolic link/],
]
for (const [name, arrange, message] of strange)
  test(`a project file with ${name} is named and not used, and nothing else is used instead`, () => {
    put(directory('work'), '{"server":"https://outer.example"}')
    const inner = directory('work', 'a')
    mkdirSync(join(inner, '.acme'))
    arrange(projectFile(inner, app))
    assert.throws(
      () => findProject(inner, app, env),
      (error) =>
        error instanceof ProjectError && error.code === 'project_unusable' && message.test(error.message),
    )
  })

test('writing keeps the members of others, and removing takes only ours', () => {
  const here = directory('work')
  put(here, '{"theme":"dark","server":"https://old.example","account":"old"}')
  const path = writeProject(here, { server: 'https://new.example', account: undefined }, app, system)
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { server: 'https://new.example', theme: 'dark' })
  assert.equal(removeProject(here, app, system), path)
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { theme: 'dark' })
  assert.equal(removeProject(here, app, system), undefined)
})

test('the file has the shape of .osa/config.json, and goes away whole', () => {
  const here = directory('work')
  const path = writeProject(here, { server: 'https://x.example', account: undefined }, app, system)
  assert.equal(readFileSync(path, 'utf8'), '{\n  "server": "https://x.example"\n}\n')
  assert.equal(readProject(here, app)?.server, 'https://x.example')
  removeProject(here, app, system)
  assert.ok(!existsSync(join(here, '.acme')))
})

test('nothing is written through links that a checkout brings, or over what is no JSON', () => {
  const outside = directory('outside')
  const choice = { server: 'https://x.example', account: undefined }
  const linked = directory('linked')
  symlinkSync(outside, join(linked, '.acme'))
  assert.throws(() => writeProject(linked, choice, app, system), /symbolic link/)
  assert.ok(!existsSync(join(outside, 'config.json')))
  const file = directory('file')
  mkdirSync(join(file, '.acme'))
  symlinkSync(join(outside, 'target'), projectFile(file, app))
  assert.throws(() => writeProject(file, choice, app, system), /symbolic link/)
  assert.ok(lstatSync(projectFile(file, app)).isSymbolicLink() && !existsSync(join(outside, 'target')))
  const broken = put(directory('broken'), 'server: yaml')
  assert.throws(() => writeProject(directory('broken'), choice, app, system), /JSON object/)
  assert.equal(readFileSync(broken, 'utf8'), 'server: yaml')
})
