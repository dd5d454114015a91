// The pages of connections without sockets or a broker: what they show, whom, and what their forms ask for. With real providers and
// a real browser it is the workspace's test/journey/connections.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testConnection, testConnections } from '../testing/connections.ts'
import type { TestOptions } from '../testing/services.ts'
import { createPeopledServer, hiddenFields, openBrowser, signIn } from './testing.ts'

const base = '/account/connections'
const forms = ['connect', 'cancel', 'rename', 'disconnect'] as const

async function world(settings: TestOptions['settings'] = {}) {
  const connections = testConnections()
  const server = await createPeopledServer({ connections, settings })
  const browser = openBrowser(server)
  await signIn(browser)
  const begin = async (provider: string, fields: Record<string, string> = {}) =>
    browser.submit(await browser.get(base), `${base}/connect`, fields, `value="${provider}"`)
  const cookie = () => [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  return { connections, server, browser, begin, cookie }
}

test('without providers there are no pages of connections, and the account page does not name them', async () => {
  const server = await createPeopledServer()
  const browser = openBrowser(server)
  assert.doesNotMatch((await signIn(browser)).body, /connections/)
  for (const path of [base, `${base}/callback/there`, `${base}/${'0'.repeat(32)}`])
    assert.equal((await browser.get(path)).status, 404, path)
  for (const form of forms) assert.equal((await browser.post(`${base}/${form}`, {})).status, 404, form)
})

test('nobody sees or does anything there without being signed in, or without a form of ours', async () => {
  const { server, browser, connections } = await world()
  assert.equal((await server.call('GET', base)).headers.location, '/login')
  assert.equal((await server.call('GET', `${base}/callback/there?state=x`)).headers.location, '/login')
  for (const form of forms) {
    const path = `${base}/${form}`
    assert.equal((await server.call('POST', path, { form: { a: 'b' } })).headers.location, '/login', form)
    const forged = await browser.post(path, { provider: 'github', flow: 'x', connection: 'y', proof: 'z' })
    assert.equal(forged.status, 403, form)
  }
  assert.deepEqual(connections.asked, [])
})

test('a connection is listed with account, name, state, times and what it may do in words', async () => {
  const { connections, browser } = await world()
  connections.made.push(testConnection)
  const { body } = await browser.get(base)
  for (const fact of [
    'Work',
    'GitHub',
    'octocat',
    'Works',
    '2 hours ago',
    '1 minute ago',
    'read and change your repositories',
    '<code><bdi dir="ltr">admin:strange</bdi></code>',
  ]) {
    assert.ok(body.includes(fact), fact)
  }
  assert.doesNotMatch(body, /Connect again/)
})

test('one that no longer works says why and is connected again, not a second time', async () => {
  const { connections, browser } = await world()
  connections.made.push({ ...testConnection, ended: 'answer_lost' })
  const page = await browser.get(base)
  assert.match(page.body, /can no longer be renewed/)
  await browser.submit(page, `${base}/connect`, {}, 'value="github-1"')
  assert.ok(connections.asked.includes('start github  github-1'))
})

test('S3 3.1 a flow shows the code, the link and the time left, and one without scripts looks again by itself', async () => {
  const { begin } = await world()
  const page = await begin('github', { label: ' Private\u202e ' })
  assert.match(page.path, /^\/account\/connections\/0{31}1$/)
  assert.match(page.body, /WXYZ-1234/)
  assert.match(page.body, /href="https:\/\/github.example\/login\/device" target="_blank"/)
  assert.match(page.body, /15:00/)
  assert.match(page.body, /<noscript><meta http-equiv="refresh" content="10"><\/noscript>/)
  assert.match(String(page.headers['content-security-policy']), /; connect-src 'self'$/)
})

test('the name that a person gives is cleaned and handed on', async () => {
  const { begin, connections } = await world()
  await begin('github', { label: ' Private\u202e  stuff ' })
  assert.ok(connections.asked.includes('start github Private stuff'))
})

test('UI-03 a provider of the redirect kind is reached by a page that goes on, and coming back ends the flow', async () => {
  const { begin, browser } = await world()
  const page = await begin('slack')
  assert.equal(page.status, 200)
  assert.equal(page.leaves?.href, 'https://slack.example/oauth?state=made-here&client_id=us')
  const pending = await browser.get(`${base}/${'1'.padStart(32, '0')}`)
  assert.match(pending.body, /Continue to <bdi>Slack/)
  const back = await browser.get(`${base}/callback/there?state=${'1'.padStart(32, '0')}&code=abc`)
  assert.match(back.path, /0{31}1$/)
  assert.match(back.body, /<bdi>Slack<\/bdi> is connected/)
})

test('who comes back from a slow provider is told that there is nothing more to do', async () => {
  const { begin, browser, server } = await world()
  await begin('slack')
  server.services.held.release()
  const id = '1'.padStart(32, '0')
  const back = await browser.get(`${base}/callback/there?state=${id}&code=slow`)
  assert.equal(back.path, `${base}/${id}?back`)
  assert.match(back.body, /You are back from <bdi>Slack/)
  assert.match(back.body, /data-await=/)
  assert.doesNotMatch(back.body, /Continue to/)
})

test('S3-5 CL-16 a link that fits into no QR code is shown without one', async () => {
  const { begin, browser, connections } = await world()
  const { path, body } = await begin('github')
  assert.match(body, /<svg class="qr"/)
  for (const length of [600, 4000]) {
    const link = `https://github.example/${'x'.repeat(length)}`
    connections.show(path.slice(-32), link)
    const page = await browser.get(path)
    assert.equal(page.status, 200)
    assert.ok(page.body.includes(`href="${link}"`))
    assert.doesNotMatch(page.body, /class="qr"|Use your phone/)
  }
})

test('something to be done on the machine of the server is said in words', async () => {
  const { begin } = await world()
  assert.match((await begin('host')).body, /Sign in to Claude Code on this machine\./)
})

test('each end has a page of its own that says what became of it and where to go on', async () => {
  const ends = {
    success: /is connected/,
    denied: /You said no at <bdi>GitHub/,
    expired: /The time is over/,
    cancelled: /Cancelled/,
    error: /The sentence\.[\s\S]*Nothing was connected/,
  } as const
  for (const [state, says] of Object.entries(ends)) {
    const { begin, connections, browser } = await world()
    const { path } = await begin('github')
    connections.end(
      path.slice(-32),
      state as keyof typeof ends,
      state === 'error' ? 'The sentence.' : undefined,
    )
    const page = await browser.get(path)
    assert.equal(page.status, 200, state)
    assert.match(page.body, says, state)
    assert.match(page.body, /href="\/account\/connections"/, state)
    assert.doesNotMatch(page.body, /data-await|http-equiv="refresh"|WXYZ-1234/, state)
  }
})

test('cancel ends the flow; a cancel that came too late shows how it ended', async () => {
  const { begin, browser, connections } = await world()
  const page = await begin('github')
  assert.match((await browser.submit(page, `${base}/cancel`)).body, /Cancelled/)
  const second = await begin('github')
  connections.end(second.path.slice(-32), 'success')
  assert.match((await browser.submit(second, `${base}/cancel`)).body, /is connected/)
})

test('S3-7 CL-20 a flow of another session or another person is none, to look at, to cancel and to come back to', async () => {
  const { begin, server, browser } = await world()
  const { path } = await begin('github')
  const mia = await server.services.store.read('account', 'usr_mia')
  await server.addAccount({
    id: 'usr_bob',
    email: 'bob@example.com',
    passwordHash: mia?.passwordHash ?? null,
  })
  for (const email of ['mia@example.com', 'bob@example.com']) {
    const other = openBrowser(server)
    await signIn(other, email)
    for (const place of [path, `${path}/status`, `${base}/callback/there?state=${path.slice(-32)}&code=x`]) {
      const page = await other.get(place)
      assert.equal(page.status, 404, `${email} ${place}`)
      assert.match(page.body, /There is nothing to go on with here/)
    }
    const { proof = '' } = hiddenFields(await other.get(base), `${base}/connect`)
    const cancelled = await other.post(`${base}/cancel`, { proof, flow: path.slice(-32) })
    assert.equal(cancelled.status, 404)
  }
  assert.equal((await browser.get(path)).status, 200)
})

test('the status is held until the flow ends, and says nothing but the state', async () => {
  const { begin, connections, server, cookie } = await world()
  const { path } = await begin('github')
  const asking = server.call('GET', `${path}/status`, { headers: { cookie: cookie() } })
  while (connections.waiting() === 0) await new Promise((resolve) => setImmediate(resolve))
  connections.end(path.slice(-32), 'success')
  const answer = await asking
  assert.equal(answer.body, '{"state":"success"}')
  assert.equal(answer.headers['cache-control'], 'no-store')
  assert.equal(server.services.held.size, 0)
})

test('LP-12 a server that stops lets go of those who wait for a flow', async () => {
  const { begin, connections, server, cookie } = await world()
  const { path } = await begin('github')
  const asking = server.call('GET', `${path}/status`, { headers: { cookie: cookie() } })
  while (connections.waiting() === 0) await new Promise((resolve) => setImmediate(resolve))
  server.services.held.release()
  assert.equal((await asking).body, '{"state":"pending"}')
})

test('rename and disconnect say what happened; a provider that was not told is no secret', async () => {
  const { browser, connections } = await world()
  connections.made.push(testConnection)
  const list = await browser.get(base)
  const renamed = await browser.submit(list, `${base}/rename`, { label: 'Home' })
  assert.match(renamed.body, /The name was saved/)
  assert.ok(connections.asked.includes('rename github-1 Home'))
  const gone = await browser.submit(list, `${base}/disconnect`)
  assert.match(gone.body, /the other site was told so/)
  assert.match(gone.body, /Nothing is connected yet/)
  connections.made.push({ ...testConnection, id: 'slack-1' })
  const here = await browser.submit(await browser.get(base), `${base}/disconnect`)
  assert.match(here.body, /The other site was not told/)
})

test('what changes where programs get in needs somebody who signed in lately', async () => {
  const { server, browser, connections } = await world()
  connections.made.push(testConnection)
  const { proof = '' } = hiddenFields(await browser.get(base), `${base}/connect`)
  server.advance(901)
  const { body } = await browser.get(base)
  assert.match(body, /sign in again: you did so more than 15 minutes ago/)
  assert.doesNotMatch(body, /connections\/(?:connect|disconnect)"/)
  for (const form of ['connect', 'disconnect']) {
    await browser.post(`${base}/${form}`, { proof, provider: 'github', connection: 'github-1' })
  }
  assert.ok(!connections.asked.some((what) => /^(?:start|disconnect)/.test(what)))
})

test('S3-5 what goes wrong is told in a sentence of ours, and the evidence is in none', async () => {
  const told = {
    provider_unavailable: [200, /The other site did not answer as it should/],
    missing_fields: [200, /The other site did not answer as it should/],
    provider_refused: [200, /does not let this server connect accounts/],
    unknown_provider: [400, /That did not arrive whole/],
    connection_not_found: [200, /That connection is gone already/],
    store_unavailable: [503, /Just a moment/],
    vault_unreadable: [500, /Something went wrong here/],
    'a fault': [500, /Something went wrong here/],
  } as const
  for (const [code, [status, says]] of Object.entries(told)) {
    const { browser, connections } = await world()
    const list = await browser.get(base)
    connections.fail(code as keyof typeof told)
    const page = await browser.submit(list, `${base}/connect`, {}, 'value="github"')
    assert.equal(page.status, status, code)
    assert.match(page.body, says, code)
    assert.doesNotMatch(page.body, /evidence/, code)
  }
})

test('UI-09 looking whether there is something at the callback spends nothing', async () => {
  const { server, cookie, connections } = await world()
  const looked = await server.call('HEAD', `${base}/callback/there?state=x&code=y`, {
    headers: { cookie: cookie() },
  })
  assert.equal(looked.status, 303)
  assert.deepEqual(connections.asked, [])
})

test('who starts again and again is told to wait, and no provider hears of it', async () => {
  const { begin, connections } = await world({ rateCreatePerAddress: 2 })
  const statuses = [await begin('github'), await begin('github'), await begin('github')].map(
    ({ status }) => status,
  )
  assert.deepEqual(statuses, [200, 200, 429])
  assert.equal(connections.asked.filter((what) => what.startsWith('start')).length, 2)
})

test('what no page of ours would send is refused before anybody is asked', async () => {
  const { browser, connections } = await world()
  const { proof = '' } = hiddenFields(await browser.get(base), `${base}/connect`)
  for (const [form, fields] of [
    ['connect', { provider: 'x'.repeat(5000) }],
    ['connect', {}],
    ['cancel', { flow: '../../login' }],
    ['cancel', {}],
  ] as const) {
    assert.equal((await browser.post(`${base}/${form}`, { proof, ...fields })).status, 400, form)
  }
  assert.deepEqual(connections.asked, ['connections'])
})

test('malformed addresses below are no pages', async () => {
  const { browser } = await world()
  for (const path of ['x', '%00', `${'0'.repeat(32)}/other`, `${'0'.repeat(32)}/status/more`, '../login'])
    assert.equal((await browser.get(`${base}/${path}`)).status, 404, path)
})

test('each page with all that it loads is under 30 kB', async () => {
  const { browser, begin, connections, server } = await world()
  connections.made.push(testConnection, { ...testConnection, id: 'b', ended: 'refused' })
  const list = await browser.get(base)
  const flow = await begin('github')
  for (const page of [list, flow]) {
    const links = [...page.body.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path = '']) => path)
    const loaded = await Promise.all(links.map((path) => server.call('GET', path)))
    const total = loaded.reduce(
      (sum, { body }) => sum + Buffer.byteLength(body),
      Buffer.byteLength(page.body),
    )
    assert.ok(total < 30_000, `${total}`)
  }
})
