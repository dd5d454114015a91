// The commands on resources, on a database without a server.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { freshEnvironment, runProgram } from '../testing/run-program.ts'

const data = mkdtempSync(join(tmpdir(), 'countersign-resources-'))
after(() => rmSync(data, { recursive: true, force: true }))
const env = freshEnvironment()
const run = (...args: string[]) => runProgram(['resources', ...args, '--data', data], env)

const uri = 'https://files.example/mcp'

test('RI-01 a resource is added with what its scopes mean, listed and removed', async () => {
  const added = await run(
    ...['add', uri, '--name', 'Files', '--scope', 'files:read=read your files', '--open', '--json'],
    ...[
      '--scope',
      'files:write=change your files',
      '--risk',
      'files:write=it can delete files',
      '--optional',
      'files:write',
    ],
    ...['--token-format', 'opaque', '--token-seconds', '120'],
  )
  assert.deepEqual([added.code, added.stderr], [0, ''])
  const { created_at, ...rest } = JSON.parse(added.stdout) as Record<string, unknown>
  assert.match(String(created_at), /^\d{4}-/)
  assert.deepEqual(rest, {
    id: uri,
    name: 'Files',
    open_to_all: true,
    access_token_format: 'opaque',
    access_token_seconds: 120,
    scopes: [
      { scope: 'files:read', words: 'read your files', risk: null, optional: false },
      { scope: 'files:write', words: 'change your files', risk: 'it can delete files', optional: true },
    ],
  })
  assert.match(
    (await run('list')).stdout,
    /^URI .*\nhttps:\/\/files\.example\/mcp +Files +yes +files:read files:write\n$/,
  )
  assert.deepEqual(JSON.parse((await run('list', '--json')).stdout), [JSON.parse(added.stdout)])
  assert.match((await run('add', uri, '--name', 'Again')).stderr, /exists already/)
  assert.equal((await run('remove', uri)).stderr, `  ✓ Removed ${uri}.\n`)
  assert.equal((await run('list')).stdout, 'No resources yet.\n')
})

const refused: [string[], number, RegExp][] = [
  [['add', 'files', '--name', 'F'], 2, /id: an absolute URI without a fragment/],
  [['add', `${uri}#x`, '--name', 'F'], 2, /id: an absolute URI/],
  [['add', uri], 2, /Required option '--name <name>'/],
  [['add', uri, '--name', 'F', '--scope', 'files:read'], 2, /--scope takes SCOPE=WORDS/],
  [['add', uri, '--name', 'F', '--risk', 'a=b'], 2, /--scope a=… is missing/],
  [['add', uri, '--name', 'F', '--scope', 'openid=know you'], 2, /is taken/],
  [['remove', uri], 1, /There is no resource/],
]
for (const [args, exit, message] of refused)
  test(`countersign resources ${args.join(' ')} exits ${exit} and says why`, async () => {
    const { code, stdout, stderr } = await run(...args)
    assert.deepEqual([code, stdout], [exit, ''])
    assert.match(stderr, message)
  })
