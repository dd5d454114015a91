// The commands on programs beyond adding and listing (admin.test.ts): everything that can be said of one, changing it, and a new
// secret beside the old one; as a script would call them, on a database without a server.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { freshEnvironment, runProgram } from '../testing/run-program.ts'

const data = mkdtempSync(join(tmpdir(), 'countersign-clients-'))
after(() => rmSync(data, { recursive: true, force: true }))
const env = freshEnvironment()

const run = (args: string[], input = '') => runProgram([...args, '--data', data], env, { input })
async function json<T = Record<string, unknown>>(args: string[], input = ''): Promise<T> {
  const { code, stdout, stderr } = await run([...args, '--json'], input)
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  return JSON.parse(stdout)
}

test('CA-01 RU-08 every flag of clients add says what it is for', async () => {
  const added = await json([
    ...['clients', 'add', 'web', '--name', 'Web', '--publisher', 'Web Ltd', '--type', 'web'],
    ...['--redirect-uri', 'https://web.example/a', '--redirect-uri', 'https://web.example/b'],
    ...[
      '--post-logout-uri',
      'https://web.example/bye',
      '--scope',
      'openid',
      '--resource',
      'https://api.example',
    ],
    ...['--grant', 'authorization_code', '--grant', 'client_credentials', '--grant', 'token-exchange'],
    ...['--grant', 'jwt-bearer', '--grant', 'device_code', '--first-party', '--skip-consent', '--par-only'],
    ...['--dpop-only', '--introspects-all', '--token-format', 'opaque', '--token-seconds', '300'],
    ...['--token-alg', 'EdDSA', '--refresh-idle-seconds', '3600', '--refresh-absolute-seconds', '7200'],
    ...['--id-token-alg', 'ES256', '--introspection-alg', 'ES256', '--userinfo-alg', 'RS256'],
    ...['--exchange-audience', 'https://api.example', '--exchange-foreign'],
    ...['--device-network-policy', 'refuse'],
    ...[
      '--home',
      'https://web.example/',
      '--terms',
      'https://web.example/t',
      '--privacy',
      'https://web.example/p',
    ],
  ])
  const { secret, created_at, ...said } = added
  assert.match(String(secret), /^[\w-]{43}$/)
  assert.match(String(created_at), /^\d{4}-/)
  const urn = (name: string) => `urn:ietf:params:oauth:grant-type:${name}`
  assert.deepEqual(said, {
    id: 'web',
    name: 'Web',
    publisher: 'Web Ltd',
    source: 'admin',
    application_type: 'web',
    public: false,
    first_party: true,
    skips_consent: true,
    authentication: ['basic', 'post'],
    credentials: [{ ends_at: null }],
    jwks: null,
    jwks_uri: null,
    grant_types: [
      'authorization_code',
      'client_credentials',
      urn('token-exchange'),
      urn('jwt-bearer'),
      urn('device_code'),
    ],
    scopes: ['openid'],
    resources: ['https://api.example'],
    redirect_uris: ['https://web.example/a', 'https://web.example/b'],
    post_logout_redirect_uris: ['https://web.example/bye'],
    pages: { home: 'https://web.example/', terms: 'https://web.example/t', privacy: 'https://web.example/p' },
    requires_par: true,
    requires_dpop: true,
    device_network_policy: 'refuse',
    access_token_format: 'opaque',
    access_token_seconds: 300,
    access_token_alg: 'EdDSA',
    refresh_idle_seconds: 3600,
    refresh_absolute_seconds: 7200,
    id_token_alg: 'ES256',
    introspection_alg: 'ES256',
    userinfo_alg: 'RS256',
    introspects_all: true,
    exchange: { audiences: ['https://api.example'], foreign_tokens: true },
    expires_at: null,
  })
})

test('CA-10 a program with keys has no secret; the keys come from a file or an address', async () => {
  const file = join(data, 'jwks.json')
  const keys = [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: '1' }]
  writeFileSync(file, JSON.stringify({ keys }))
  const added = await json([
    'clients',
    'add',
    'robot',
    '--name',
    'Robot',
    '--jwks',
    file,
    '--grant',
    'client_credentials',
  ])
  assert.ok(!('secret' in added))
  assert.deepEqual(added.authentication, ['private_key_jwt'])
  assert.deepEqual(added.jwks, { keys })
  const moved = await json(['clients', 'update', 'robot', '--jwks-uri', 'https://robot.example/jwks'])
  assert.deepEqual([moved.jwks, moved.jwks_uri], [null, 'https://robot.example/jwks'])
})

