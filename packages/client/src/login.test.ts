// The sign-in of a program in three lines: its commands without any parser, its `fetch`, and what is said in CI. With
// parsers: adapters/*.test.ts; on a terminal and with a real server: test/cli-authors.test.ts.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { login } from './login.ts'
import { type Ended, runFile, testAdapter } from './testing/adapter-suite.ts'
import { json, type ScriptedServer, startScriptedServer } from './testing/scripted-server.ts'

testAdapter({
  name: 'no parser',
  flagInHelp: /--device-name <name> {3}/,
  files: (auth) => ({ 'main.mjs': `${auth}\nprocess.exitCode = await auth.commands()` }),
})

const PROGRAM = `import { login } from ${JSON.stringify(new URL('./login.ts', import.meta.url).href)}
const auth = login({ clientId: 'acme-cli', appName: 'Acme' })
const [name, url] = process.argv.slice(2)
try {
  if (name === 'fetch') console.log(await (await auth.fetch(url)).text())
  else if (name === 'where') console.log(auth.resolveServer().detail)
  else process.exitCode = await auth.commands()
} catch (error) {
  process.exitCode = await auth.report(error)
}`

describe('a program with commands of its own', () => {
  let home = ''
  let server: ScriptedServer
  beforeEach(async () => {
    server = await startScriptedServer()
    server.on('/me', (request, response) => {
      response.end(String(request.headers.authorization))
    })
    home = mkdtempSync(join(tmpdir(), 'countersign-login-'))
    writeFileSync(join(home, 'main.mjs'), PROGRAM)
  })
  afterEach(async () => {
    await server.close()
    rmSync(home, { recursive: true, force: true })
  })
  const run = (args: string[], more: Record<string, string> = {}): Promise<Ended> =>
    runFile(join(home, 'main.mjs'), args, home, { ACME_SERVER: server.issuer, ...more })
  const me = (): string => `${server.issuer}/me`

  test('fetch carries the token of the stored sign-in, and the one in the environment before it', async () => {
    assert.equal((await run(['login', '--device'])).code, 0)
    assert.deepEqual(await run(['fetch', me()]), { code: 0, stdout: 'Bearer ACCESS-canary-1\n', stderr: '' })
    assert.equal((await run(['fetch', me()], { ACME_TOKEN: 'given' })).stdout, 'Bearer given\n')
  })

  test('CL-07 a token from the environment does not follow a redirect to another origin', async () => {
    const elsewhere = await startScriptedServer()
    try {
      elsewhere.on('/there', (request, response) => {
        response.end(String(request.headers.authorization))
      })
      server.on('/me', (_request, response) => {
        response.writeHead(302, { location: `${elsewhere.issuer}/there` }).end()
      })
      assert.equal((await run(['fetch', me()], { ACME_TOKEN: 'given' })).stdout, 'undefined\n')
    } finally {
      await elsewhere.close()
    }
  })

  test('CL-19 in CI, without a token, a command ends at once with what to set, and asks no network', async () => {
    const { code, stdout, stderr } = await run(['fetch', me()], { GITHUB_ACTIONS: 'true' })
    assert.deepEqual([code, stdout], [4, ''])
    assert.match(stderr, /✗ Not signed in, and this is CI \(GITHUB_ACTIONS\)\. Use one of:\n {6}ACME_TOKEN /)
    assert.equal(server.received.length, 0)
  })

  test('elsewhere through a pipe it says what to run', async () => {
    const { code, stderr } = await run(['fetch', me()])
    assert.deepEqual([code, stderr], [4, '  ✗ Not signed in. Run: acme login\n'])
  })

  test('a project file moves neither requests nor a given token to a server that was never used', async () => {
    mkdirSync(join(home, '.acme'))
    writeFileSync(join(home, '.acme', 'config.json'), '{"server":"https://evil.example"}')
    const more = { ACME_SERVER: '', ACME_TOKEN: 'given' }
    for (const args of [['fetch', me()], ['where']]) {
      const { code, stderr } = await run(args, more)
      assert.deepEqual([code, /evil\.example, which was never used/.test(stderr)], [4, true], args[0])
    }
    assert.equal(server.received.length, 0)
  })

  test('mistakes in the call are told with exit code 2, as JSON where that was asked for', async () => {
    const wrong = await run(['logni'])
    assert.deepEqual(wrong, {
      code: 2,
      stdout: '',
      stderr: "  ✗ Unknown command 'logni'. Did you mean login?\n",
    })
    const inJson = await run(['login', '--nope', '--json'])
    assert.deepEqual([inJson.code, JSON.parse(inJson.stdout).code], [2, 'usage'])
    assert.equal((await run([])).code, 0)
  })

  test('a server that refuses the token is asked once more, with a new one', async () => {
    assert.equal((await run(['login', '--device'])).code, 0)
    const refusal = { 'www-authenticate': 'Bearer error="invalid_token"' }
    server.script('/me', [json(401, {}, refusal), (_request, response) => void response.end('in')])
    assert.equal((await run(['fetch', me()])).stdout, 'in\n')
  })
})

test('what cannot be the name of a command is refused when the program starts', () => {
  assert.throws(() => login({ clientId: 'x', appName: '!!!' }), TypeError)
})
