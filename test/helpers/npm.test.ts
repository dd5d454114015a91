// npm with a sign-in at our server: one line of configuration that holds nothing secret, and npm itself under `exec`.
// npm has no protocol for helpers.

import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { listen, openSignedInHome, type SignedInHome, tokenIn } from './signed-in-home.ts'

let home: SignedInHome

before(async () => {
  home = await openSignedInHome()
  await home.signIn()
})
after(() => home.close())
afterEach(() => home.fresh())

test('npm gets its token through a variable: nothing secret is in its configuration, and other lines stay', async () => {
  const path = join(home.path(), '.npmrc')
  const text = '; mine\n//npm.other.test/:_authToken=THEIRS\nfund=false'
  writeFileSync(path, text)
  const { stderr } = await home.install('npm', '--host', 'https://npm.acme.test/team/')
  assert.match(stderr, /countersign exec --env COUNTERSIGN_NPM_TOKEN -- npm install/)
  const line = '//npm.acme.test/team/:_authToken=$' + '{COUNTERSIGN_NPM_TOKEN}\n'
  assert.equal(readFileSync(path, 'utf8'), `${text}\n${line}`)
  await home.install('npm', '--host', 'https://npm.acme.test/team/')
  assert.equal(readFileSync(path, 'utf8'), `${text}\n${line}`)
  const foreign = await home.run(['helper', 'install', 'npm', '--host', 'https://npm.other.test'])
  assert.equal(foreign.code, 1)
  assert.doesNotMatch(foreign.stdout + foreign.stderr, /THEIRS/)
  await home.install('npm', '--remove')
  assert.equal(readFileSync(path, 'utf8'), `${text}\n`)
})

test('npm itself sends the token of exec to that registry', async (context) => {
  const seen: string[] = []
  const registry = createServer((request, response) => {
    seen.push(tokenIn(request) ?? 'none')
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"username":"mia"}')
  })
  const site = await listen(registry)
  context.after(() => site.close())
  const url = `http://${site.host}/`
  await home.install('npm', '--host', url)
  const args = ['exec', '--env', 'COUNTERSIGN_NPM_TOKEN', '--', 'npm', 'whoami', '--registry', url]
  const { code, stdout, stderr } = await home.run(args)
  assert.deepEqual([code, stdout.trim()], [0, 'mia'], stderr)
  assert.ok(seen.length > 0)
  for (const given of seen) assert.match(given, /^[\w.-]{20,}$/)
})
