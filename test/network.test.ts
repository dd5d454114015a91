// Proxies and certificate authorities in force in the program itself: a real proxy, a real https server behind an authority that
// only one file knows, and a company's proxy that looks into the connection. What `doctor` says of each of them, too.
// Which proxy is meant is proxy.test.ts of the client.

import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { keyOf, openStore } from '@countersign/client/credentials'
import { codeOf, metadataOf, paths, tokensOf } from '@countersign/client/testing'
import { type Authority, createAuthority } from './support/certificates.ts'
import { type Exit, runProgram } from './support/process.ts'
import { startTunnelProxy, type TunnelProxy } from './support/tunnel-proxy.ts'

const name = 'login.acme.test'
let authority: Authority
let server: Server
let proxy: TunnelProxy
let home = ''
let port = 0
/** What the server says it is; it answers with a page while this is undefined. */
let issuer: string | undefined

before(async () => {
  authority = createAuthority('Snoop & Sons')
  server = createServer(authority.issue(name, '127.0.0.1'), (request, response) => {
    const at = request.url ?? ''
    if (issuer === undefined) {
      response.writeHead(403, { 'content-type': 'text/html' })
      return response.end('<html><head><title>Zscaler</title></head></html>')
    }
    const answers: Record<string, unknown> = {
      [paths.metadata]: metadataOf(issuer),
      [paths.token]: tokensOf('renewed'),
      [paths.device]: codeOf(issuer),
      [paths.userinfo]: { sub: 'acct-1', email: 'mia@example.com' },
    }
    response.writeHead(at in answers ? 200 : 404, { 'content-type': 'application/json' })
    return response.end(JSON.stringify(answers[at] ?? {}))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
})
after(async () => {
  server.closeAllConnections()
  server.close()
  authority.remove()
})
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'countersign-network-'))
  proxy = await startTunnelProxy(port)
  issuer = `https://${name}`
})
afterEach(async () => {
  await proxy.close()
  rmSync(home, { recursive: true, force: true })
})

/** Signed in at this server, with an access token that has ended: `token` has to ask the server. */
function signedInAt(address: string): void {
  const now = Date.now() / 1000
  const store = openStore({ env: { HOME: home }, kind: 'file' })
  const credential = {
    version: 1,
    state: 'live',
    issuer: address,
    clientId: 'countersign-cli',
    account: { id: 'acct-1', email: 'mia@example.com' },
    signedInAt: now,
    accessToken: 'ACCESS-canary-old',
    refreshToken: 'REFRESH-canary-old',
    receivedAt: now - 1000,
    clockOffset: 0,
    expiresAt: now - 400,
  } as const
  store.write(credential)
  store.setCurrent(keyOf(credential))
}

const run = (args: string[], env: Record<string, string> = {}): Promise<Exit> =>
  runProgram(args, { home, env })

type Report = { ok: boolean; checks: { name: string; state: string; detail: string; advice?: string }[] }

async function examine(args: string[], env: Record<string, string> = {}): Promise<[Exit, Report['checks']]> {
  const exit = await run(['doctor', '--json', ...args], env)
  return [exit, (JSON.parse(exit.stdout) as Report).checks]
}

const found = (checks: Report['checks'], which: string) => checks.find((check) => check.name === which)

test('complaint 39: a token is renewed through the proxy of the environment, with the authority of a file', async () => {
  signedInAt(issuer ?? '')
  const { code, stdout, stderr } = await run(['token'], {
    HTTPS_PROXY: proxy.url,
    COUNTERSIGN_CA_FILE: authority.caFile,
  })
  assert.deepEqual([code, stdout, stderr], [0, 'ACCESS-canary-renewed\n', ''])
  assert.ok(
    proxy.asked.length > 0 && proxy.asked.every((line) => line === `CONNECT ${name}:443`),
    proxy.asked.join(),
  )
})

