// The phishing drill: an attacker starts a sign-in on his own machine and sends the link to somebody, who signs in at the real site
// and allows it. A real server, behind a proxy that says from where a request comes; the attacker in one network, the browser in
// another. However he asks, he gets no token; the person's own terminal elsewhere gets one, by six characters typed back.

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type DeviceCode, deviceLogin, system as realSystem } from '@countersign/client'
import { openStore } from '@countersign/server'
import { launchChromium } from './support/chromium.ts'
import { decide, goToQuestion } from './support/decide-in-browser.ts'
import { addMia, mia, openPerson } from './support/person.ts'
import { type RunningServer, startServer } from './support/process.ts'

const attacker = '203.0.113.66'
const victim = '198.51.100.7'
const cloud = '192.0.2.44'

let server: RunningServer
before(async () => {
  const env = { COUNTERSIGN_TRUSTED_PROXIES: '127.0.0.1,::1', COUNTERSIGN_RATE_CREATE_PER_ADDRESS: '1000' }
  server = await startServer({ env: { ...env, COUNTERSIGN_POLL_INTERVAL_SECONDS: '1' } })
  await addMia('--data', server.data)
})
after(() => server.stop())

type Answer = Record<string, unknown> & { device_code: string; user_code: string }

/** As the proxy passes it on: what the caller wrote himself stands left of the address that the proxy saw. */
async function post(
  path: string,
  from: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(server.issuer + path, {
    method: 'POST',
    headers: { 'x-forwarded-for': from, ...headers },
    body: new URLSearchParams({ client_id: 'countersign-cli', ...form }),
  })
  assert.ok(response.status < 500)
  return (await response.json()) as Answer
}

const poll = (from: string, device_code: string, more: Record<string, string> = {}) =>
  post('/oauth/token', from, {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code,
    ...more,
  })

// What an attacker may try beside the plain request: to keep silent about return codes, to guess, to claim the victim's network.
const letters = 'BCDFGHJKLMNPQRSTVWXZ3479'
const guessed = (run: number, i: number) =>
  Array.from({ length: 6 }, (_, place) =>
    letters.charAt((run * 7 + i * 11 + place * 5) % letters.length),
  ).join('')

test('DV-13 DV-18 in 100 drills the attacker in another network gets no token, whatever he sends', async () => {
  const person = openPerson(() => server.issuer, { 'x-forwarded-for': victim })
  await person.signIn()
  let shown = 0
  for (let run = 0; run < 100; run++) {
    const from = run % 4 === 1 ? `${victim}, ${attacker}` : attacker
    const announced: Record<string, string> = run % 4 === 2 ? {} : { return_code_supported: 'true' }
    const device = await post('/oauth/device/authorize', from, announced)
    // The victim is as obliging as can be: she ticks, she allows, only the characters she types where she was told to.
    const code = await person.decide(device.user_code, 'allow').catch(() => undefined)
    if (code !== undefined) shown += 1
    const answers = [await poll(from, device.device_code)]
    if (run % 4 === 3)
      for (let i = 0; i < 4; i++)
        answers.push(await poll(from, device.device_code, { return_code: guessed(run, i) }))
    for (const answer of answers) {
      assert.equal(answer.access_token, undefined)
      assert.match(String(answer.error), /^(authorization_pending|slow_down|access_denied)$/)
    }
  }
  assert.equal(shown, 75, 'of those who announce it; the silent are refused')
  const store = await openStore({ path: `${server.data}/countersign.db` })
  const { grant, networkMemory } = await store.counts()
  await store.close()
  assert.deepEqual([grant, networkMemory], [0, 0])
})

test('DV-13 the attacker gets none either where his page in the victim’s browser asks, nor where the proxy says no address', async () => {
  const person = openPerson(() => server.issuer, { 'x-forwarded-for': victim })
  await person.signIn()
  const page = { origin: 'https://attacker.example', 'sec-fetch-site': 'cross-site' }
  for (const announced of [{}, { return_code_supported: 'true' }]) {
    const device = await post('/oauth/device/authorize', victim, announced, page)
    await assert.rejects(person.decide(device.user_code, 'allow'))
    assert.equal((await poll(attacker, device.device_code)).access_token, undefined)
  }
  const nameless = openPerson(() => server.issuer, { 'x-forwarded-for': `${victim}:4711` })
  await nameless.signIn()
  const device = await post('/oauth/device/authorize', `${attacker}:4711`, { return_code_supported: 'true' })
  assert.match((await nameless.decide(device.user_code, 'allow')) ?? '', /^\w{6}$/)
  assert.equal((await poll(`${attacker}:4711`, device.device_code)).access_token, undefined)
})

/** The person's own terminal on a machine elsewhere, with our client. */
function loginFrom(from: string, onCode: (code: DeviceCode) => void, onReturnCode: () => Promise<string>) {
  const fetchFrom = (url: string, init: RequestInit) => {
    const headers = new Headers(init.headers)
    headers.set('x-forwarded-for', from)
    return fetch(url, { ...init, headers })
  }
  const system = { ...realSystem, fetch: fetchFrom }
  return deviceLogin({ issuer: server.issuer, clientId: 'countersign-cli', onCode, onReturnCode, system })
}

test('DV-18 the person’s own terminal elsewhere signs in with the six characters, and the second time without', async () => {
  const person = openPerson(() => server.issuer, { 'x-forwarded-for': victim })
  await person.signIn()
  let asked = 0
  const signIn = () => {
    const decided = Promise.withResolvers<string>()
    const onCode = ({ userCode }: DeviceCode) =>
      void person.decide(userCode, 'allow').then((code) => decided.resolve(code ?? ''), decided.reject)
    const tokens = loginFrom(cloud, onCode, () => {
      asked += 1
      return decided.promise
    })
    return Promise.all([tokens, decided.promise])
  }
  const [first, code] = await signIn()
  assert.ok(first.accessToken)
  assert.match(code, /^[B-Z3479]{6}$/)
  assert.equal(asked, 1)
  const [second, none] = await signIn()
  assert.ok(second.accessToken)
  assert.deepEqual([none, asked], ['', 1])
})

test('DV-18 the same in a real browser: scripts or none, the attacker’s terminal is asked for what only the victim sees', async (t) => {
  const browser = await launchChromium()
  t.after(() => browser.close())
  for (const javaScriptEnabled of [true, false]) {
    const context = await browser.newContext({
      javaScriptEnabled,
      extraHTTPHeaders: { 'x-forwarded-for': victim },
    })
    const page = await context.newPage()
    const device = await post('/oauth/device/authorize', attacker, { return_code_supported: 'true' })
    await goToQuestion(page, { link: `${server.issuer}/device`, code: device.user_code }, mia)
    await page.getByRole('alert').filter({ hasText: 'it is an attack on your account' }).waitFor()
    await decide(page, 'allow')
    await page.waitForURL('**/device/return-code')
    const code = (await page.locator('.return-code').textContent())?.trim() ?? ''
    const answer = await poll(attacker, device.device_code)
    assert.deepEqual(answer.return_code, { length: 6, tries_left: 3 })
    assert.ok(!JSON.stringify(answer).includes(code))
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.waitForURL('**/device/denied')
    assert.equal((await poll(attacker, device.device_code, { return_code: code })).error, 'access_denied')
    await context.close()
  }
})
