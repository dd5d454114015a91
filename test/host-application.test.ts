// Countersign mounted under a path of somebody else's application, in Express, Hono and bare Node, in a real browser: the application
// says who is signed in, or people sign in here; a device is approved, the account page shows it, and nothing leads out of the path.

import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Countersign, type CountersignOptions, createCountersign } from '@countersign/server'
import { getRequestListener } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import express from 'express'
import { Hono } from 'hono'
import type { Browser, Page } from 'playwright-core'
import { launchChromium } from './support/chromium.ts'

const quiet = { info() {}, warn() {}, error: console.error }

let browser: Browser
before(async () => {
  browser = await launchChromium()
})
after(() => browser.close())

/** The application's own pages: it knows people by a cookie, and signs in whoever asks. */
const ownPages = (url: URL): { status: number; headers: Record<string, string>; body: string } => {
  if (url.pathname === '/sign-in') {
    const form = `<title>Sign in</title><form method="post" action="/sign-in"><input type="hidden" name="next" value="${encodeURI(url.searchParams.get('next') ?? '/')}"><button>I am Mia</button></form>`
    return { status: 200, headers: { 'content-type': 'text/html' }, body: form }
  }
  return { status: 200, headers: { 'content-type': 'text/html' }, body: '<title>App</title>the application' }
}

const signedInBy = (next: string) => ({
  status: 303,
  headers: { location: next, 'set-cookie': `app=mia-${Math.floor(Date.now() / 1000)}; Path=/; HttpOnly` },
  body: '',
})

const cookieOf = (header: string | undefined): string | undefined => /\bapp=(mia-\d+)/.exec(header ?? '')?.[1]

const person = (session: string | undefined) =>
  session === undefined
    ? null
    : {
        id: '42',
        name: 'Mia Larsen',
        email: 'mia@app.example',
        admin: true,
        authTime: Number(session.slice(4)),
        amr: ['pwd'],
        session,
      }

type Mount = (countersign: () => Countersign) => RequestListener

function expressApp(countersign: () => Countersign, places: string | string[]): RequestListener {
  const app = express()
  app.use(places, (request, response, next) => countersign().node(request, response, next))
  app.use(express.urlencoded({ extended: false }))
  app.post('/sign-in', (request, response) => {
    const { status, headers } = signedInBy(decodeURI(String(request.body.next)))
    response.writeHead(status, headers).end()
  })
  app.use((request, response) => {
    const { status, headers, body } = ownPages(new URL(request.originalUrl, 'http://app'))
    response.writeHead(status, headers).end(body)
  })
  return app
}

const mounts: Readonly<Record<string, Mount>> = {
  Express: (countersign) => expressApp(countersign, '/'),
  'Express with a mount path': (countersign) => expressApp(countersign, ['/auth', '/.well-known']),
  Hono(countersign) {
    const app = new Hono()
    app.use(async (c, next) =>
      countersign().owns(new URL(c.req.url).pathname)
        ? countersign().fetch(c.req.raw, getConnInfo(c).remote.address)
        : next(),
    )
    app.post('/sign-in', async (c) => {
      const { status, headers } = signedInBy(decodeURI(String((await c.req.parseBody()).next)))
      return new Response(null, { status, headers })
    })
    app.get('*', (c) => {
      const { status, headers, body } = ownPages(new URL(c.req.url))
      return new Response(body, { status, headers })
    })
    return getRequestListener(app.fetch)
  },
  'bare Node'(countersign) {
    return (request, response) => {
      countersign().node(request, response, () => {
        const url = new URL(request.url ?? '/', 'http://app')
        if (request.method !== 'POST') {
          const { status, headers, body } = ownPages(url)
          return void response.writeHead(status, headers).end(body)
        }
        let body = ''
        request.on('data', (chunk) => {
          body += chunk
        })
        request.on('end', () => {
          const { status, headers } = signedInBy(decodeURI(new URLSearchParams(body).get('next') ?? '/'))
          response.writeHead(status, headers).end()
        })
      })
    }
  },
}

