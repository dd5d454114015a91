// `countersign login` on the machine of the browser, nothing replaced but the opener: the real program in a real terminal, the
// real server, a person in Chromium, Firefox and WebKit, with scripts and without. Where the answer goes is the program's own
// page on 127.0.0.1, to which each engine has to follow (standards.md UI-03, RU-11).
// Codes are terminal.test.ts; how many keys and clicks it takes is counted.test.ts.

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'
import { freshEnvironment, runProgram } from '../../packages/cli/src/testing/run-program.ts'
import { addPerson, person } from '../support/approve-in-store.ts'
import { type RunningServer, startServer } from '../support/process.ts'
import { endTerminals, type Pty, runInPty } from '../support/pty.ts'
import { engines } from './engines.ts'
import { browserScript, openedLink } from './opener.ts'
import { arrive, says, type Tab, type Tabs, until } from './tab.ts'

let server: RunningServer
before(async () => {
  server = await startServer({ env: { COUNTERSIGN_LOG_LEVEL: 'warn' } })
  await addPerson(server.data)
})
after(() => server?.stop())
afterEach(() => endTerminals())

const allow = 'button[name="decision"][value="allow"]'
const deny = 'button[name="decision"][value="deny"]'

type Started = { terminal: Pty; env: Record<string, string>; link: string }

async function startLogin(): Promise<Started> {
  const env: Record<string, string> = { ...freshEnvironment(), DISPLAY: ':0' }
  env.BROWSER = browserScript(env.HOME ?? '')
  const args = ['login', '--loopback', '--server', server.issuer, '--device-name', 'mia@aurora']
  const terminal = runInPty(args, env, { cols: 80, rows: 24 })
  return { terminal, env, link: await openedLink(env.HOME ?? '') }
}

for (const engine of engines()) {
  const name = `${engine.name}, scripts ${engine.scripts ? 'on' : 'off'}`
  describe(name, { skip: engine.missing ?? false }, () => {
    let tabs: Tabs
    let tab: Tab
    before(async () => {
      tabs = await engine.launch()
      tab = await tabs.open()
      await tab.go(`${server.issuer}/login`)
      await tab.fill('#email', person.email)
      await tab.fill('#password', person.password)
      await tab.click('form[action$="/login"] button.primary:not([hidden])')
      await arrive(tab, '/account')
    })
    after(() => tabs?.close())

    test('CL-05 RU-11 the link that was opened, one click, and the terminal is signed in', async () => {
      const { terminal, env, link } = await startLogin()
      assert.ok(terminal.text().includes(link), 'the link stands in the terminal, too')
      await tab.go(link)
      await says(tab, 'h1', 'Allow Countersign CLI to use your account?')
      await says(tab, '.claims', 'mia@aurora')
      await says(tab, 'main', 'Terminal did not notice? Press d there.')
      await tab.click(allow)
      await says(tab, 'main', 'You can close this tab and go back to your terminal.')
      assert.equal(await terminal.ended, 0)
      assert.match(
        terminal.text(),
        /✓ Signed in as mia@example\.com\n {4}This computer is listed as "mia@aurora"/,
      )
      // Scripts of the page take the code out of the address bar and the history.
      if (engine.scripts)
        assert.match(
          await until(
            async () => {
              const address = await tab.address()
              return address.includes('code=') ? undefined : address
            },
            async () => `the address bar holds ${await tab.address()}`,
          ),
          /^http:\/\/127\.0\.0\.1:\d+\/$/,
        )
      assert.equal((await runProgram(['status'], env)).code, 0)
      await tab.go(`${server.issuer}/account`)
      await says(tab, 'main', /Countersign CLI/)
    })

    test('DC-11 one click on Don’t allow ends both', async () => {
      const { terminal, link } = await startLogin()
      await tab.go(link)
      await tab.click(deny)
      await says(tab, 'main', 'Nothing was signed in.')
      assert.equal(await terminal.ended, 3)
    })

    test('DC-16 after Ctrl-C the page in the browser is over', async () => {
      const { terminal, link } = await startLogin()
      await tab.go(link)
      await says(tab, 'h1', 'Allow Countersign CLI')
      terminal.type('\u0003')
      assert.equal(await terminal.ended, 130)
      await tab.click(allow)
      await says(tab, 'h1', 'This request is over')
    })

    test('DC-05 d in the terminal, and the code in the browser', async () => {
      const { terminal, link } = await startLogin()
      await tab.go(link)
      terminal.type('d')
      await terminal.until(/and enter the code {7}[A-Z-]{9}/)
      const [, code = ''] = /and enter the code {7}([A-Z-]{9})/.exec(terminal.text()) ?? []
      await tab.go(`${server.issuer}/device/${code}`)
      await tab.click(allow)
      await arrive(tab, '/device/connected')
      assert.equal(await terminal.ended, 0)
    })
  })
}
