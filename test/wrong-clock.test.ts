// A machine whose clock is a day wrong, either way, against a server whose clock is right: signing in, using, renewing,
// looking and signing out work, and the clock's being set right in between does no harm.
// Freshness by itself is tested in packages/client/src/credentials.test.ts.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { openStore } from '@countersign/client/credentials'
import { addPerson, person, signInProgram } from './support/approve-in-store.ts'
import { expireSignIn } from './support/expire.ts'
import { type Exit, type RunningServer, runProgram, startServer } from './support/process.ts'

let server: RunningServer
let home: string

before(async () => {
  server = await startServer()
  await addPerson(server.data)
})
after(() => server.stop())
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'countersign-clock-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

function clockWrongBy(seconds: number): Record<string, string> {
  const module = pathToFileURL(join(import.meta.dirname, 'support', 'shift-clock.ts')).href
  return {
    COUNTERSIGN_CONFIG_DIR: home,
    NODE_OPTIONS: `--import=${module}`,
    SHIFT_CLOCK_SECONDS: String(seconds),
  }
}

async function works(token: Exit): Promise<void> {
  assert.equal(token.code, 0, token.stderr)
  const headers = { authorization: `Bearer ${token.stdout.trim()}` }
  const answer = await fetch(`${server.issuer}/oauth/userinfo`, { headers })
  assert.equal((await answer.json()).email, person.email)
}

/** The sign-in as it is an hour later, by whatever clock it was written. */
function expire(): string {
  return expireSignIn(openStore({ env: { COUNTERSIGN_CONFIG_DIR: home } })).accessToken
}

const day = 86_400
for (const [name, seconds] of [
  ['a day ahead', day],
  ['a day behind', -day],
] as const)
  test(`CL-09 CL-11 with a clock ${name}: login, token, renewal, status and logout work`, async () => {
    const env = clockWrongBy(seconds)
    await signInProgram(server.issuer, server.data, env)
    const first = await runProgram(['token'], { env })
    await works(first)
    assert.equal((await runProgram(['token'], { env })).stdout, first.stdout)
    const status = await runProgram(['status'], { env })
    assert.equal(status.code, 0)
    const way = seconds > 0 ? 'ahead of' : 'behind'
    assert.match(status.stdout, new RegExp(`clock {5}24 h ${way} the server, corrected`))
    const spent = expire()
    const renewed = await runProgram(['token'], { env })
    await works(renewed)
    assert.notEqual(renewed.stdout.trim(), spent)
    assert.equal((await runProgram(['token'], { env })).stdout, renewed.stdout)
    const { stderr } = await runProgram(['logout'], { env })
    assert.match(stderr, /Access was revoked on the server/)
  })

test('CL-09 a clock that is set right after the sign-in costs one renewal at most, and no sign-in', async () => {
  for (const [before, later] of [
    [day, 0],
    [-day, 0],
    [0, day],
    [0, -day],
  ] as const) {
    await signInProgram(server.issuer, server.data, clockWrongBy(before))
    const env = clockWrongBy(later)
    const token = await runProgram(['token'], { env })
    await works(token)
    assert.equal((await runProgram(['token'], { env })).stdout, token.stdout)
    assert.equal((await runProgram(['status'], { env })).code, 0)
  }
})

test('CL-10 an ended sign-in stays ended whatever the clock says', async () => {
  await signInProgram(server.issuer, server.data, clockWrongBy(0))
  const listed = await runProgram(['grants', 'list', '--json', '--data', server.data])
  const grants: { id: string; revoked_at: unknown }[] = JSON.parse(listed.stdout)
  for (const { id } of grants.filter(({ revoked_at }) => revoked_at === null))
    await runProgram(['grants', 'revoke', id, '--data', server.data])
  expire()
  assert.equal((await runProgram(['token'], { env: clockWrongBy(0) })).code, 4)
  for (const seconds of [-day, day]) {
    const { code, stderr } = await runProgram(['token'], { env: clockWrongBy(seconds) })
    assert.equal(code, 4)
    assert.match(stderr, /✗ The sign-in was ended by the server\. Run: countersign login/)
  }
})
