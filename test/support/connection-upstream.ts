// A real provider for connections (npm `oidc-provider`) on loopback, with the device grant, codes with PKCE, refresh tokens that may be
// used once, and revocation; anybody signs in under any name. What it gave out is written down, for tests that look for it elsewhere.
// The same software as a provider of identities is upstream.ts.

import type { Page } from 'playwright-core'
import { deviceClient, startOidcProvider } from './oidc-provider.ts'

export interface ConnectionUpstream {
  readonly issuer: string
  /** Every value that a browser may not see, by what it is: device codes, codes, verifiers, tokens. */
  readonly secrets: Map<string, Set<string>>
  /** Whether an access token that it gave out still counts. */
  isLive(token: string): Promise<boolean>
  close(): Promise<void>
}

export const deviceApp = { clientId: 'device-app' }
export const codeApp = {
  clientId: 'code-app',
  clientSecret: 'a-client-secret-of-the-provider-of-connections',
}

export interface UpstreamOptions {
  /** Where it sends browsers back to. */
  readonly callback: string
  readonly deviceCodeSeconds?: number
  readonly accessTokenSeconds?: number
}

export async function startConnectionUpstream({
  callback,
  deviceCodeSeconds = 600,
  accessTokenSeconds = 3600,
}: UpstreamOptions): Promise<ConnectionUpstream> {
  const secrets = new Map<string, Set<string>>()
  const { issuer, provider, accepts, close } = await startOidcProvider({
    clients: [
      deviceClient(deviceApp.clientId),
      {
        client_id: codeApp.clientId,
        client_secret: codeApp.clientSecret,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [callback],
      },
    ],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'] },
    features: {
      deviceFlow: { enabled: true },
      devInteractions: { enabled: true },
      revocation: { enabled: true },
    },
    ttl: {
      DeviceCode: deviceCodeSeconds,
      AccessToken: accessTokenSeconds,
      Grant: 3600,
      Interaction: 3600,
      Session: 3600,
      RefreshToken: 3600,
      IdToken: 3600,
    },
    issueRefreshToken: () => true,
    rotateRefreshToken: true,
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub, name: `${sub} there`, preferred_username: sub }),
    }),
  })
  provider.use(async (context, next) => {
    await next()
    note(secrets, context.oidc?.params)
    note(secrets, context.body)
  })
  return { issuer, secrets, isLive: accepts, close }
}

const names = ['device_code', 'code', 'code_verifier', 'access_token', 'refresh_token', 'id_token'] as const

function note(secrets: Map<string, Set<string>>, body: unknown): void {
  if (typeof body !== 'object' || body === null) return
  for (const name of names) {
    const value = (body as Record<string, unknown>)[name]
    if (typeof value !== 'string' || value === '') continue
    secrets.set(name, (secrets.get(name) ?? new Set()).add(value))
  }
}

/** On its pages for codes: types the code, sees it once more, and answers. */
export async function answerCodeThere(page: Page, code: string, login: string | 'no'): Promise<void> {
  const confirmation = page.getByText('The following code should be displayed')
  const goOn = page.getByRole('button', { name: 'Continue' })
  // A link that holds the code goes on by itself, where scripts run.
  await confirmation.or(goOn).first().waitFor()
  if (!(await confirmation.isVisible())) {
    const field = page.locator('[name=user_code]')
    if (await field.isVisible()) await field.fill(code)
    await goOn.click()
  }
  await confirmation.waitFor()
  if (login === 'no') {
    await page.getByRole('button', { name: 'Abort' }).click()
    return
  }
  await goOn.click()
  await answerThere(page, login)
  await page.getByText('Sign-in Success').waitFor()
}

/** Where it asks who somebody is, and whether they agree; signs in under this name and says yes, or says no. */
export async function answerThere(page: Page, login: string | 'no'): Promise<void> {
  if (login === 'no') {
    await page.getByRole('link', { name: 'Cancel' }).click()
    return
  }
  const [field, goOn] = [page.locator('[name=login]'), page.getByRole('button', { name: 'Continue' })]
  await field.or(goOn).first().waitFor()
  // Who was there before in this browser is only asked whether they agree.
  if (await field.isVisible()) {
    await field.fill(login)
    await page.locator('[name=password]').fill('any')
    await page.getByRole('button', { name: 'Sign-in' }).click()
  }
  await goOn.click()
}

/** The same up to the address to which the browser would be sent back, which it does not open. */
export async function callbackAfter(page: Page, login: string): Promise<string> {
  await page.locator('[name=login]').fill(login)
  await page.locator('[name=password]').fill('any')
  await page.getByRole('button', { name: 'Sign-in' }).click()
  const form = page.locator('form').filter({ has: page.getByRole('button', { name: 'Continue' }) })
  await form.waitFor()
  const start = page.url()
  let next = new URL((await form.getAttribute('action')) ?? '', start)
  const { request } = page.context()
  let answer = await request.post(next.href, { form: { prompt: 'consent' }, maxRedirects: 0 })
  while (next.origin === new URL(start).origin) {
    next = new URL(answer.headers().location ?? '', next)
    if (next.origin === new URL(start).origin) answer = await request.get(next.href, { maxRedirects: 0 })
  }
  return next.href
}
