// One approval, both ends: somebody connects an account at a real provider in a browser, signs a terminal in, and the terminal has a
// token of that account which the provider takes. The parts by themselves: packages/server/src/endpoints/token-connection.test.ts and
// packages/client/src/connection-token.test.ts.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Page } from 'playwright-core'
import {
  type ConnectionsWorld,
  listed,
  openThere,
  startCode,
  startConnectionsWorld,
} from '../journey/connections-world.ts'
import { answerCodeThere } from '../support/connection-upstream.ts'
import { decide, enterCode } from '../support/decide-in-browser.ts'
import { type Exit, runProgram } from '../support/process.ts'

let world: ConnectionsWorld
let page: Page
const home = mkdtempSync(join(tmpdir(), 'countersign-both-ends-'))
before(async () => {
  world = await startConnectionsWorld()
  page = await world.open('mia')
})
after(async () => {
  await world.close()
  rmSync(home, { recursive: true, force: true })
})

const scope = 'countersign:connection:corp'
const run = (args: string[]): Promise<Exit> =>
  runProgram(args, { home, env: { COUNTERSIGN_SERVER: world.issuer, COUNTERSIGN_STORE: 'file' } })
const token = (...more: string[]) => run(['token', '--connection', 'corp', ...more])

async function signIn(scopes: string): Promise<string> {
  const begun = JSON.parse((await run(['login', '--no-wait', '--json', '--scope', scopes])).stdout)
  await enterCode(page, { link: begun.verification_uri, code: begun.user_code })
  const words = (await page.locator('main').textContent()) ?? ''
  await decide(page, 'allow')
  const done = await run(['login', '--resume', begun.flow, '--wait', '20', '--json'])
  assert.equal(done.code, 0, done.stdout + done.stderr)
  return words
}

test('TX-06 off unless an administrator allows it: the scope is not to be had, and no token without it', async () => {
  const refused = await run(['login', '--no-wait', '--json', '--scope', `openid ${scope}`])
  assert.notEqual(refused.code, 8)
  assert.match(refused.stdout, /more than this client may have/)
  await signIn('openid')
  const answer = await token()
  assert.equal(answer.code, 7, answer.stderr)
  assert.match(answer.stderr, /Refused by the server: /)
  assert.equal(answer.stdout, '')
})

test('a terminal login brings the connection along, and the provider takes its token', async () => {
  const allowed = await runProgram([
    ...['clients', 'update', 'countersign-cli', '--connection', 'corp', '--data', world.server.data],
  ])
  assert.equal(allowed.code, 0, allowed.stderr)

  // A server that runs hears of it within a second (docs/operating.md).
  let early = await token()
  for (let tries = 0; early.code === 7 && tries < 20; tries++) early = await token()
  assert.equal(early.code, 4, early.stderr)
  assert.match(early.stderr, /countersign login --scope "openid countersign:connection:corp"/)
  const words = await signIn(`openid ${scope}`)
  assert.match(words, /use the Corp account that you connected here/)
  assert.match(words, /this can act there in your name/)

  const without = await token()
  assert.equal(without.code, 4)
  assert.match(
    without.stderr,
    new RegExp(`No account of this provider is connected. Open: ${world.issuer}/account/connections\n`),
  )

  const { code } = await startCode(page, 'Corp')
  const there = await openThere(page, 'Corp')
  await answerCodeThere(there, code, 'mia')
  await page
    .getByText(/is connected/)
    .first()
    .waitFor()
  assert.match(await listed(page), /Corp/)

  const given = await token()
  assert.equal(given.code, 0, given.stderr)
  assert.ok(await world.upstream.isLive(given.stdout.trim()))
  const { access_token, expires_at, ...rest } = JSON.parse((await token('--json')).stdout)
  assert.equal(access_token, given.stdout.trim())
  assert.ok(Number(expires_at) > 0)
  assert.deepEqual(rest, { connection: 'corp', scope: 'openid profile offline_access' })
})

test('TX-03 a scope that the provider has not given needs the person; an unknown provider is no secret', async () => {
  const more = await token('--scope', 'repo')
  assert.equal(more.code, 4)
  assert.match(more.stderr, /must be connected again with more permissions. Open: /)
  const unknown = await run(['token', '--connection', 'nowhere'])
  assert.equal(unknown.code, 7)
  assert.match(unknown.stderr, /may not have tokens of nowhere accounts/)
})

test('TX-06 an empty variable of a script is not taken for no provider: the token of the server goes nowhere', async () => {
  const { code, stdout, stderr } = await run(['token', '--connection', ''])
  assert.equal(code, 2)
  assert.equal(stdout, '')
  assert.match(stderr, /--connection takes the id of a provider/)
})

test('what was given is in the audit log, and the token is in no log', async () => {
  const list = await runProgram(['audit', 'list', '--json', '--data', world.server.data])
  assert.equal(list.stdout.split('"connection.token_given"').length - 1, 2)
  for (const value of world.upstream.secrets.get('access_token') ?? []) {
    assert.ok(!list.stdout.includes(value))
    assert.ok(!(world.server.program.stdout() + world.server.program.stderr()).includes(value))
  }
})

test('a sign-in that has ended brings no token any more', async () => {
  assert.equal((await run(['logout'])).code, 0)
  assert.equal((await token()).code, 4)
})
