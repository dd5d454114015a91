// `serve` and the administration commands against the real server on an embedded database: the ready line,
// the orderly end, adding and listing through pipes. Signing in is main.test.ts and the journey.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Finished, freshEnvironment, runProgram } from './testing/run-program.ts'

const main = fileURLToPath(new URL('./main.ts', import.meta.url))
const running = new Set<ChildProcess>()
let data: string
let env: Record<string, string>
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'countersign-data-'))
  env = freshEnvironment()
})
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

function run(args: string[], input = ''): Promise<Finished> {
  return runProgram([...args, '--data', data], env, { input })
}

type Served = { child: ChildProcess; line: Record<string, unknown>; ended: Promise<number | null> }

async function serve(...more: string[]): Promise<Served> {
  const args = [main, 'serve', '--json', '--port', '0', '--data', data, ...more]
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  running.add(child)
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  let out = ''
  const first = new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      out += chunk
      if (out.includes('\n')) resolve(out.split('\n')[0] ?? '')
    })
    void ended.then((code) => reject(new Error(`serve ended with ${code}`)))
  })
  return { child, line: JSON.parse(await first), ended }
}

test('serve --json says on its first line that it is ready, answers, and SIGTERM ends it with 0', async () => {
  const { child, line, ended } = await serve()
  assert.equal(line.event, 'ready')
  assert.equal(line.pid, child.pid)
  const metadata = await fetch(`${line.issuer}/.well-known/oauth-authorization-server`)
  assert.equal((await metadata.json()).issuer, line.issuer)
  child.kill('SIGTERM')
  assert.equal(await ended, 0)
})

test('an account is added through a pipe, listed, disabled and enabled, beside a running server', async () => {
  await serve()
  const added = await run(
    ['users', 'add', 'mia@example.com', '--name', 'Mia', '--admin', '--password-stdin', '--json'],
    'correct horse battery staple\n',
  )
  assert.equal(added.stderr, '')
  assert.equal(JSON.parse(added.stdout).email, 'mia@example.com')
  assert.doesNotMatch(added.stdout, /horse/)
  const [account] = JSON.parse((await run(['users', 'list', '--json'])).stdout)
  assert.equal(account.email, 'mia@example.com')
  assert.equal((await run(['users', 'disable', 'mia@example.com'])).code, 0)
  assert.equal(JSON.parse((await run(['users', 'list', '--json'])).stdout)[0].disabled, true)
  assert.equal((await run(['users', 'enable', 'mia@example.com'])).code, 0)
  assert.match((await run(['users', 'list'])).stdout, /^EMAIL +NAME +ADMIN/)
  const again = await run(
    ['users', 'add', 'mia@example.com', '--password-stdin'],
    'correct horse battery staple',
  )
  assert.equal(again.code, 1)
  assert.match(again.stderr, /^ {2}✗ /)
})

test('programs are added, shown, listed and removed; the first-party one is there from the start', async () => {
  await serve()
  const args = [
    'clients',
    'add',
    'acme',
    '--name',
    'Acme',
    '--public',
    '--scope',
    'openid',
    '--scope',
    'email',
  ]
  assert.equal((await run(args)).code, 0)
  const clients = JSON.parse((await run(['clients', 'list', '--json'])).stdout)
  assert.deepEqual(clients.map(({ id }: { id: string }) => id).sort(), ['acme', 'countersign-cli'])
  assert.deepEqual(JSON.parse((await run(['clients', 'show', 'acme', '--json'])).stdout).scopes, [
    'openid',
    'email',
  ])
  assert.equal((await run(['clients', 'remove', 'acme'])).code, 0)
  assert.equal((await run(['clients', 'show', 'acme'])).code, 1)
})

test('keys are rotated, grants listed', async () => {
  await serve()
  const before = JSON.parse((await run(['keys', 'list', '--json'])).stdout)
  assert.equal((await run(['keys', 'rotate'])).code, 0)
  assert.ok(JSON.parse((await run(['keys', 'list', '--json'])).stdout).length > before.length)
  assert.deepEqual(JSON.parse((await run(['grants', 'list', '--json'])).stdout), [])
  assert.equal((await run(['grants', 'revoke', 'no-such-grant'])).code, 1)
})

const mistakes: [string[], string, RegExp][] = [
  [['users', 'add', 'a@example.com'], '', /--password-stdin is needed/],
  [['users', 'add', 'a@example.com', '--password-stdin'], '', /nothing came through the pipe/],
  [['clients', 'add', 'x', '--name', 'X', '--public', '--secret-stdin'], 's', /exclude each other/],
  [['serve', '--port', '99999'], '', /--port 99999 is no port/],
  [['serve', '--port', 'http'], '', /--port http is no port/],
]
for (const [args, input, message] of mistakes)
  test(`countersign ${args.join(' ')} exits 2 and says why`, async () => {
    const result = await run(args, input)
    assert.equal(result.code, 2)
    assert.match(result.stderr, message)
  })
