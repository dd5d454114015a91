// Names of strangers asked from a real name server on loopback: what it says, nothing at all, and where it leads (CIM-08, G-27).

import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { createGuardedFetch } from './fetch-guard.ts'
import { createResolveName } from './resolve-name.ts'
import { startJsonServer } from './testing/json-server.ts'
import { type NameServer, startNameServer } from './testing/name-server.ts'

const open: { close(): Promise<void> }[] = []
after(() => Promise.all(open.map((server) => server.close())))

async function serve(names: Readonly<Record<string, readonly string[]>> = {}): Promise<NameServer> {
  const server = await startNameServer(names)
  open.push(server)
  return server
}

const never = new AbortController().signal

test('CIM-08 a name has the addresses of both families', async () => {
  const { address } = await serve({
    'client.example': ['9.9.9.9', '2606:4700::1111'],
    'four.example': ['1.1.1.1'],
  })
  const resolve = createResolveName([address])
  assert.deepEqual(await resolve('client.example', never), [
    { address: '9.9.9.9', family: 4 },
    { address: '2606:4700::1111', family: 6 },
  ])
  assert.deepEqual(await resolve('four.example', never), [{ address: '1.1.1.1', family: 4 }])
})

test('CIM-08 whatever family leads inside, nobody is called', async () => {
  const web = await startJsonServer()
  open.push(web)
  const names = {
    'four.example': ['127.0.0.1'],
    'six.example': ['::1'],
    'mixed.example': ['9.9.9.9', 'fd00::1'],
    'mapped.example': ['::ffff:7f00:1'],
    'none.example': [],
  }
  const { address } = await serve(names)
  const guarded = createGuardedFetch({ development: false, resolve: createResolveName([address]) })
  for (const name of Object.keys(names)) {
    const why = name === 'none.example' ? 'unresolvable' : 'address_forbidden'
    assert.deepEqual(await guarded(`https://${name}:${web.port}/x`), { ok: false, why }, name)
  }
  assert.deepEqual(web.asked, [])
})

test('G-27 a name server that never answers holds no thread', async () => {
  const silent = await serve()
  const guarded = createGuardedFetch({ development: false, resolve: createResolveName([silent.address]) })
  const asked = silent.next()
  const fetches = Array.from({ length: 8 }, (_, i) =>
    guarded(`https://slow-${i}.example/x`, { milliseconds: 200 }),
  )
  await asked
  const busy = process.getActiveResourcesInfo()
  assert.ok(!busy.some((name) => /getaddrinfo/i.test(name)), busy.join())
  for (const fetched of await Promise.all(fetches)) assert.deepEqual(fetched, { ok: false, why: 'timeout' })
})

test('G-27 it is not asked again when the time is over', async () => {
  const silent = await serve()
  const controller = new AbortController()
  const resolving = createResolveName([silent.address])('slow.example', controller.signal)
  while (silent.asked.length < 2) await silent.next()
  const asked = silent.next().then(() => 'asked again')
  controller.abort()
  assert.deepEqual(await Promise.race([resolving, asked]), [])
  assert.deepEqual(silent.asked.toSorted(), ['A slow.example', 'AAAA slow.example'])
})

test('CIM-08 names of this machine are asked of nobody', async () => {
  const { address, asked } = await serve()
  const resolve = createResolveName([address])
  for (const name of ['localhost', 'LOCALHOST.', 'a.localhost'])
    assert.deepEqual(
      (await resolve(name, never)).map((one) => one.address),
      ['127.0.0.1', '::1'],
      name,
    )
  assert.deepEqual(asked, [])
  const strict = createGuardedFetch({ development: false, resolve })
  assert.deepEqual(await strict('https://localhost/x'), { ok: false, why: 'address_forbidden' })
})
