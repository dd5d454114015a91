import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ensureSetupLink } from '../accounts/setup-link.ts'
import type { PlainResponse } from '../http.ts'
import { createTestServer } from '../testing/services.ts'
import { assets } from './assets.ts'
import { pageRoutes } from './page-routes.ts'
import { clientScript } from './script.ts'
import { addEditor, ask, createPeopledServer, openBrowser, openedIn, signIn } from './testing.ts'

/** Every page there is, in each of its states. */
async function everyPage(): Promise<Map<string, PlainResponse>> {
  const pages = new Map<string, PlainResponse>()
  const empty = await createTestServer()
  const setup = new URL((await ensureSetupLink(empty.services)) ?? '').pathname
  pages.set('setup', await openBrowser(empty).get(setup))
  pages.set('setup used', await openBrowser(empty).get('/setup/x'))
  pages.set('sign-in without accounts', await openBrowser(empty).get('/login'))

  const server = await createPeopledServer()
  const browser = openBrowser(server)
  pages.set('front', await browser.get('/'))
  pages.set('sign-in', await browser.get('/login'))
  pages.set('forged', await browser.post('/login', {}))
  pages.set('account', await signIn(browser))
  const enter = await browser.get('/device')
  pages.set('enter', enter)
  pages.set('enter wrong', await browser.submit(enter, '/device', { user_code: 'BBBB-BBBB' }))
  for (const decision of ['allow', 'deny', 'report']) {
    const page = await browser.get(`/device/${(await ask(server)).user_code}`)
    pages.set('approve', page)
    pages.set(decision, await browser.submit(page, '/device/decision', { decision }))
  }
  pages.set('elsewhere', await browser.get(`/device/${(await ask(server, {}, '203.0.113.1')).user_code}`))
  server.advance(700)
  pages.set('expired', await browser.get('/device/approve'))
  pages.set(
    'password wrong',
    await browser.submit(await browser.get('/account'), '/account/password', { current: 'x' }),
  )
  pages.set('no such asset', await browser.get('/assets/none.css'))
  return pages
}

const pages = await everyPage()

test('UI-01 UI-02 UI-03 UI-04 UI-05 UI-13 DV-12 every page has every header', () => {
  for (const [name, { headers }] of pages) {
    const csp = String(headers['content-security-policy'])
    for (const rule of [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "base-uri 'none'",
      "object-src 'none'",
      "frame-ancestors 'none'",
      "form-action 'self'",
    ]) {
      assert.ok(csp.includes(rule), `${name}: ${rule}`)
    }
    assert.ok(!/unsafe|\*|https?:|data:/.test(csp.replace("img-src 'self' data:", '')), name)
    assert.equal(headers['x-frame-options'], 'DENY', name)
    assert.equal(headers['referrer-policy'], 'no-referrer', name)
    assert.equal(headers['cache-control'], 'no-store', name)
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin', name)
    assert.equal(headers['cross-origin-resource-policy'], 'same-origin', name)
    assert.equal(headers['x-content-type-options'], 'nosniff', name)
    assert.equal(headers['content-type'], 'text/html; charset=utf-8', name)
  }
})

test('UI-14 no page links to, or loads from, anywhere else, and none has script or style of its own', () => {
  for (const [name, { body }] of pages) {
    for (const [, target = ''] of body.matchAll(/(?:href|src|action)="([^"]*)"/g)) {
      assert.match(target, /^[/#](?!\/)/, `${name}: ${target}`)
    }
    assert.ok(!/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=/.test(body), name)
  }
})

test('DV-21 every page has a language, a title, one main heading, and a viewport for phones', () => {
  for (const [name, { body }] of pages) {
    assert.match(body, /<html lang="en" dir="ltr">/, name)
    assert.match(body, /<title>[^<]{5,} · Countersign<\/title>/, name)
    assert.equal(body.match(/<h1/g)?.length, 1, name)
    assert.match(body, /width=device-width/, name)
  }
})

test('every page with all that it loads is under 30 kB, the script under 3 kB', () => {
  const loaded = [...assets.values()].reduce((sum, { body }) => sum + Buffer.byteLength(body), 0)
  assert.ok(Buffer.byteLength(clientScript) < 3000, `script: ${Buffer.byteLength(clientScript)}`)
  for (const [name, { body }] of pages) {
    const total = loaded + Buffer.byteLength(body)
    assert.ok(total < 30_000, `${name}: ${total}`)
  }
})

test('no id occurs twice on a page', () => {
  for (const [name, { body }] of pages) {
    const ids = [...body.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id)
    assert.equal(new Set(ids).size, ids.length, name)
  }
})

test('statuses say what a page says', () => {
  const statuses = Object.fromEntries([...pages].map(([name, { status }]) => [name, status]))
  assert.deepEqual(statuses, {
    setup: 200,
    'setup used': 410,
    'sign-in without accounts': 200,
    front: 200,
    'sign-in': 200,
    forged: 403,
    account: 200,
    enter: 200,
    'enter wrong': 400,
    approve: 200,
    allow: 200,
    deny: 200,
    report: 200,
    elsewhere: 200,
    expired: 400,
    'password wrong': 400,
    'no such asset': 404,
  })
})

test('assets are kept by browsers for ever, under a name that changes with their content', async () => {
  const server = await createTestServer()
  for (const { path, type, body } of assets.values()) {
    const response = await server.call('GET', path)
    assert.equal(response.status, 200)
    assert.equal(response.headers['content-type'], type)
    assert.match(String(response.headers['cache-control']), /immutable/)
    assert.equal(response.body, body)
    assert.match(path, /^\/assets\/\w+\.[\w-]{12}\.(css|js|svg)$/)
  }
})

test('pages that need somebody signed in send everybody else to sign in, whatever the method', async () => {
  const server = await createTestServer()
  for (const path of ['/account', '/device/approve', '/device/connected', '/device/denied']) {
    assert.equal((await server.call('GET', path)).headers.location, '/login', path)
  }
  for (const path of [
    '/device/decision',
    '/device/undo',
    '/account/devices',
    '/account/passkeys',
    '/account/leave',
  ]) {
    assert.equal((await server.call('POST', path, { form: { a: 'b' } })).headers.location, '/login', path)
  }
})

test('UI-09 every page answers HEAD as it answers GET, without the body and without deciding anything', async () => {
  const server = await createPeopledServer()
  const editor = await addEditor(server)
  for (const signedIn of [false, true]) {
    const browser = openBrowser(server)
    if (signedIn) await signIn(browser)
    const open = (prompt: readonly 'none'[]) => openedIn(server, browser, editor, { prompt })
    const asking = [`/consent?request=${await open([])}`, `/login?request=${await open([])}`]
    const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const look = (method: string, path: string) => server.call(method, path, { headers: { cookie } })
    const shown = pageRoutes.flatMap(({ path, GET }) => (GET === undefined ? [] : [path]))
    for (const path of [...shown, ...asking]) {
      const [head, get] = [await look('HEAD', path), await look('GET', path)]
      assert.deepEqual(
        [head.status, head.headers.location, head.body],
        [get.status, get.headers.location, ''],
        path,
      )
    }
    // A silent one is answered as soon as somebody opens it.
    const reference = await open(['none'])
    const before = await server.services.store.list('authorizationRequest')
    assert.equal((await look('HEAD', `/consent?request=${reference}`)).status, 200)
    assert.deepEqual(await server.services.store.list('authorizationRequest'), before)
    assert.match(String((await look('GET', `/consent?request=${reference}`)).headers.location), /error=/)
  }
})
