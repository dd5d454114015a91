// Secrets stay where they belong: a whole journey with known secrets, and then a search for each of them in the logs,
// the addresses, the pages, the process list and the database. What may be shown is said where it is left out.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openStore } from '@countersign/client/credentials'
import type { Browser } from 'playwright-core'
import { addPerson, person } from './support/approve-in-store.ts'
import { launchChromium } from './support/chromium.ts'
import { decide, goToQuestion } from './support/decide-in-browser.ts'
import { expireSignIn } from './support/expire.ts'
import { type ForwardingProxy, startForwardingProxy } from './support/forwarding-proxy.ts'
import { type Exit, type RunningServer, runProgram, startProgram, startServer } from './support/process.ts'

const random = () => randomBytes(15).toString('base64url')
const mia = { ...person, password: `canary-password-${random()}` }
const wrongPassword = `canary-wrong-${random()}`
const clientSecret = `canary-client-secret-${randomBytes(24).toString('hex')}`
const madeUpToken = `canary-made-up-${random()}`

let proxy: ForwardingProxy
let server: RunningServer
let browser: Browser
let home: string
let env: Record<string, string>
let shown: { user_code: string; verification_uri: string }
const said: Exit[] = []
const addresses: string[] = []
const commandLines = new Set<string>()
/** By name, so that a failure says which secret it was without printing it. */
const secrets: [name: string, value: string][] = []
let filesWhileRunning: Buffer
let filesAfterwards: Buffer

before(async () => {
  proxy = await startForwardingProxy()
  home = mkdtempSync(join(tmpdir(), 'countersign-canary-'))
  env = { COUNTERSIGN_CONFIG_DIR: join(home, 'config'), COUNTERSIGN_DEBUG: '1' }
  const args = ['--issuer', proxy.url, '--port', String(proxy.port)]
  const data = join(home, 'data')
  server = await startServer({ data, args, env: { COUNTERSIGN_LOG_LEVEL: 'info' } })
  const watching = setInterval(noteCommandLines, 25)
  try {
    await journey()
    collectSecrets()
    filesWhileRunning = databaseBytes()
    await server.stop()
    filesAfterwards = databaseBytes()
  } finally {
    clearInterval(watching)
  }
})
after(async () => {
  await browser?.close()
  await server?.program.kill('SIGKILL')
  await proxy?.close()
  rmSync(home, { recursive: true, force: true })
})

async function journey(): Promise<void> {
  await addPerson(server.data, mia)
  const add = [
    'clients',
    'add',
    'api',
    '--name',
    'Api',
    '--first-party',
    '--secret-stdin',
    '--data',
    server.data,
  ]
  await run(add, clientSecret)
  browser = await launchChromium()
  const signedIn = await signIn()
  assert.equal(signedIn.code, 0, signedIn.stderr)
  const token = await runProgram(['token'], { env })
  await useToken(token.stdout.trim())
  await refresh()
  await run(['status', '--json'])
  // The administrator ends it, and the program finds out: the refusals are logged, too.
  const [grant] = JSON.parse((await run(['grants', 'list', '--json', '--data', server.data])).stdout)
  await run(['grants', 'revoke', grant.id, '--data', server.data])
  assert.equal((await refresh()).code, 4)
  assert.equal((await signIn()).code, 0)
  await run(['logout'])
}

/** What is printed is kept for the search; `token` prints a token on purpose and is run past this. */
async function run(args: string[], input = ''): Promise<Exit> {
  const exit = await runProgram(args, { env, input })
  said.push(exit)
  return exit
}

async function signIn(): Promise<Exit> {
  const login = startProgram(['login', '--json', '--device', '--server', proxy.url], { env })
  while (!/"event":"waiting"/.test(login.stderr())) await new Promise((resolve) => setTimeout(resolve, 20))
  shown = JSON.parse(login.stderr().split('\n')[0] ?? '{}')
  // The user code is shown on purpose, on the terminal and on the pages where it is typed and compared.
  secrets.push(['user code', shown.user_code], ['user code, as typed', shown.user_code.replace('-', '')])
  const context = await browser.newContext()
  const page = await context.newPage()
  page.on('request', (request) => addresses.push(request.url()))
  await page.goto(`${proxy.url}/login`)
  await page.getByLabel('E-mail address').fill(mia.email)
  await page.getByLabel('Password').fill(wrongPassword)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.getByText('do not match an account').waitFor()
  await goToQuestion(page, { link: shown.verification_uri, code: shown.user_code }, mia)
  await decide(page, 'allow')
  await page.waitForURL('**/device/connected')
  const exit = await login.exit
  said.push({ ...exit, stderr: exit.stderr.split('\n').slice(1).join('\n') })
  await page.goto(`${proxy.url}/account`)
  for (const { name, value } of await context.cookies()) secrets.push([`cookie ${name}`, value])
  await context.close()
  return exit
}

/** The access token has ended; the program renews it, or is refused. */
async function refresh(): Promise<Exit> {
  expireSignIn(openStore({ env }))
  const exit = await runProgram(['token'], { env })
  said.push({ ...exit, stdout: '' })
  return exit
}

async function useToken(token: string): Promise<void> {
  const ask = (path: string, headers: Record<string, string>, form?: Record<string, string>) =>
    fetch(proxy.url + path, form ? { method: 'POST', headers, body: new URLSearchParams(form) } : { headers })
  const basic = { authorization: `Basic ${Buffer.from(`api:${clientSecret}`).toString('base64')}` }
  assert.equal((await ask('/oauth/userinfo', { authorization: `Bearer ${token}` })).status, 200)
  assert.equal((await ask('/oauth/userinfo', { authorization: `Bearer ${madeUpToken}` })).status, 401)
  const active = await ask('/oauth/introspect', basic, { token })
  assert.equal((await active.json()).active, true)
  await ask('/oauth/introspect', { authorization: `Basic ${btoa(`api:${madeUpToken}`)}` }, { token })
  const guess = { grant_type: 'refresh_token', refresh_token: madeUpToken, client_id: 'countersign-cli' }
  assert.equal((await ask('/oauth/token', {}, guess)).status, 400)
}

