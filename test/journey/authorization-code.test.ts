// An app sends a person here and gets them back: sign-in, question, answer, and what people do in between, in Chromium, Firefox
// and WebKit, with scripts and without. The app's callback leads on to another host, which is where form-action would
// stop Chromium and WebKit (standards.md UI-03). What an engine lacks on this machine is printed as the reason of a skip.

import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { addPerson, person } from '../support/approve-in-store.ts'
import { type RunningServer, startServer } from '../support/process.ts'
import { type App, type AppOptions, codesOf, expireRequests, startApp } from './app.ts'
import { engines } from './engines.ts'
import { arrive, says, type Tab, type Tabs, until } from './tab.ts'

const sol = { email: 'sol@example.com', name: 'Sol', password: 'seven slow yellow kites' }
const secret = 'a-secret-of-more-than-thirty-two-characters'

let server: RunningServer
before(async () => {
  server = await startServer({ env: { COUNTERSIGN_LOG_LEVEL: 'warn' } })
  await addPerson(server.data)
  await addPerson(server.data, sol)
})
after(() => server?.stop())

const allow = 'button[name="decision"][value="allow"]'
const deny = 'button[name="decision"][value="deny"]'
const signInButton = 'form[action$="/login"] button.primary:not([hidden])'

for (const engine of engines()) {
  const name = `${engine.name}, scripts ${engine.scripts ? 'on' : 'off'}`
  describe(name, { skip: engine.missing ?? false }, () => {
    let tabs: Tabs
    let tab: Tab
    const apps: App[] = []
    const start = async (options: Partial<AppOptions> = {}): Promise<App> => {
      const app = await startApp({ issuer: server.issuer, data: server.data, name: 'Editor', ...options })
      apps.push(app)
      return app
    }
    before(async () => {
      tabs = await engine.launch()
    })
    after(() => tabs?.close())
    beforeEach(async () => {
      tab = await tabs.open()
      await tab.go(`${server.issuer}/`)
      await tabs.forget()
      tabs.complaints.length = 0
    })
    afterEach(async () => {
      await tab.close()
      await Promise.all(apps.splice(0).map((app) => app.close()))
    })

    const enter = async (on: Tab, who: { email: string; password: string } = person) => {
      await on.fill('#email', who.email)
      await on.fill('#password', who.password)
      await on.click(signInButton)
    }
    /** Up to the question of an app, by somebody who was not signed in. */
    const question = async (app: App, more: Record<string, string> = {}) => {
      await tab.go(app.begin(more))
      await arrive(tab, '/login?request=')
      await enter(tab)
      await arrive(tab, '/consent?request=')
    }
    const isWelcome = (on: Tab) => says(on, 'main', 'Welcome back')

    test('UI-11 AZ-25 sign-in, a question with one scope left out, and back to the app and beyond', async () => {
      const app = await start()
      await question(app)
      await says(tab, 'h1', 'Allow Editor to use your account?')
      await says(tab, '.who', person.email)
      await says(tab, '.permissions', 'read your notes')
      await tab.click('input[name="scope.notes:delete"]')
      await tab.click(allow)
      await isWelcome(tab)
      assert.ok((await app.answer()).get('code'))
      assert.equal(app.answers(), 1)
      assert.equal((await app.redeem()).scope, 'openid email notes:read')
      assert.deepEqual(tabs.complaints, [])
    })

    test('AZ-12 Don’t allow takes the answer to the app', async () => {
      const app = await start()
      await question(app)
      await tab.click(deny)
      await isWelcome(tab)
      assert.equal((await app.answer()).get('error'), 'access_denied')
      assert.deepEqual(tabs.complaints, [])
    })

    test('AZ-25 a request whose time is over says so, and sends nobody anywhere', async () => {
      const app = await start()
      await question(app)
      await expireRequests(server.data)
      await tab.click(allow)
      await says(tab, 'h1', 'This request is over')
      assert.equal(app.answers(), 0)
    })

    test('UI-03 loopback by each of its names, and remembered consent straight from the sign-in', async () => {
      for (const host of ['127.0.0.1', '[::1]', 'localhost'] as const) {
        const app = await start({ host, secret })
        await tab.go(app.begin({ scope: 'openid', prompt: 'login' }))
        await arrive(tab, '/login?request=')
        await enter(tab)
        await arrive(tab, '/consent?request=')
        await tab.click(allow)
        await isWelcome(tab)
        assert.ok((await app.redeem()).access_token)
        // Nothing is left to ask; the form that leads to the app is now the one of the sign-in.
        await tab.go(app.begin({ scope: 'openid', prompt: 'login' }))
        await enter(tab)
        await isWelcome(tab)
        assert.ok((await app.answer()).get('code'))
      }
      assert.deepEqual(tabs.complaints, [])
    })

    test('UI-03 nothing stands in the way of an app that is opened by a scheme of its own', async () => {
      const app = await start({ redirectUri: 'com.example.editor:/back' })
      await question(app)
      await says(tab, '.notice', 'Any app on this device')
      await tab.click(allow)
      const issued = async () => ((await codesOf(server.data, app.client)) === 1 ? true : undefined)
      await until(issued, async () => 'no code was issued')
      // Nobody here has such an app, so this is as far as a browser gets; the policy must not be what it complains of.
      assert.deepEqual(
        tabs.complaints.filter((said) => /form-action|Content Security Policy/i.test(said)),
        [],
      )
    })

    test('AZ-25 Back and reload: before the answer they ask again, after it they repeat nothing', async () => {
      const app = await start()
      await question(app)
      await tab.reload()
      await says(tab, 'h1', 'Allow Editor')
      await tab.back()
      await arrive(tab, '/login?request=')
      await tab.go(`${server.issuer}/`)
      await tab.back()
      await arrive(tab, '/login?request=')
      await tab.click('form[action$="/login/continue"] button')
      await arrive(tab, '/consent?request=')
      await tab.click(allow)
      await isWelcome(tab)
      await tab.back()
      await says(tab, 'h1', 'This request is over')
      await tab.reload()
      await says(tab, 'h1', 'This request is over')
      assert.equal(app.answers(), 1)
      assert.ok((await app.redeem()).access_token)
    })

    test('AZ-25 two tabs are two requests, each answered by its own page', async () => {
      const [one, two] = [await start({ name: 'Editor One' }), await start({ name: 'Editor Two' })]
      await question(one)
      const second = await tabs.open()
      await second.go(two.begin())
      await says(second, 'h1', 'Allow Editor Two')
      await tab.click(deny)
      await isWelcome(tab)
      await second.click(allow)
      await isWelcome(second)
      assert.equal((await one.answer()).get('error'), 'access_denied')
      assert.ok((await two.redeem()).access_token)
      await second.close()
    })

    test('AZ-17 another account: by the link on the page, and by another tab that signed in meanwhile', async () => {
      const app = await start()
      await question(app)
      await tab.click('.who a')
      await arrive(tab, '/login?request=')
      await enter(tab, sol)
      await says(tab, '.who', sol.email)
      // In another tab the first person is back; this page must not decide for them.
      const second = await tabs.open()
      await second.go(`${server.issuer}/login`)
      await enter(second)
      await arrive(second, '/account')
      await tab.click(allow)
      await says(tab, '.notice', 'You signed in or out since this page was opened')
      await says(tab, '.who', person.email)
      assert.equal(app.answers(), 0)
      await tab.click(allow)
      await isWelcome(tab)
      assert.ok((await app.redeem()).access_token)
      await second.close()
    })

    test('UI-12 what was agreed to is listed on the account page, and withdrawing it ends the token', async () => {
      const app = await start({ name: `Withdrawn ${name}`, secret })
      await question(app)
      await tab.click(allow)
      await isWelcome(tab)
      const { access_token: token } = await app.redeem()
      const use = async () =>
        (await fetch(`${server.issuer}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } }))
          .status
      assert.equal(await use(), 200)
      await tab.go(`${server.issuer}/account`)
      await says(tab, '#apps', `Withdrawn ${name}`)
      // Other journeys agreed in the same second, so this app may stand anywhere in the list.
      const withdraw = `button[aria-label="Withdraw: Withdrawn ${name}"]`
      const row = `#apps details:has(${withdraw})`
      await tab.click(`${row} summary`)
      await says(tab, `${row} form`, 'signs')
      await tab.click(`${row} ${withdraw}`)
      await says(tab, '.notice', 'was withdrawn')
      assert.equal(await use(), 401)
    })
  })
}
