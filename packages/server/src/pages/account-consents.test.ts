// Consents on the account page: what was agreed to, and that withdrawing it ends everything that came of it.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { grant as grantRules } from '@countersign/protocol'
import { approveDevice, basic, errorOf, pollDevice, startDevice } from '../testing/device-flow.ts'
import { startOfTime, testConfidentialClient } from '../testing/services.ts'
import { addEditor, createPeopledServer, hiddenFields, openBrowser, openedIn, signIn } from './testing.ts'

async function agreed() {
  const server = await createPeopledServer()
  const editor = await addEditor(server)
  const browser = openBrowser(server)
  await signIn(browser)
  const page = await browser.get(`/consent?request=${await openedIn(server, browser, editor)}`)
  await browser.submit(page, '/consent', { decision: 'allow', 'scope.notes:delete': 'yes' })
  return { server, editor, browser }
}

type World = Awaited<ReturnType<typeof agreed>>

async function addGrant(
  { server }: World,
  id: string,
  changes: { clientId?: string; accountId?: string } = {},
) {
  const begun = grantRules.begin(
    {
      accountId: 'usr_mia',
      clientId: 'editor',
      scopes: ['openid'],
      resources: [],
      via: 'authorization_code',
      context: {
        observed: { address: '192.0.2.1', userAgent: '' },
        reported: { deviceName: null, clientVersion: null, agent: null },
      },
      authTime: startOfTime,
      amr: ['pwd'],
      nonce: null,
      jkt: null,
      ...changes,
      now: startOfTime,
      refresh: { idleSeconds: 1000 },
      absoluteSeconds: 5000,
    },
    { grantId: id, refreshHash: 'hash' },
  )
  await server.services.store.apply([{ op: 'insert', kind: 'grant', record: begun }])
}

const isAlive = async ({ server }: World, id: string) =>
  (await server.services.store.read('grant', id))?.revokedAt === null

test('UI-12 the account page lists what was agreed to, in words, with whom and where it leads', async () => {
  const { browser } = await agreed()
  const { body } = await browser.get('/account')
  assert.match(body, /Apps you have agreed to/)
  assert.match(body, /<h3><bdi>Editor<\/bdi><\/h3>/)
  assert.match(body, /Publisher not verified/)
  assert.match(body, /Agreed just now · Sends you back to <bdi dir="ltr">editor\.example<\/bdi>/)
  assert.match(body, /read your notes/)
  assert.match(body, /empty the bin <span class="caution">.*there is no way back/)
  assert.ok(!body.includes('see your e-mail address'))
})

test('UI-12 who never agreed to anything has no such list', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  await signIn(browser)
  assert.ok(!(await browser.get('/account')).body.includes('Apps you have agreed to'))
})

test('UI-12 10.7.3 withdrawing deletes the consent, ends the grants and takes back the code, of this client and person alone', async () => {
  const world = await agreed()
  const { server, editor, browser } = world
  await server.addClient({ ...editor, id: 'other' })
  await addGrant(world, 'mine-1')
  await addGrant(world, 'mine-2')
  await addGrant(world, 'of-another-client', { clientId: 'other' })
  await addGrant(world, 'of-another-person', { accountId: 'usr_sol' })
  const page = await browser.get('/account')
  const shown = await browser.submit(page, '/account/consents', {}, 'value="editor"')
  assert.match(shown.body, /What you had agreed to was withdrawn/)
  assert.ok(!shown.body.includes('Apps you have agreed to'))
  const { store } = server.services
  assert.deepEqual(await store.list('consent'), [])
  assert.deepEqual(await store.list('authorizationCode'), [])
  const alive = await Promise.all(
    ['mine-1', 'mine-2', 'of-another-client', 'of-another-person'].map((id) => isAlive(world, id)),
  )
  assert.deepEqual(alive, [false, false, true, true])
  const entry = (await store.list('auditEntry')).find(({ event }) => event === 'consent.withdrawn')
  assert.deepEqual(
    [entry?.actor, entry?.accountId, entry?.clientId, entry?.address],
    [{ kind: 'account', id: 'usr_mia' }, 'usr_mia', 'editor', '192.0.2.1'],
  )
  // The next request asks for everything again.
  const again = await browser.get(`/consent?request=${await openedIn(server, browser, editor)}`)
  assert.ok(!again.body.includes('You agreed before'))
})

test('UI-12 10.7.3 withdrawing takes back what was allowed on a device that has not fetched it yet', async () => {
  const world = await agreed()
  const { server, editor, browser } = world
  const more = { headers: basic('editor') }
  const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
  const record = { ...editor, version: 1, secrets: testConfidentialClient.secrets }
  await server.services.store.apply([
    { op: 'update', kind: 'client', record: { ...record, grantTypes: [...record.grantTypes, deviceGrant] } },
  ])
  server.advance(5)
  const waiting = await startDevice(server, '', more)
  await approveDevice(server, waiting.device_code)
  const pending = await startDevice(server, '', more)
  await browser.submit(await browser.get('/account'), '/account/consents', {}, 'value="editor"')
  assert.equal(errorOf(await pollDevice(server, waiting.device_code, {}, more)), '400 access_denied')
  // Nobody has decided this one yet: it may still be asked about.
  assert.equal(errorOf(await pollDevice(server, pending.device_code, {}, more)), '400 authorization_pending')
  assert.deepEqual(await server.services.store.list('grant'), [])
})

test('UI-12 a second click, an unknown client and another person’s consent change nothing', async () => {
  const world = await agreed()
  const { server, browser } = world
  const { store } = server.services
  const [mine] = await store.list('consent')
  assert.ok(mine)
  await store.apply([
    {
      op: 'insert',
      kind: 'consent',
      record: { ...mine, id: 'of-sol', version: 0, accountId: 'usr_sol', clientId: 'sols' },
    },
  ])
  const fields = hiddenFields(await browser.get('/account'), '/account/consents')
  for (const client of ['sols', 'nobody', '__proto__']) {
    const answer = await browser.post('/account/consents', { ...fields, client })
    assert.equal(answer.status, 303)
  }
  assert.equal((await browser.post('/account/consents', { proof: fields.proof ?? '' })).status, 400)
  assert.equal((await browser.post('/account/consents', { ...fields, proof: 'no' })).status, 403)
  assert.equal((await store.list('consent')).length, 2)
  assert.ok((await store.list('auditEntry')).every(({ event }) => event !== 'consent.withdrawn'))
})

test('UI-12 a client that is gone is listed by its id, so that what was agreed to can still be withdrawn', async () => {
  const { server, editor, browser } = await agreed()
  await server.services.store.apply([{ op: 'delete', kind: 'client', record: { ...editor, version: 1 } }])
  server.advance(5)
  const page = await browser.get('/account')
  assert.match(page.body, /<h3><bdi>editor<\/bdi><\/h3>/)
  await browser.submit(page, '/account/consents', {}, 'value="editor"')
  assert.deepEqual(await server.services.store.list('consent'), [])
})
