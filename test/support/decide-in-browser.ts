// What a person does in a real browser after a program has shown a link and a code: opens the link, types the code,
// signs in with the password, looks, decides. Works with scripts and without. Passkeys are test/journey/authenticator.ts;
// the pages' own tests are in test/journey.

import type { Page } from 'playwright-core'

export type Shown = { link: string; code: string }
export type Who = { email: string; password: string }
export type Choice = 'allow' | 'deny' | 'report'

/** Link and code as `countersign login` prints them. */
export function readShown(text: string): Shown {
  const link = /On any device, open +(\S+)/.exec(text)?.[1]
  const code = /and enter the code +(\S+)/.exec(text)?.[1]
  if (link === undefined || code === undefined) throw new Error(`no link and code in:\n${text}`)
  return { link, code }
}

/** Up to the question: the code is typed, the person signed in. */
export async function goToQuestion(page: Page, shown: Shown, who: Who): Promise<void> {
  await enterCode(page, shown)
  await signInWithPassword(page, who)
  await page.waitForURL('**/device/approve')
}

export async function enterCode(page: Page, { link, code }: Shown): Promise<void> {
  await page.goto(link)
  await page.getByLabel('Code').fill(code)
  await page.getByRole('button', { name: 'Continue' }).click()
}

/** On the page that asks who it is. */
export async function signInWithPassword(page: Page, { email, password }: Who): Promise<void> {
  await page.getByLabel('E-mail address').fill(email)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

export async function decide(page: Page, choice: Choice): Promise<void> {
  await page.locator(`button[name="decision"][value="${choice}"]`).click()
}
