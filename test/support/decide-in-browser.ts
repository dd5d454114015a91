// What a person does in a real browser after a program has shown a link and a code: opens the link, types the code,
// signs in with the password, looks, decides. Works with scripts and without. The pages' own tests are in test/journey.

import type { Page } from 'playwright-core'

export type Shown = { link: string; code: string }
export type Choice = 'allow' | 'deny' | 'report'

/** Link and code as `countersign login` prints them. */
export function readShown(text: string): Shown {
  const link = /On any device, open +(\S+)/.exec(text)?.[1]
  const code = /and enter the code +(\S+)/.exec(text)?.[1]
  if (link === undefined || code === undefined) throw new Error(`no link and code in:\n${text}`)
  return { link, code }
}

/** Up to the question: the code is typed, the person signed in. */
export async function goToQuestion(
  page: Page,
  shown: Shown,
  who: { email: string; password: string },
): Promise<void> {
  await page.goto(shown.link)
  await page.getByLabel('Code').fill(shown.code)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByLabel('E-mail address').fill(who.email)
  await page.getByLabel('Password').fill(who.password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL('**/device/approve')
}

export async function decide(page: Page, choice: Choice): Promise<void> {
  await page.locator(`button[name="decision"][value="${choice}"]`).click()
}