async function application(
  mount: Mount,
  options: (origin: string) => Partial<CountersignOptions>,
): Promise<{ origin: string; countersign: Countersign; close: () => Promise<void> }> {
  let countersign: Countersign | undefined
  const listener = mount(() => {
    if (countersign === undefined) throw new Error('not yet')
    return countersign
  })
  const server: Server = createServer(listener)
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`
  const data = mkdtempSync(join(tmpdir(), 'countersign-host-'))
  const made = await createCountersign({ issuer: `${origin}/auth`, data, log: quiet, ...options(origin) })
  countersign = made
  return {
    origin,
    countersign: made,
    async close() {
      await made.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

const underHost = (origin: string): Partial<CountersignOptions> => ({
  authenticate: ({ headers }) => person(cookieOf(headers.cookie)),
  signInUrl: (returnTo) => `${origin}/sign-in?next=${encodeURIComponent(returnTo)}`,
})

async function ask(issuer: string) {
  const body = new URLSearchParams({ client_id: 'countersign-cli', scope: 'openid profile email' })
  const response = await fetch(`${issuer}/oauth/device/authorize`, { method: 'POST', body })
  return (await response.json()) as {
    device_code: string
    user_code: string
    verification_uri_complete: string
  }
}

async function tokenOf(issuer: string, device_code: string): Promise<Record<string, string>> {
  const grant_type = 'urn:ietf:params:oauth:grant-type:device_code'
  const response = await fetch(`${issuer}/oauth/token`, {
    method: 'POST',
    headers: { prefer: 'wait=20' },
    body: new URLSearchParams({ client_id: 'countersign-cli', grant_type, device_code }),
  })
  return (await response.json()) as Record<string, string>
}

/** Every address on the page that is of this origin is below the mount, or the application's own sign-in. */
async function assertStaysBelow(page: Page): Promise<void> {
  const addresses = await page.evaluate(() =>
    [...document.querySelectorAll('a[href],form[action],link[href],script[src]')].map(
      (element) =>
        element.getAttribute('href') ?? element.getAttribute('action') ?? element.getAttribute('src') ?? '',
    ),
  )
  assert.ok(addresses.length > 2)
  for (const address of addresses)
    assert.match(address, /^\/auth(?:\/|$)|^http:\/\/localhost:\d+\/(?:auth|sign-in)|^#/, page.url())
}

for (const [name, mount] of Object.entries(mounts)) {
  test(`MD-01 MD-02 under a path of an application in ${name} that says who is signed in`, async (t) => {
    const { origin, countersign, close } = await application(mount, underHost)
    t.after(close)
    const { issuer } = countersign
    assert.equal(countersign.setupUrl, undefined)
    for (const place of [
      `${origin}/.well-known/oauth-authorization-server/auth`,
      `${origin}/.well-known/openid-configuration/auth`,
      `${issuer}/.well-known/openid-configuration`,
    ]) {
      const metadata = (await (await fetch(place)).json()) as { issuer: string; token_endpoint: string }
      assert.equal(metadata.issuer, issuer, place)
      assert.equal(metadata.token_endpoint, `${issuer}/oauth/token`)
    }
    assert.match(await (await fetch(`${origin}/other`)).text(), /the application/)

    const complaints: string[] = []
    const context = await browser.newContext()
    const page = await context.newPage()
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    const device = await ask(issuer)
    assert.equal(device.verification_uri_complete, `${issuer}/device/${device.user_code}`)
    await page.goto(`${issuer}/device`)
    await assertStaysBelow(page)
    await page.getByLabel('Code').fill(device.user_code)
    await page.getByRole('button', { name: 'Continue' }).click()
    // The application signs the person in, and brings them back to the question.
    await page.getByRole('button', { name: 'I am Mia' }).click()
    await page.waitForURL(`${issuer}/device/approve`)
    assert.match((await page.locator('main').textContent()) ?? '', /mia@app\.example/)
    await assertStaysBelow(page)
    const waiting = tokenOf(issuer, device.device_code)
    await page.getByRole('button', { name: 'Allow', exact: true }).click()
    await page.waitForURL(`${issuer}/device/connected`)
    const { access_token: token } = await waiting
    const me = await fetch(`${issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } })
    assert.equal(((await me.json()) as { email: string }).email, 'mia@app.example')

    await page.goto(`${issuer}/account`)
    assert.match((await page.locator('#devices').textContent()) ?? '', /Just connected/)
    await assertStaysBelow(page)
    assert.equal(await page.locator('#passkeys, #change-password, #browsers').count(), 0)
    await page.goto(`${issuer}/login`)
    await page.getByRole('link', { name: 'Sign in again' }).waitFor()
    assert.equal(await page.locator('input[type=password]').count(), 0)
    // Whoever signs out there is signed out here.
    await context.clearCookies({ name: 'app' })
    await page.goto(`${issuer}/account`)
    await page.getByRole('button', { name: 'I am Mia' }).waitFor()
    assert.deepEqual(complaints, [])
    await context.close()
  })
}