test('clients update changes what is mentioned and nothing else', async () => {
  const before = await json([
    'clients',
    'add',
    'app',
    '--name',
    'App',
    '--public',
    '--first-party',
    '--par-only',
  ])
  const changed = await json([
    'clients',
    'update',
    'app',
    '--name',
    'New',
    '--no-first-party',
    '--no-par-only',
    '--publisher',
    'P',
  ])
  assert.deepEqual(changed, {
    ...before,
    name: 'New',
    first_party: false,
    requires_par: false,
    publisher: 'P',
  })
  const told = await run(['clients', 'update', 'app', '--no-publisher'])
  assert.deepEqual([told.code, told.stdout, told.stderr], [0, '', '  ✓ Changed app.\n'])
  assert.deepEqual(await json(['clients', 'show', 'app']), { ...changed, publisher: null })
  assert.match((await run(['clients', 'show', 'app'])).stdout, /\npublisher +-\n/)
})

test('CA-17 a secret is rotated with an overlap, or at once', async () => {
  const { secret: first } = await json(['clients', 'add', 'api', '--name', 'Api'])
  const second = await json<{ secret: string; credentials: { ends_at: string | null }[] }>([
    'clients',
    'rotate-secret',
    'api',
  ])
  assert.match(second.secret, /^[\w-]{43}$/)
  assert.notEqual(second.secret, first)
  assert.deepEqual([second.credentials.length, second.credentials[0]], [2, { ends_at: null }])
  assert.match(String(second.credentials[1]?.ends_at), /^\d{4}-/)
  const told = await run(['clients', 'rotate-secret', 'api', '--overlap', '0'])
  assert.match(told.stdout, /^[\w-]{43}\n$/)
  assert.match(told.stderr, /api has a new secret; the one before is gone\./)
  const own = 'a-secret-of-more-than-thirty-two-characters'
  const piped = await run(['clients', 'rotate-secret', 'api', '--secret-stdin'], own)
  assert.deepEqual([piped.code, piped.stdout], [0, ''])
  assert.match(piped.stderr, /good until \d{4}-\d\d-\d\d \d\d:\d\dZ\./)
})

test('REG-10 a registration token is made, shown once, listed and revoked', async () => {
  const made = await run(['clients', 'registration-token', 'create', '--name', 'Partner', '--uses', '3'])
  assert.match(made.stdout, /^csi_[\w-]{43}\n$/)
  assert.match(made.stderr, /Made [0-9a-f]{12} for 3 programs, until \d{4}-/)
  const listed = await json<{ id: string; name: string; uses_left: number }[]>([
    'clients',
    'registration-token',
    'list',
  ])
  assert.deepEqual(
    listed.map(({ name, uses_left }) => [name, uses_left]),
    [['Partner', 3]],
  )
  assert.doesNotMatch(JSON.stringify(listed), /csi_/)
  const id = listed[0]?.id ?? ''
  assert.deepEqual(await json(['clients', 'registration-token', 'revoke', id]), { revoked: id })
  assert.equal((await run(['clients', 'registration-token', 'list'])).stdout, 'No registration tokens.\n')
})

const refused: [string[], number, RegExp][] = [
  [
    ['clients', 'add', 'x', '--name', 'X', '--grant', 'authorization_code'],
    2,
    /redirectUris: the authorization code grant needs one/,
  ],
  [
    ['clients', 'add', 'x', '--name', 'X', '--redirect-uri', 'http://x.example/'],
    2,
    /redirectUris: http:\/\/x\.example\/ cannot/,
  ],
  [['clients', 'add', 'x', '--name', 'X', '--public', '--grant', 'client_credentials'], 2, /public client/],
  [
    ['clients', 'add', 'x', '--name', 'X', '--jwks', '/nonexistent'],
    2,
    /--jwks: \/nonexistent cannot be read/,
  ],
  [
    ['clients', 'add', 'x', '--name', 'X', '--token-seconds', 'soon'],
    2,
    /--token-seconds: soon is not a whole number/,
  ],
  [['clients', 'add', 'x', '--name', 'X', '--id-token-alg', 'none'], 2, /idTokenAlg/],
  [['clients', 'update', 'countersign-cli'], 2, /Say what is to be changed/],
  [['clients', 'update', 'nothing', '--name', 'X'], 1, /There is no client nothing/],
  [['clients', 'rotate-secret', 'web', '--overlap', '9999999'], 2, /overlapSeconds/],
  [['clients', 'registration-token', 'revoke', 'nothing'], 1, /There is no registration token nothing/],
]
for (const [args, exit, message] of refused)
  test(`countersign ${args.join(' ')} exits ${exit} and says why`, async () => {
    const { code, stdout, stderr } = await run(args)
    assert.deepEqual([code, stdout], [exit, ''])
    assert.match(stderr, message)
  })
