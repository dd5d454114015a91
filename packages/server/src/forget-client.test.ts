// What is left of a client that was removed: nothing that anybody could use, and nothing for the next one of its name (RT-08).

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AdminError } from './admin/admin-error.ts'
import { type Administration, administer } from './admin/administration.ts'
import { byCommandLine } from './audit.ts'
import type { Store } from './store/store.ts'
import { sample } from './store/testing/samples.ts'
import {
  allowIn,
  answerIn,
  authorizeForm,
  authorizePath,
  nativeClient,
  openSignedJar,
  redeemCode,
  referenceIn,
} from './testing/code-flow.ts'
import { approveDevice, bodyOf, errorOf, pollDevice, startDevice } from './testing/device-flow.ts'
import { createTestServerWith, type TestServer } from './testing/services.ts'

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code' as const
const client = {
  ...nativeClient,
  grantTypes: [...nativeClient.grantTypes, deviceGrant],
  redirectUris: ['https://native.example/back'],
}
const mine = { client_id: client.id }
const redirectUri = 'https://native.example/back'

const admin = ({ services }: TestServer): Administration => administer({ ...services, by: byCommandLine })

async function waiting(server: TestServer) {
  const device = await startDevice(server, mine)
  await approveDevice(server, device.device_code)
  const pushed = await server.call('POST', '/oauth/par', { form: authorizeForm(client) })
  const jar = await openSignedJar(server)
  const agreed = await allowIn(server, jar, referenceIn(await jar.get(authorizePath(client)), '/consent'))
  return {
    jar,
    device: device.device_code,
    requestUri: String(bodyOf(pushed).request_uri),
    code: answerIn(agreed, redirectUri).code ?? '',
  }
}

const left = async (store: Store) => {
  const { deviceAuthorization, authorizationRequest, authorizationCode, consent } = await store.counts()
  return [deviceAuthorization, authorizationRequest, authorizationCode, consent]
}

test('RT-08 codes, pushed requests, devices and consents of a removed client are gone, whoever takes its name', async () => {
  const server = await createTestServerWith([client])
  const { store } = server.services
  const { jar, device, requestUri, code } = await waiting(server)
  assert.deepEqual(await left(store), [1, 2, 1, 1])
  await admin(server).removeClient(client.id)
  assert.deepEqual(await left(store), [0, 0, 0, 0])
  server.advance(2)
  await server.addClient(client)
  assert.equal(errorOf(await redeemCode(server, code, mine)), '400 invalid_grant')
  assert.equal(errorOf(await pollDevice(server, device, mine)), '400 invalid_grant')
  const opened = await jar.get(
    `/oauth/authorize?${new URLSearchParams({ ...mine, request_uri: requestUri })}`,
  )
  assert.equal(opened.status, 400)
  referenceIn(await jar.get(authorizePath(client)), '/consent')
  assert.deepEqual(await store.list('grant'), [])
})

test('RT-08 a client with more sign-ins than fit into one step ends them all, each with its entry', async () => {
  const server = await createTestServerWith([client])
  const { store } = server.services
  const made = Array.from({ length: 230 }, (_, i) =>
    sample('grant', { id: `grant-${i}`, clientId: i < 225 ? client.id : 'another' }),
  )
  await store.apply(made.map((record) => ({ op: 'insert', kind: 'grant', record }) as const))
  await admin(server).removeClient(client.id)
  const grants = await store.list('grant')
  const live = grants.filter(({ revokedAt }) => revokedAt === null)
  assert.deepEqual([...new Set(live.map(({ clientId }) => clientId))], ['another'])
  const told = (await store.list('auditEntry')).filter(({ event }) => event === 'grant.revoked')
  assert.deepEqual([grants.length - live.length, told.length], [225, 225])
})

test('RT-08 a removal that was interrupted is finished by removing the client once more', async () => {
  const server = await createTestServerWith([client])
  const { store } = server.services
  await waiting(server)
  const { find } = store
  Object.assign(store, { find: () => Promise.reject(new Error('killed')) })
  await assert.rejects(admin(server).removeClient(client.id), /killed/)
  Object.assign(store, { find })
  assert.equal(await store.read('client', client.id), undefined)
  assert.deepEqual(await left(store), [1, 2, 1, 1])
  await admin(server).removeClient(client.id)
  assert.deepEqual(await left(store), [0, 0, 0, 0])
  await assert.rejects(
    admin(server).removeClient(client.id),
    (error) => error instanceof AdminError && error.code === 'not_found',
  )
})

test('RT-08 what is redeemed while a client is forgotten, where it is still known, ends with it', async () => {
  for (const kind of ['grant', 'deviceAuthorization', 'authorizationCode', 'consent'] as const) {
    for (const when of ['before', 'after'] as const) {
      const server = await createTestServerWith([client])
      const { store } = server.services
      const { device, code } = await waiting(server)
      const find = store.find.bind(store)
      const redeemAll = async () => {
        Object.assign(store, { find })
        await pollDevice(server, device, mine)
        await redeemCode(server, code, mine)
      }
      Object.assign(store, {
        find: async (...asked: Parameters<Store['find']>) => {
          const isThen = asked[0] === kind
          if (isThen && when === 'before') await redeemAll()
          const found = await find(...asked)
          if (isThen && when === 'after') await redeemAll()
          return found
        },
      })
      await admin(server).removeClient(client.id)
      const live = (await store.list('grant')).filter(({ revokedAt }) => revokedAt === null)
      assert.deepEqual(live, [], `${when} the look for each ${kind}`)
    }
  }
})