test('complaint 39: --ca-file, SSL_CERT_FILE and NODE_EXTRA_CA_CERTS are each enough', async () => {
  issuer = `https://127.0.0.1:${port}`
  const ways: [string[], Record<string, string>][] = [
    [['--ca-file', authority.caFile], {}],
    [[], { SSL_CERT_FILE: authority.caFile }],
    [[], { NODE_EXTRA_CA_CERTS: authority.caFile }],
  ]
  for (const [flags, env] of ways) {
    signedInAt(issuer)
    const { code, stdout, stderr } = await run(['token', '--server', issuer, ...flags], env)
    assert.deepEqual([code, stdout, stderr], [0, 'ACCESS-canary-renewed\n', ''], JSON.stringify([flags, env]))
  }
})

test('loopback never goes through a proxy, and NO_PROXY exempts other hosts', async () => {
  issuer = `https://127.0.0.1:${port}`
  signedInAt(issuer)
  const env = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, COUNTERSIGN_CA_FILE: authority.caFile }
  assert.equal((await run(['token'], env)).code, 0)
  signedInAt('https://unknown.acme.test')
  const exempt = await run(['token'], { ...env, NO_PROXY: '.acme.test' })
  assert.equal(exempt.code, 6)
  assert.match(exempt.stderr, /Could not reach unknown\.acme\.test \(ENOTFOUND|EAI_AGAIN/)
  assert.deepEqual(proxy.asked, [])
})

test('an interception is named by its issuer, nothing is sent, and the credential stays', async () => {
  signedInAt(issuer ?? '')
  const { code, stdout, stderr } = await run(['token'], { HTTPS_PROXY: proxy.url })
  assert.equal(code, 6)
  assert.equal(stdout, '')
  assert.match(stderr, /login\.acme\.test showed a certificate that is not trusted here/)
  assert.match(stderr, /issued by "Snoop & Sons"/)
  assert.match(stderr, /countersign doctor\n$/)
  const kept = openStore({ env: { HOME: home }, kind: 'file' }).list()
  assert.equal(kept[0]?.state, 'live')
})

test('a web page instead of data is told with its status and title, and the credential stays', async () => {
  signedInAt(issuer ?? '')
  issuer = undefined
  const { code, stderr } = await run(['token'], {
    HTTPS_PROXY: proxy.url,
    COUNTERSIGN_CA_FILE: authority.caFile,
  })
  assert.equal(code, 6)
  assert.equal(
    stderr,
    '  ✗ login.acme.test answered a web page instead of data (status 403, "Zscaler"). A proxy is in the way: countersign doctor\n',
  )
})

