// A virtual authenticator in Chromium, which has the person's finger always on it, and what a person does with passkeys
// on the pages: add one, sign in with it. Passwords are ../support/decide-in-browser.ts.

import type { Page } from 'playwright-core'

export type Authenticator = {
  /** Whether the person proves to the authenticator who they are, by a finger or a PIN. */
  setUserVerified: (isUserVerified: boolean) => Promise<void>
}

/** For this page only; its passkeys go with it. */
export async function addAuthenticator(page: Page): Promise<Authenticator> {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return {
    setUserVerified: async (isUserVerified) => {
      await devtools.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })
    },
  }
}

/** On the account page. */
export async function addPasskey(page: Page, name: string): Promise<void> {
  await page.getByLabel('Name for a new passkey').fill(name)
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('status').filter({ hasText: 'The passkey was added.' }).waitFor()
}

/** On the page that asks who it is. */
export const signInWithPasskey = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Sign in with a passkey' }).click()
