// docker with a sign-in at our server: the exact exchanges of its credential helpers, its configuration, and docker itself where the
// machine has it (its client needs no daemon to ask a registry).

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, afterEach, before, test } from 'node:test'
import { type Ran, run as runAsync } from '../support/run-tool.ts'
import { has, listen, openSignedInHome, type SignedInHome, tokenIn } from './signed-in-home.ts'

let home: SignedInHome

before(async () => {
  home = await openSignedInHome()
  await home.signIn()
})
after(() => home.close())
afterEach(() => home.fresh())

test('docker helper: the exchanges of its protocol, errors on stdout as docker reads them', async () => {
  await home.install('docker', '--host', 'https://images.acme.test')
  const shim = join(home.path(), '.local', 'bin', 'docker-credential-countersign')
  assert.equal(statSync(shim).mode & 0o777, 0o755)
  const value = await home.token()
  for (const asked of ['images.acme.test', 'https://images.acme.test', 'https://images.acme.test/v2/\n']) {
    const got = await ask(shim, 'get', asked)
    assert.deepEqual(JSON.parse(got.stdout), { ServerURL: asked.trim(), Username: 'oauth2', Secret: value })
  }
  for (const asked of [
    'evil.test',
    'images.acme.test.evil.test',
    'http://images.acme.test',
    'https://images.acme.test:444',
    '',
  ])
    assert.deepEqual(await talk(shim, 'get', asked), [1, 'credentials not found in native keychain\n'], asked)
  assert.deepEqual(await talk(shim, 'list', ''), [0, '{"images.acme.test":"oauth2"}\n'])
  assert.deepEqual(await talk(shim, 'erase', 'images.acme.test'), [0, ''])
  const stored = await ask(
    shim,
    'store',
    '{"ServerURL":"images.acme.test","Username":"mia","Secret":"SECRET-canary"}',
  )
  assert.equal(stored.code, 1)
  assert.doesNotMatch(stored.stdout + stored.stderr, /canary/)
  assert.equal(await home.token(), value)
})

const ask = (program: string, word: string, input: string): Promise<Ran> =>
  runAsync(program, [word], { ...home.env(), HOME: home.path() }, input)
const talk = async (program: string, word: string, input: string): Promise<[number | null, string]> => {
  const { code, stdout } = await ask(program, word, input)
  return [code, stdout]
}

test('docker helper: an identity token where the registry wants one', async () => {
  await home.install('docker', '--host', 'https://images.acme.test', '--username', '<token>')
  const got = await home.run(['helper', 'docker', 'get'], 'images.acme.test')
  assert.equal(JSON.parse(got.stdout).Username, '<token>')
})

test("docker's configuration keeps what it holds, its form, its mode and the link that it lies behind", async () => {
  const real = join(home.path(), 'dotfiles.json')
  const text =
    '{\n    "auths": {},\n    "credsStore": "pass",\n    "credHelpers": {\n        "gcr.example": "gcloud"\n    },\n    "new": [1]\n}\n'
  writeFileSync(real, text, { mode: 0o640 })
  mkdirSync(join(home.path(), '.docker'))
  symlinkSync(real, join(home.path(), '.docker', 'config.json'))
  await home.install('docker', '--host', 'https://images.acme.test')
  const changed = text
    .replace('"gcloud"\n', '"gcloud",\n        "images.acme.test": "countersign"\n')
    .replace('"auths": {}', '"auths": {}')
  assert.equal(readFileSync(real, 'utf8'), changed.replace('[1]', '[\n        1\n    ]'))
  assert.equal(statSync(real).mode & 0o777, 0o640)
  const foreign = await home.run(['helper', 'install', 'docker', '--host', 'https://gcr.example'])
  assert.equal(foreign.code, 1)
  assert.match(foreign.stderr, /docker asks another helper for gcr\.example \(gcloud\); that stays/)
  await home.install('docker', '--remove')
  assert.deepEqual(JSON.parse(readFileSync(real, 'utf8')), JSON.parse(text))
  assert.equal(existsSync(join(home.path(), '.local', 'bin', 'docker-credential-countersign')), false)
})

test('a configuration that is not understood is left as it is', async () => {
  mkdirSync(join(home.path(), '.docker'))
  for (const text of ['not json', '[]', '{"credHelpers": []}']) {
    writeFileSync(join(home.path(), '.docker', 'config.json'), text)
    const { code, stderr } = await home.run([
      'helper',
      'install',
      'docker',
      '--host',
      'https://images.acme.test',
    ])
    assert.equal(code, 1)
    assert.match(stderr, /nothing was changed/)
    assert.equal(readFileSync(join(home.path(), '.docker', 'config.json'), 'utf8'), text)
    assert.equal((await home.run(['helper', 'docker', 'list'])).stdout, '{}\n', 'nothing was promised either')
  }
})

test('the docker program itself gets its token from the helper', {
  skip: has('docker') ? false : 'no docker here',
}, async (context) => {
  const seen: string[] = []
  const registry = createServer((request, response) => {
    const given = tokenIn(request)
    seen.push(given ?? 'none')
    if (given === undefined)
      return response.writeHead(401, { 'www-authenticate': 'Basic realm="images"' }).end()
    const digest = `sha256:${createHash('sha256').update(LIST).digest('hex')}`
    return response.writeHead(200, { 'content-type': LIST_TYPE, 'docker-content-digest': digest }).end(LIST)
  })
  const site = await listen(registry)
  context.after(() => site.close())
  const { host } = site
  await home.install('docker', '--host', `http://${host}`)
  const inspected = await home.tool('docker', ['manifest', 'inspect', '--insecure', `${host}/notes:latest`])
  // What docker makes of such an image is not our matter.
  assert.ok(seen.includes(await home.token()), inspected.stdout + inspected.stderr)
})

const LIST_TYPE = 'application/vnd.docker.distribution.manifest.list.v2+json'
const LIST = JSON.stringify({ schemaVersion: 2, mediaType: LIST_TYPE, manifests: [] })