test('what is wrong with a proxy or a file is said with who named it, before anything is sent', async () => {
  signedInAt(issuer ?? '')
  const notPem = join(home, 'not.pem')
  const broken = join(home, 'broken.pem')
  writeFileSync(notPem, 'no certificate')
  writeFileSync(broken, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  const table: [Record<string, string>, RegExp][] = [
    [
      { HTTPS_PROXY: 'socks5://127.0.0.1:9' },
      /HTTPS_PROXY names a SOCKS5 proxy; only http and https proxies are supported\./,
    ],
    [{ ALL_PROXY: 'socks5h://127.0.0.1:9' }, /ALL_PROXY names a SOCKS5H proxy/],
    [{ HTTPS_PROXY: 'not an address' }, /HTTPS_PROXY is not the address of a proxy\./],
    [
      { COUNTERSIGN_CA_FILE: '/nowhere.pem' },
      /\/nowhere\.pem \(COUNTERSIGN_CA_FILE\) could not be read \(ENOENT\)\./,
    ],
    [{ COUNTERSIGN_CA_FILE: notPem }, /holds no certificate in PEM form\./],
    [{ COUNTERSIGN_CA_FILE: broken }, /holds a certificate that cannot be read \(number 1\)\./],
  ]
  for (const [env, expected] of table) {
    const { code, stderr } = await run(['token'], env)
    assert.match(stderr, expected)
    assert.equal(code, 2, stderr)
  }
  assert.deepEqual(proxy.asked, [])
})

test('a token that is still good needs no network, and no settings of one are read', async () => {
  signedInAt(issuer ?? '')
  const { code, stdout } = await run(['token'], {
    COUNTERSIGN_TOKEN: 'given',
    COUNTERSIGN_CA_FILE: '/nowhere.pem',
  })
  assert.deepEqual([code, stdout], [0, 'given\n'])
})

test('doctor finds everything in order, through a proxy and with an authority of its own', async () => {
  const env = {
    HTTPS_PROXY: proxy.url.replace('http://', 'http://user:SECRET-canary@'),
    COUNTERSIGN_CA_FILE: authority.caFile,
  }
  const [{ code, stdout }, checks] = await examine(['--server', issuer ?? ''], env)
  assert.equal(code, 0, stdout)
  assert.equal(found(checks, 'proxy')?.detail, `${proxy.url} (HTTPS_PROXY)`)
  assert.equal(found(checks, 'server')?.state, 'ok')
  assert.equal(found(checks, 'certificate')?.state, 'warning')
  assert.match(
    found(checks, 'certificate')?.detail ?? '',
    /issued by "Snoop & Sons", which is trusted here and no public/,
  )
  assert.doesNotMatch(stdout, /canary/)
})

test('doctor names the issuer of a certificate that is not trusted, and ends with 1', async () => {
  const [{ code }, checks] = await examine(['--server', issuer ?? ''], { HTTPS_PROXY: proxy.url })
  assert.equal(code, 1)
  assert.match(
    found(checks, 'certificate')?.detail ?? '',
    /issued by "Snoop & Sons", which is not trusted here/,
  )
  assert.match(found(checks, 'certificate')?.advice ?? '', /--ca-file/)
  assert.match(found(checks, 'server')?.detail ?? '', /not trusted here/)
})

test('doctor works offline: every check ends, and says what to do', async () => {
  const [{ code }, checks] = await examine(['--server', 'https://unknown.acme.test'], {
    HTTPS_PROXY: 'http://127.0.0.1:9',
  })
  assert.equal(code, 1)
  assert.match(found(checks, 'proxy')?.detail ?? '', /does not answer \(ECONNREFUSED\)/)
  assert.equal(found(checks, 'server')?.state, 'wrong')
  assert.equal(found(checks, 'callback')?.state, 'ok')
  assert.equal(found(checks, 'store')?.state, 'ok')
})

test('a report of doctor is safe to paste: no token, no home, and it says which variable wins', async () => {
  const env = {
    COUNTERSIGN_TOKEN: 'TOKEN-canary',
    COUNTERSIGN_SERVER: `https://127.0.0.1:${port}`,
    SSL_CERT_FILE: authority.caFile,
  }
  issuer = env.COUNTERSIGN_SERVER
  const { code, stdout, stderr } = await run(['doctor'], env)
  assert.equal(code, 0, stdout + stderr)
  assert.match(stdout, / {2}✓ clock {8}agrees with the server\n/)
  assert.match(stdout, / {2}! variables {4}COUNTERSIGN_TOKEN, COUNTERSIGN_SERVER set; COUNTERSIGN_TOKEN wins/)
  assert.match(stdout, / {2}✓ store {8}files in ~\/\.config\/countersign\/credentials \(0700\)/)
  assert.ok(!(stdout + stderr).includes('canary') && !stdout.includes(home))
})

test('doctor says what is wrong with the issuer, the project and the store, each for itself', async () => {
  issuer = 'https://somebody-else.acme.test'
  mkdirIn(home, '.countersign', 'config.json', '{"server": 5}')
  writeFileSync(join(home, '.config'), 'a file where a directory should be')
  const [{ code }, checks] = await examine([
    '--server',
    `https://127.0.0.1:${port}`,
    '--ca-file',
    authority.caFile,
  ])
  assert.equal(code, 1)
  const wrong = checks.filter(({ state }) => state === 'wrong').map((check) => check.name)
  assert.deepEqual(wrong.sort(), ['project', 'server', 'store'])
  assert.match(found(checks, 'server')?.detail ?? '', /says that it is somebody else/)
})

function mkdirIn(folder: string, name: string, file: string, text: string): void {
  mkdirSync(join(folder, name), { recursive: true })
  writeFileSync(join(folder, name, file), text)
}
