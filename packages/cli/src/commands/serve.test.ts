// `countersign serve` as a process: the ready line, what people are told, the orderly end, and settings that
// cannot be used. The server itself is tested in its own package, signing in to it in test/journey.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freshEnvironment, runProgram } from '../testing/run-program.ts'
import { endServers, serveProgram } from '../testing/serve-program.ts'

let data: string
let env: Record<string, string>
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'countersign-data-'))
  env = freshEnvironment()
})
afterEach(endServers)

test('serve --json says on its first line that it is ready, answers, and SIGTERM ends it with 0', async () => {
  const { child, line, ended } = await serveProgram(data, env)
  assert.equal(line.event, 'ready')
  assert.equal(line.pid, child.pid)
  const metadata = await fetch(`${line.issuer}/.well-known/oauth-authorization-server`)
  assert.equal((await metadata.json()).issuer, line.issuer)
  child.kill('SIGTERM')
  assert.equal((await ended).code, 0)
})

test('LP-12 a held poll is answered before the server ends', async () => {
  const { child, line, ended } = await serveProgram(data, env)
  const form = (members: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(members) })
  const client_id = 'countersign-cli'
  const asked = await fetch(`${line.issuer}/oauth/device/authorize`, form({ client_id, scope: 'openid' }))
  const { device_code } = await asked.json()
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const poll = fetch(`${line.issuer}/oauth/token`, {
    ...form({ client_id, grant_type, device_code }),
    headers: { prefer: 'wait=25' },
  })
  // Long enough for the poll to be held; were it not, it would be answered all the same.
  await new Promise((resolve) => setTimeout(resolve, 300))
  child.kill('SIGTERM')
  assert.equal((await (await poll).json()).error, 'authorization_pending')
  assert.equal((await ended).code, 0)
})

test('a signal that comes twice at once, to the group and passed on by npm, counts once', async () => {
  const { child, ended } = await serveProgram(data, env)
  child.kill('SIGINT')
  child.kill('SIGTERM')
  assert.equal((await ended).code, 0)
})

// Each of them costs megabytes that an idle server never gives back.
test('a server that only answers programs has loaded no page, no JSON Web Token library and no fetch', async () => {
  const before = await serveProgram(data, env)
  // The first start makes keys, and that takes the library.
  before.child.kill('SIGTERM')
  await before.ended
  const told = join(data, 'told.mjs')
  writeFileSync(
    told,
    `import { registerHooks } from 'node:module'
     const files = []
     registerHooks({ resolve: (name, context, next) => {
       const found = next(name, context)
       files.push(found.url)
       return found
     } })
     process.on('exit', () => process.stderr.write([...files, ...process.moduleLoadList].join('\\n')))`,
  )
  const { child, line, ended } = await serveProgram(data, { ...env, NODE_OPTIONS: `--import=${told}` })
  assert.equal((await fetch(`${line.issuer}/.well-known/oauth-authorization-server`)).status, 200)
  child.kill('SIGTERM')
  const { stderr } = await ended
  assert.match(stderr, /endpoints\/token\.ts[\s\S]*NativeModule _http_server/)
  assert.doesNotMatch(stderr, /page-routes\.ts|node_modules\/(?:jose|openid-client)\/|undici/)
})

test('people are told where it serves, how to make the account, and the command to type next', async () => {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url))
  const args = [main, 'serve', '--port', '0', '--data', data]
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let stdout = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  const told = await new Promise<string>((resolve) => {
    let stderr = ''
    child.stderr.on('data', (chunk) => {
      stderr += chunk
      if (stderr.includes(' login')) resolve(stderr)
    })
  })
  const issuer = /Countersign serves (http:\/\/localhost:\d+)\n/.exec(told)?.[1]
  assert.ok(issuer)
  assert.ok(
    told.includes(`
  First start. Create your account here (the link works once):
  ${issuer}/setup/`),
  )
  assert.match(
    told,
    /\n {2}Then, in another terminal in this directory:\n {2}npx countersign login --server http/,
  )
  child.kill('SIGINT')
  assert.equal(await new Promise((resolve) => child.on('close', resolve)), 0)
  assert.equal(stdout, '')
})

const mistakes: [string[], RegExp][] = [
  [['--port', '99999'], /✗ --port 99999 is no port/],
  [['--port', 'http'], /✗ --port http is no port/],
  [['--issuer', 'http://login.example'], /✗ The setting issuer \(COUNTERSIGN_ISSUER\) is wrong: plain http/],
  [['--database-url', 'mysql://x'], /✗ The setting databaseUrl \(COUNTERSIGN_DATABASE_URL\) is wrong/],
  [['--config', 'no-such-file.json'], /✗ The config file no-such-file\.json cannot be read/],
]
for (const [args, message] of mistakes)
  test(`serve ${args.join(' ')} does not start: one clear line, exit 2`, async () => {
    const { code, stdout, stderr } = await runProgram(['serve', '--data', data, ...args], env)
    assert.equal(code, 2)
    assert.equal(stdout, '')
    assert.match(stderr, message)
    assert.equal(stderr.trim().split('\n').length, 1)
  })

test('a wrong setting in a variable or the config file is named as well', async () => {
  const inVariable = await runProgram(['serve', '--data', data], {
    ...env,
    COUNTERSIGN_DEVICE_CODE_SECONDS: '5',
  })
  assert.equal(inVariable.code, 2)
  assert.match(inVariable.stderr, /deviceCodeSeconds \(COUNTERSIGN_DEVICE_CODE_SECONDS\)/)
  const config = join(data, 'countersign.config.json')
  writeFileSync(config, '{"colour":"red"}')
  const inFile = await runProgram(['serve', '--data', data, '--config', config], env)
  assert.equal(inFile.code, 2)
  assert.match(inFile.stderr, /✗ There is no setting named colour\./)
})

test('a port that is taken is a wrong setting, not a crash', async () => {
  const { line } = await serveProgram(data, env)
  const port = new URL(String(line.issuer)).port
  const second = mkdtempSync(join(tmpdir(), 'countersign-data-'))
  const { code, stderr } = await runProgram(['serve', '--data', second, '--port', port], env)
  assert.equal(code, 2)
  assert.match(stderr, /✗ The settings host and port cannot be used: .*EADDRINUSE/)
})
