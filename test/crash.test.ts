// The server is killed with SIGKILL at random moments under sign-ins, refreshes and revocations, and started again on the
// same data. Whatever it acknowledged holds afterwards, and nothing was redeemed twice. SQLite a hundred times, in FULL;
// PostgreSQL, which itself stays up, fewer.

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore, type Store } from '@countersign/server'
import { insist, type Ledger, type Load, pause, startLoad } from './support/chaos-load.ts'
import { freePort } from './support/free-port.ts'
import { seeded } from './support/hostile-requests.ts'
import { addClient, addMia, forgetTries, mia, openPerson } from './support/person.ts'
import { startPostgres } from './support/postgres.ts'
import { startServer } from './support/process.ts'

const secret = 'crash-secret-crash-secret-crash-secret'
const authorization = `Basic ${Buffer.from(`crash-api:${secret}`).toString('base64')}`

async function survive(
  kills: number,
  where: { data: string; databaseUrl?: string; longestLife: number },
  store: () => Promise<Store>,
) {
  // SEED repeats the choices, though not the moments.
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31))
  console.log(`# seed ${seed}`)
  const random = seeded(seed)
  const port = await freePort()
  const issuer = `http://localhost:${port}`
  const env = {
    COUNTERSIGN_LOG_LEVEL: 'silent',
    COUNTERSIGN_RATE_CREATE_PER_ADDRESS: '100000',
    NODE_COMPILE_CACHE: join(where.data, 'compiled'),
  }
  const { longestLife, ...place } = where
  const start = () => startServer({ ...place, env, args: ['--port', `${port}`] })
  const database = where.databaseUrl === undefined ? [] : ['--database-url', where.databaseUrl]
  let server = await start()
  const opened = await store()
  let load: Load | undefined
  try {
    await addMia('--data', where.data, ...database)
    await addClient('crash-api', secret, '--first-party', '--data', where.data, ...database)
    load = await startLoad(issuer, 6, random)
    // A slow machine gets less done in a life, so it is given more of them.
    for (let kill = 0; kill < kills || (kill < 3 * kills && !isEnough(load.ledger)); kill++) {
      await pause(20 + random() * longestLife)
      await server.program.kill('SIGKILL')
      server = await start()
      // A right user code costs no try, unless the server dies while it looks.
      await forgetTries(opened)
    }
    await load.stop()
    await check(issuer, load.ledger)
    await checkStore(opened, load.ledger)
  } finally {
    await load?.stop().catch(() => {})
    await opened.close()
    await server.stop()
  }
  return load.ledger
}

/** From outside: every acknowledged state, asked for once more. */
async function check(issuer: string, ledger: Ledger): Promise<void> {
  assert.deepEqual(ledger.violations, [])
  const isActive = async (token: string) =>
    (await insist(`${issuer}/oauth/introspect`, { token }, { authorization })).body.active
  for (const chain of ledger.chains) {
    const live = chain.state === 'live'
    assert.equal(await isActive(chain.accessToken), live, `access token of a ${chain.state} grant`)
    const token = { client_id: 'countersign-cli', refresh_token: chain.refreshToken }
    const refreshed = await insist(`${issuer}/oauth/token`, { ...token, grant_type: 'refresh_token' })
    assert.equal(refreshed.status, live ? 200 : 400, `refresh token of a ${chain.state} grant`)
    const again = await insist(`${issuer}/oauth/token`, {
      client_id: 'countersign-cli',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: chain.deviceCode,
    })
    assert.equal(again.body.error, 'invalid_grant', 'a code that was redeemed')
  }
  await openPerson(() => issuer).signIn(mia)
}

/** From inside: as many grants as redeemed codes, each code with a grant of its own. */
async function checkStore(store: Store, ledger: Ledger): Promise<void> {
  const grants = new Set((await everything((after) => store.list('grant', after))).map(({ id }) => id))
  const codes = await everything((after) => store.list('deviceAuthorization', after))
  const redeemed = codes.filter(({ status }) => status === 'redeemed').map(({ grantId }) => grantId)
  assert.equal(new Set(redeemed).size, redeemed.length)
  assert.deepEqual(new Set(redeemed), grants)
  assert.equal(redeemed.length, ledger.chains.length + ledger.lostAnswers)
}

async function everything<R extends { id: string }>(
  page: (after: string) => Promise<readonly R[]>,
): Promise<R[]> {
  const all: R[] = []
  for (;;) {
    const next = await page(all.at(-1)?.id ?? '')
    if (next.length === 0) return all
    all.push(...next)
  }
}

test('DT-08 DT-15 RT-03 a server on SQLite is killed a hundred times: nothing acknowledged is lost, nothing redeemed twice', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'countersign-crash-'))
  const path = join(data, 'countersign.db')
  const ledger = await survive(100, { data, longestLife: 250 }, () => openStore({ path }))
  tell(t, ledger)
  rmSync(data, { recursive: true, force: true })
})

test('DT-08 DT-15 RT-03 a server on PostgreSQL is killed twenty times: the same', async (t) => {
  const postgres = await startPostgres()
  const data = mkdtempSync(join(tmpdir(), 'countersign-crash-'))
  try {
    // Few lives, so longer ones: in some of them people must get through the pages, which are loaded when the first is asked for.
    const ledger = await survive(20, { data, databaseUrl: postgres.url, longestLife: 1000 }, () =>
      openStore({ databaseUrl: postgres.url }),
    )
    tell(t, ledger)
  } finally {
    await postgres.stop()
    rmSync(data, { recursive: true, force: true })
  }
})

function revocations({ chains }: Ledger): number {
  return chains.filter(({ state }) => state === 'revoked').length
}

// A run in which nothing was at stake would prove nothing.
function isEnough(ledger: Ledger): boolean {
  return ledger.chains.length > 20 && ledger.refreshes > 20 && revocations(ledger) > 5
}

function tell(t: { diagnostic: (message: string) => void }, ledger: Ledger): void {
  const { chains, lostAnswers, refreshes } = ledger
  const done = `${chains.length} sign-ins, ${refreshes} refreshes, ${revocations(ledger)} revocations`
  t.diagnostic(`${done}, ${lostAnswers} answers lost`)
  assert.ok(isEnough(ledger), done)
}
