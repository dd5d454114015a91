// What docs/connect.md and docs/providers.md tell people to write, written as they would: the examples are taken from the pages, checked
// by the compiler in its strictest way, and the provider of one's own holds the contract.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const root = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'countersign-docs-'))
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
after(() => rmSync(folder, { recursive: true, force: true }))

function examplesOf(page: string, heading: string): string[] {
  const [, after = ''] = readFileSync(join(root, 'docs', page), 'utf8').split(`\n## ${heading}\n`)
  const [section = ''] = after.split('\n## ')
  return [...section.matchAll(/```ts\n(.*?)```/gs)].map(([, code = '']) => code)
}

function run(program: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], {
    cwd: folder,
    encoding: 'utf8',
    // A test runner inside of this one would report to it.
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  })
  assert.equal(status, 0, stdout + stderr)
}

function compile(...files: string[]): void {
  const strict = ['--strict', '--noEmit', '--allowImportingTsExtensions', '--skipLibCheck']
  const modern = ['--module', 'nodenext', '--target', 'es2024', '--types', 'node', '--ignoreConfig']
  run(join(root, 'node_modules/typescript/bin/tsc'), ...strict, ...modern, ...files)
}

test('S3 3.4 a provider of one’s own is a file below 60 lines, and holds the contract of all providers', () => {
  const [provider = '', contract = ''] = examplesOf('providers.md', 'Add one')
  assert.ok(provider.split('\n').length < 60)
  writeFileSync(join(folder, 'gitea.ts'), provider)
  writeFileSync(join(folder, 'gitea.test.ts'), `import { gitea } from './gitea.ts'\n${contract}`)
  compile('gitea.ts', 'gitea.test.ts')
  run('--test', 'gitea.test.ts')
})

test('an application as docs/connect.md writes it is accepted by the compiler', () => {
  const [setup = '', elsewhere = '', call = ''] = examplesOf('connect.md', 'Three minutes')
  const around = `
    import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
    import express from 'express'
    import { Hono } from 'hono'
    declare function sessionOf(request: Request): { userId: string; id: string } | undefined
    declare function yourPages(request: IncomingMessage, response: ServerResponse): void
    declare const userId: string`
  const server = setup.replace('app.use', 'express().use')
  const others = elsewhere.replace('app.use', 'new Hono().use')
  writeFileSync(join(folder, 'app.ts'), [around, server, others, call].join('\n'))
  compile('app.ts')
})
