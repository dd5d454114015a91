// Tabs in Chromium, by playwright-core. The interface is tab.ts; how Chromium is found and started, ../support/chromium.ts.
// Nothing here waits for a navigation: that is for whoever knows what should come.

import type { Page } from 'playwright-core'
import { launchChromium } from '../support/chromium.ts'
import { evened, type Tab, type Tabs } from './tab.ts'

export async function launchChromiumTabs(scripts: boolean): Promise<Tabs> {
  const browser = await launchChromium()
  const context = await browser.newContext({ javaScriptEnabled: scripts })
  context.setDefaultTimeout(15_000)
  const complaints: string[] = []
  context.on('console', (message) => {
    // A status of 400 for a wrong or late form is meant; whatever else is an error is not.
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) complaints.push(message.text())
  })
  return {
    complaints,
    open: async () => tabOf(await context.newPage()),
    forget: () => context.clearCookies(),
    close: () => browser.close(),
  }
}

export function tabOf(page: Page): Tab {
  return {
    go: async (address) => {
      await page.goto(address)
    },
    address: async () => page.url(),
    async text(selector) {
      const found = page.locator(selector).first()
      return (await found.count()) === 0 ? undefined : evened((await found.textContent()) ?? '')
    },
    fill: (selector, value) => page.locator(selector).fill(value),
    click: (selector) => page.locator(selector).first().click({ noWaitAfter: true }),
    back: async () => {
      await page.goBack()
    },
    reload: async () => {
      await page.reload()
    },
    close: () => page.close(),
  }
}
