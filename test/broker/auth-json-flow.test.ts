// A flow whose credential goes into an auth.json: what hermes-agent finds there afterwards, and where "there" is when the person
// has changed to another profile meanwhile. How the file is written is auth-json.test.ts.

import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { authJsonVault, createBroker, memoryStore, type Provider, type Tokens } from '@countersign/broker'
import { system } from '@countersign/client/system'

/** Twenty times as fast as the wall's: much faster, and leases would run out where a busy machine is late by a moment. */
function fastClock(): typeof system {
  const start = system.now()
  const now = (): number => start + (system.now() - start) * 20
  return { ...system, now, monotonic: now, sleep: (seconds, signal) => system.sleep(seconds / 20, signal) }
}

type Entry = Record<string, unknown>

type World = {
  broker: ReturnType<typeof createBroker>
  vault: ReturnType<typeof authJsonVault>
  /** Changing it is changing the person's profile. */
  home: { profile: string; folder: string }
  clock: typeof system
  sent: string[]
  entriesAt: (profile: string) => Entry[]
  connect: (meanwhile?: () => void) => Promise<void>
}

async function withBroker(work: (world: World) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-auth-json-'))
  const clock = fastClock()
  const home = { profile: 'first', folder }
  const vault = authJsonVault({
    path: (person) => join(folder, home.profile, person, 'auth.json'),
    system: clock,
  })
  const said = { approved: false }
  const sent: string[] = []
  const broker = createBroker({
    providers: [codexLike(said, sent)],
    store: memoryStore(),
    key: new Uint8Array(32),
    vault,
    system: clock,
  })
  const entriesAt = (name: string): Entry[] => {
    const text = readFileSync(join(folder, name, 'mia', 'auth.json'), 'utf8')
    const document = JSON.parse(text) as { credential_pool: Record<string, Entry[]> }
    return document.credential_pool['openai-codex'] ?? []
  }
  const connect = async (meanwhile = () => {}): Promise<void> => {
    const owner = { person: 'mia', session: 'a browser' }
    const { id } = await broker.start(owner, { provider: 'openai-codex' })
    meanwhile()
    said.approved = true
    const over = await broker.changed(owner, id, 'pending', { seconds: 600 })
    assert.equal(over.state, 'success')
  }
  try {
    await work({ broker, vault, home, clock, sent, entriesAt, connect })
  } finally {
    await broker.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

function codexLike(said: { approved: boolean }, sent: string[]): Provider {
  return {
    id: 'openai-codex',
    name: 'ChatGPT',
    docs: 'https://provider.example',
    kind: 'code',
    refreshGraceSeconds: 0,
    begin: async () => ({
      type: 'begun',
      shown: {
        kind: 'code',
        userCode: 'ABCD-EFGH',
        verificationUri: 'https://provider.example/device',
        verificationUriComplete: null,
      },
      remembered: {},
      interval: 3,
    }),
    poll: async () =>
      said.approved
        ? { type: 'tokens', tokens: pair(1), account: { id: 'u1', name: 'mia@example.com' } }
        : { type: 'pending' },
    refresh: async (_context, { refreshToken }) => {
      sent.push(refreshToken ?? '')
      return { type: 'tokens', tokens: pair(2) }
    },
  }
}

function pair(n: number | string): Tokens {
  return { accessToken: `access-${n}`, refreshToken: `refresh-${n}`, expiresAt: null, scopes: [] }
}

test('S3-8 S3 3.3 the credential goes into the profile that the flow was started in, as other programs expect it', () =>
  withBroker(async ({ broker, home, entriesAt, connect }) => {
    await connect(() => {
      home.profile = 'second'
    })
    assert.ok(!existsSync(join(home.folder, 'second')))
    const [entry] = entriesAt('first')
    assert.equal(entry?.label, 'Codex OAuth')
    assert.equal(entry?.source, 'manual:device_code')
    assert.equal(entry?.access_token, 'access-1')

    home.profile = 'first'
    const [connection] = await broker.connections('mia')
    assert.equal(connection?.label, 'mia@example.com')
    const token = await broker.token('mia', 'openai-codex', { rejected: 'access-1' })
    assert.equal(token.accessToken, 'access-2')
    const [renewed, ...others] = entriesAt('first')
    assert.equal(others.length, 0)
    assert.equal(renewed?.refresh_token, 'refresh-2')
    await broker.disconnect('mia', connection?.id ?? '')
    assert.deepEqual(entriesAt('first'), [])
  }))

test('S3-6 a refresh token that another program renews under its lock is not sent by us as well', () =>
  withBroker(async ({ broker, vault, sent, connect }) => {
    await connect()
    const place = vault.placeOf('mia')
    // hermes-agent holds the lock from reading the old tokens to writing the new ones.
    const agent = authJsonVault({ path: place })
    const [seen] = await agent.list(place, 'mia')
    assert.ok(seen)
    let token: Promise<{ accessToken: string }> | undefined
    await agent.during?.(place, async () => {
      token = broker.token('mia', 'openai-codex', { rejected: 'access-1' })
      await system.sleep(0.2)
      assert.deepEqual(sent, [])
      assert.equal(await agent.put({ ...seen, tokens: pair('by-agent') }, seen.version), 'stored')
    })
    assert.equal((await token)?.accessToken, 'access-by-agent')
    assert.deepEqual(sent, [])
  }))
