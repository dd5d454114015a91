// `countersign serve` with providers of connections: what is loaded and made where they are configured, and nowhere else. That people
// can connect accounts with it is the workspace's test/journey/connections.test.ts.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { freshEnvironment, runProgram, tellingLoads } from '../testing/run-program.ts'
import { endServers, serveProgram } from '../testing/serve-program.ts'

let data: string
let env: Record<string, string>
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'countersign-data-'))
  env = freshEnvironment()
})
afterEach(endServers)

const configured = (connections: readonly object[]) => {
  const config = join(data, 'config.json')
  writeFileSync(config, JSON.stringify({ connections }))
  return { ...env, COUNTERSIGN_CONFIG: config }
}

test('with a provider there is a database of connections for its owner alone, and a page that wants somebody signed in', async () => {
  const { child, line, ended } = await serveProgram(data, configured([{ kind: 'github', clientId: 'x' }]))
  if (process.platform !== 'win32') assert.equal(statSync(join(data, 'connections.db')).mode & 0o777, 0o600)
  const page = await fetch(`${line.issuer}/account/connections`, { redirect: 'manual' })
  assert.equal(page.headers.get('location'), '/login')
  child.kill('SIGTERM')
  assert.equal((await ended).code, 0)
})

test('without providers there is neither, and the broker is not even loaded', async () => {
  const { child, line, ended } = await serveProgram(data, { ...env, ...tellingLoads(data) })
  assert.ok(!existsSync(join(data, 'connections.db')))
  assert.equal((await fetch(`${line.issuer}/account/connections`)).status, 404)
  child.kill('SIGTERM')
  const { code, stderr } = await ended
  assert.equal(code, 0)
  assert.match(stderr, /packages\/server/)
  assert.doesNotMatch(stderr, /packages\/broker|oauth4webapi/)
})

const mistakes: [object[], RegExp][] = [
  [
    [{ kind: 'github', clientId: 'x', issuer: 'https://github.corp.example' }],
    /✗ The setting connections is wrong: A provider of the kind "github" has no issuer/,
  ],
  [
    [{ kind: 'gitea', clientId: 'x' }],
    /✗ The setting connections \(COUNTERSIGN_CONNECTIONS\) is wrong: at 0\.kind/,
  ],
  [
    [{ kind: 'github', clientId: 'x', clientSecret: { env: 'NOT_THERE' } }],
    /✗ The setting connections is wrong: the clientSecret of github is not in the variable NOT_THERE/,
  ],
  [
    [
      { kind: 'entra', clientId: 'x' },
      { kind: 'github', id: 'microsoft', clientId: 'x' },
    ],
    /✗ The setting connections is wrong: Two providers are called microsoft/,
  ],
]
for (const [connections, message] of mistakes)
  test(`a server whose connections cannot be does not start: ${message.source.slice(2, 60)}`, async () => {
    const { code, stdout, stderr } = await runProgram(['serve', '--data', data], configured(connections))
    assert.equal(code, 2, stderr)
    assert.equal(stdout, '')
    assert.match(stderr, message)
    assert.equal(stderr.trim().split('\n').length, 1)
  })