test('UI-06 UI-08 under a path people can sign in here, too; cookies have names of their own', async (t) => {
  const { origin, countersign, close } = await application(mounts['bare Node'] as Mount, () => ({}))
  t.after(close)
  const { issuer, setupUrl } = countersign
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(String(setupUrl))
  await assertStaysBelow(page)
  await page.getByLabel('Your name').fill('Mia')
  await page.getByLabel('E-mail address').fill('mia@example.com')
  await page.getByLabel('Password').fill('four quiet green boats')
  await page.getByRole('button', { name: 'Create account' }).click()
  await page.waitForURL(`${issuer}/account`)
  await assertStaysBelow(page)
  const names = (await context.cookies(origin)).map(({ name }) => name)
  assert.ok(names.length > 0 && names.every((one) => one.endsWith('.auth')), names.join())
  await page.locator('header').getByRole('button', { name: 'Sign out' }).click()
  const device = await ask(issuer)
  await page.goto(device.verification_uri_complete)
  await page.getByLabel('E-mail address').fill('mia@example.com')
  await page.getByLabel('Password').fill('four quiet green boats')
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL(`${issuer}/device/approve`)
  const waiting = tokenOf(issuer, device.device_code)
  await page.getByRole('button', { name: 'Allow', exact: true }).click()
  assert.ok((await waiting).access_token)
  await context.close()
})

test('UI-08 a form is good only in the session of the host that it was made in', async (t) => {
  let session = 'one'
  const { countersign, close } = await application(mounts['bare Node'] as Mount, (origin) => ({
    ...underHost(origin),
    authenticate: ({ native }) => {
      assert.ok((native as IncomingMessage).socket)
      return { id: '42', authTime: 1_700_000_000, session }
    },
  }))
  t.after(close)
  const { issuer } = countersign
  const device = await ask(issuer)
  const linked = await fetch(`${issuer}/device/${device.user_code}`, { redirect: 'manual' })
  let cookie = linked.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const found = await fetch(`${issuer}/device/approve`, { headers: { cookie }, redirect: 'manual' })
  cookie = found.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')
  const page = await (await fetch(`${issuer}/device/approve`, { headers: { cookie } })).text()
  const field = (name: string) => new RegExp(`name="${name}" value="([^"]+)"`).exec(page)?.[1] ?? ''
  const form = { proof: field('proof'), request: field('request'), decision: 'allow' }
  const decide = () =>
    fetch(`${issuer}/device/decision`, {
      method: 'POST',
      redirect: 'manual',
      headers: { cookie, 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams(form),
    })
  session = 'two'
  assert.equal((await decide()).status, 403)
  session = 'one'
  assert.equal((await decide()).status, 303)
  assert.equal((await fetch(`${issuer}/login/passkey`, { method: 'POST' })).status, 404)
})
