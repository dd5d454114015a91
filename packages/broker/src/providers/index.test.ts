// Every vendor keeps the contract of providers, against its own wire (testing/vendor-wires.ts).
// Not here: hostile answers (oauth-server.hostile.test.ts), what the vendors are (one file each).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SettingError } from '../errors.ts'
import { providerContract } from '../testing/provider-contract.ts'
import * as all from '../testing/vendor-wires.ts'
import { type ProviderSettings, providerKinds, providerOf } from './index.ts'

const { otherWays, ...wires } = all
for (const [name, wire] of Object.entries({ ...wires, ...otherWays }))
  providerContract(name, { ...wire, provider: (base) => providerOf(wire.settings(base)) })

test('every vendor there is has its contract tested', () => {
  assert.deepEqual([...Object.keys(wires), 'code', 'device'].sort(), [...providerKinds].sort())
})

test('settings that name no kind, or lack what a kind needs, are refused before any flow', () => {
  const clientId = 'app'
  for (const wrong of [
    { kind: 'hotmail', clientId },
    { kind: 'toString', clientId },
    { kind: 'device', clientId },
    { kind: 'code', clientId, id: 'corp' },
    { kind: 'github', clientId: '' },
    { kind: 'github' },
    { kind: 'gitlab', clientId, baseUrl: 'http://gitlab.corp.example' },
    { kind: 'github', clientId, issuer: 'https://github.corp.example' },
    { kind: 'google', clientId, tenant: 'corp.example' },
    { kind: 'slack', clientId, flow: 'device' },
    { kind: 'codex', clientId, scopes: ['openid'] },
    { kind: 'device', clientId, id: 'corp', issuer: 'https://corp.example', baseUrl: 'https://corp.example' },
  ])
    assert.throws(() => providerOf(wrong as ProviderSettings), SettingError, JSON.stringify(wrong))
})

test('one vendor can be there twice, under another id and name', () => {
  const { id, name, aliases } = providerOf({
    kind: 'entra',
    clientId: 'app',
    id: 'work',
    name: 'Work',
    tenant: 'x',
  })
  assert.deepEqual([id, name, aliases], ['work', 'Work', []])
})
