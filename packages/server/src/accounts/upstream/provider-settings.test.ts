import assert from 'node:assert/strict'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { loadConfig } from '../../config.ts'

const corp = { id: 'corp', name: 'Corp', issuer: 'https://login.corp.example', clientId: 'us' }

const load = (identityProviders: unknown, env = {}) =>
  loadConfig({ options: { identityProviders }, env, file: undefined })

test('a provider needs little, and the rest has safe defaults', async () => {
  const { identityProviders, passwords } = await load([corp])
  assert.deepEqual(identityProviders, [
    { ...corp, kind: 'oidc', clientSecret: undefined, signUp: false, privateNetwork: false },
  ])
  assert.equal(passwords, true)
})

test('a secret comes from the settings, the environment or a file', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'countersign-secret-')), 'secret')
  writeFileSync(file, 'from a file\n')
  const secrets = ['in the settings', { env: 'CORP_SECRET' }, { file }]
  const all = secrets.map((clientSecret, i) => ({ ...corp, id: `corp-${i}`, clientSecret }))
  const { identityProviders } = await load(all, { CORP_SECRET: 'from the environment' })
  assert.deepEqual(
    identityProviders.map(({ clientSecret }) => clientSecret),
    ['in the settings', 'from the environment', 'from a file'],
  )
})

test('a wrong one stops the start with one line that says where', async () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [[{ ...corp, issuer: undefined }], /an OpenID provider needs its issuer/],
    [[{ ...corp, issuer: 'http://login.corp.example' }], /at 0\.issuer, use https/],
    [[{ ...corp, issuer: 'https://login.corp.example/?tenant=1' }], /has a query/],
    [[{ ...corp, id: 'Corp!' }], /at 0\.id, use a-z/],
    [[{ ...corp, id: 'host' }], /"host" is taken/],
    [[corp, corp], /each id once/],
    [[{ ...corp, kind: 'github', issuer: undefined }], /needs a clientSecret/],
    [
      [{ ...corp, clientSecret: { env: 'NOT_THERE' } }],
      /the clientSecret of corp is not in the variable NOT_THERE/,
    ],
    [[{ ...corp, clientSecret: { file: '/no/such/file' } }], /is not in the file \/no\/such\/file/],
    [[{ ...corp, adminClaim: { claim: 'groups', values: [] } }], /at 0\.adminClaim\.values/],
    [[{ ...corp, redirect: true }], /There is no setting named redirect/],
    ['corp', /identityProviders/],
  ]
  for (const [value, says] of wrong) {
    await assert.rejects(load(value), (error: Error) => {
      assert.match(error.message, says)
      assert.ok(!error.message.includes('\n'))
      return true
    })
  }
})