function collectSecrets(): void {
  const given = { 'the password': mia.password, 'a wrong password': wrongPassword }
  const more = { 'a client secret': clientSecret, 'a made-up token': madeUpToken }
  secrets.push(...Object.entries({ ...given, ...more }))
  secrets.push(['the master key', readFileSync(join(server.data, 'master.key'), 'utf8').trim()])
  const { setup_url } = JSON.parse(server.program.stdout().split('\n')[0] ?? '{}')
  secrets.push(['the setup link', String(setup_url).split('/setup/')[1] ?? ''])
  for (const { url, answer, answerHeaders } of proxy.passed) {
    for (const line of answerHeaders?.['set-cookie'] ?? []) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/)
      if (value !== '') secrets.push([`cookie ${name}`, value])
    }
    if (!url.startsWith('/oauth/') || !answer?.startsWith('{')) continue
    const members: Record<string, unknown> = JSON.parse(answer)
    for (const name of ['device_code', 'access_token', 'refresh_token', 'id_token']) {
      const value = members[name]
      if (typeof value === 'string') secrets.push([name, value])
    }
  }
}

function noteCommandLines(): void {
  for (const path of globSync('/proc/[0-9]*/{cmdline,comm}')) {
    try {
      commandLines.add(readFileSync(path, 'latin1'))
    } catch {
      // It ended meanwhile.
    }
  }
}

/** Everything of the database, with what is still in its log; the key that it is sealed under lies in a file beside it. */
function databaseBytes(): Buffer {
  const files = globSync('**/*', { cwd: server.data }).filter((name) => name !== 'master.key')
  assert.ok(files.includes('countersign.db'))
  return Buffer.concat(files.map((name) => readFileSync(join(server.data, name))))
}

/** Names of the secrets that a text holds; the tail of a long one counts, for what was cut is half told. */
function found(text: string | Buffer, but: RegExp = /^$/): string[] {
  const searched = typeof text === 'string' ? text : text.toString('latin1')
  const holds = (value: string) =>
    searched.includes(value) || (value.length > 48 && searched.includes(value.slice(-24)))
  return [
    ...new Set(secrets.filter(([name, value]) => !but.test(name) && holds(value)).map(([name]) => name)),
  ]
}

describe('the secrets of a whole journey', () => {
  test('there were secrets of every kind, so that no search passes for want of them', () => {
    const names = new Set(secrets.map(([name]) => name.replace(/ countersign.*/, '')))
    const expected = [
      'device_code',
      'access_token',
      'refresh_token',
      'id_token',
      'cookie',
      'user code',
      'the master key',
    ]
    for (const name of expected) assert.ok(names.has(name), name)
    assert.ok(secrets.every(([, value]) => value.length >= 8))
    assert.deepEqual(found(`x${mia.password}y`), ['the password'])
  })

  test('G-20 F-10 are in no log of the server', () => {
    const { stderr } = server.program
    for (const event of ['signed in', 'sign-in refused', 'request allowed'])
      assert.match(stderr(), new RegExp(event))
    assert.deepEqual(found(stderr()), [])
    // The setup link is printed for the person who starts the server: on the ready line, and nowhere else.
    assert.deepEqual(found(server.program.stdout(), /^the setup link/), [])
  })

  test('CL-17 DC-08 are in nothing that the program says, even when it is told to say more', () => {
    assert.ok(said.some(({ stderr }) => /ended by the server/.test(stderr)))
    for (const { stdout, stderr } of said) assert.deepEqual(found(stdout + stderr), [])
  })

  test('CL-17 DV-19 are in no address that was asked for', () => {
    const all = [...addresses, ...proxy.passed.map(({ url }) => url)]
    assert.ok(all.some((url) => url.endsWith('/device/approve')))
    for (const url of all) assert.deepEqual(found(decodeURIComponent(url)), [], url.split('?')[0])
    for (const { headers } of proxy.passed) assert.deepEqual(found(headers.referer ?? ''), [])
  })

  test('G-20 are in no page, but for the user code where it is typed and compared', () => {
    const pages = proxy.passed.filter(({ answerHeaders }) =>
      /html/.test(answerHeaders?.['content-type'] ?? ''),
    )
    const paths = new Set(pages.map(({ url }) => url))
    for (const path of ['/login', '/device', '/device/approve', '/device/connected', '/account'])
      assert.ok(paths.has(path), path)
    for (const { url, answer } of pages) {
      const meant = ['/login', '/device', '/device/approve'].includes(url) ? /^user code/ : undefined
      assert.deepEqual(found(answer ?? '', meant), [], url)
    }
  })

  test('CL-17 are in no command line or title of a process', () => {
    const all = [...commandLines].join('\n')
    if (process.platform === 'linux') assert.match(all, /main\.ts\0login\0--json/)
    assert.deepEqual(found(all), [])
  })

  test('G-13 are not in the database in clear, neither while it is written nor afterwards', () => {
    for (const bytes of [filesWhileRunning, filesAfterwards]) {
      assert.ok(bytes.includes(mia.email))
      assert.deepEqual(found(bytes), [])
      // The secret half of a signing key (RFC 7518 §6.2.2).
      assert.doesNotMatch(bytes.toString('latin1'), /"d":"|PRIVATE KEY/)
    }
  })
})
