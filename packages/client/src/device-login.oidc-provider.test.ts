// The device login against an authorization server that we did not write (npm `oidc-provider`), from
// discovery to tokens, account, refresh and revocation. Its pages are driven by plain form posts.
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { deviceClient, type OidcProvider, startOidcProvider } from '../../../test/support/oidc-provider.ts'
import { keyOf, openStore } from './credentials.ts'
import { freshCredential } from './refresh.ts'
import { signIn } from './sign-in.ts'
import { signOut } from './sign-out.ts'
import { system } from './system.ts'
import { virtualSystem } from './testing/virtual-time.ts'

let server: OidcProvider
let issuer: string

before(async () => {
  server = await startOidcProvider({
    clients: [deviceClient('test-cli')],
    claims: { openid: ['sub'], email: ['email'], profile: ['name'] },
    features: {
      deviceFlow: { enabled: true },
      revocation: { enabled: true },
      devInteractions: { enabled: true },
    },
    issueRefreshToken: async () => true,
    findAccount: (_context: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, name: 'Mia' }),
    }),
  })
  issuer = server.issuer
})

after(() => server.close())

test('DC-01 DC-11 our device login completes against oidc-provider, is kept, renews and is revoked', async () => {
  const store = openStore({ directory: join(mkdtempSync(join(tmpdir(), 'store-')), 'c') })
  const { credential } = await signIn({
    issuer,
    clientId: 'test-cli',
    scope: 'openid email profile offline_access',
    store,
    system: virtualSystem(),
    onCode: (code) => void approve(code.verificationUri, code.userCode),
  })
  assert.deepEqual(credential.account, { id: 'mia', email: 'mia@example.com', name: 'Mia' })

  const key = keyOf(credential)
  const renewed = await freshCredential({ store, key, system, refused: credential.accessToken })
  assert.notEqual(renewed.accessToken, credential.accessToken)
  const me = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${renewed.accessToken}` } })
  assert.equal(me.status, 200)

  assert.equal((await signOut({ store, key }))?.server, 'revoked')
  const after = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${renewed.accessToken}` } })
  assert.equal(after.status, 401)
  assert.equal(store.read(key), undefined)
})

/** A person with a browser that has no scripts: follows redirects, keeps cookies, submits the forms. */
async function approve(verificationUri: string, userCode: string): Promise<void> {
  const browser = plainBrowser()
  let view = await browser.open(verificationUri)
  for (let step = 0; step < 6 && view.form; step += 1) {
    const { action, fields } = view.form
    if ('user_code' in fields || view.text.includes('name="user_code"')) fields.user_code = userCode
    if (view.text.includes('name="login"')) Object.assign(fields, { login: 'mia', password: 'any' })
    view = await browser.post(action, fields)
  }
}

type View = { text: string; form?: { action: string; fields: Record<string, string> } }

function plainBrowser(): {
  open: (url: string) => Promise<View>
  post: (url: string, fields: Record<string, string>) => Promise<View>
} {
  const cookies = new Map<string, string>()
  const request = async (url: string, fields?: Record<string, string>): Promise<View> => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(fields ? { method: 'POST', body: new URLSearchParams(fields) } : {}),
    })
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = (line.split(';')[0] ?? '').split(/=(.*)/)
      if (name) cookies.set(name, value ?? '')
    }
    const location = response.headers.get('location')
    if (location) return request(new URL(location, url).href)
    return viewOf(await response.text(), url)
  }
  return { open: (url) => request(url), post: (url, fields) => request(url, fields) }
}

function viewOf(html: string, base: string): View {
  const form = /<form[\s\S]*?<\/form>/i.exec(html)?.[0]
  if (!form) return { text: html }
  const action = /action="([^"]*)"/i.exec(form)?.[1] ?? ''
  const fields: Record<string, string> = {}
  for (const [tag] of form.matchAll(/<input[^>]*>/gi)) {
    const name = /name="([^"]*)"/i.exec(tag)?.[1]
    if (name) fields[name] = /value="([^"]*)"/i.exec(tag)?.[1] ?? ''
  }
  return { text: form, form: { action: new URL(action.replaceAll('&amp;', '&'), base).href, fields } }
}
