// What every page is held to in a real browser: axe-core in light, dark, forced colours and at 320 px; and what axe does not look at:
// sideways scrolling, and the size of targets. Which pages these are is accessibility.test.ts and accessibility.identity.test.ts.

import assert from 'node:assert/strict'
import axe from 'axe-core'
import type { Page } from 'playwright-core'

const looks = [
  { name: 'light', width: 1100, colorScheme: 'light', forcedColors: 'none' },
  { name: 'dark', width: 1100, colorScheme: 'dark', forcedColors: 'none' },
  { name: '320 px', width: 320, colorScheme: 'light', forcedColors: 'none' },
  { name: '320 px dark', width: 320, colorScheme: 'dark', forcedColors: 'none' },
  { name: 'forced colours', width: 800, colorScheme: 'dark', forcedColors: 'active' },
] as const

/** Looks at the page as it is now; `name` is what a complaint calls it. */
export async function inspectPage(page: Page, name: string): Promise<void> {
  for (const look of looks) {
    await page.setViewportSize({ width: look.width, height: 800 })
    await page.emulateMedia({ colorScheme: look.colorScheme, forcedColors: look.forcedColors })
    assert.deepEqual(await violations(page), [], `${name}, ${look.name}`)
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
    assert.ok(sideways <= 0, `${name}, ${look.name}: ${sideways} px too wide`)
    assert.deepEqual(await smallTargets(page), [], `${name}, ${look.name}`)
  }
}

async function violations(page: Page): Promise<string[]> {
  // Evaluated by the debugger, so the page's own policy does not have to allow it.
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { axe: engine } = window as unknown as { axe: typeof import('axe-core') }
    const found = await engine.run(document)
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
    )
  })
}

// 44 px high for everything that is pressed; links in running text are exempt (WCAG 2.5.8), and a box counts with its label.
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate(() =>
    [
      ...document.querySelectorAll(
        'button, .button, summary, .brand, input:not([type=hidden], [type=checkbox]), label.check',
      ),
    ]
      .filter((target) => target.checkVisibility())
      .filter((target) => target.getBoundingClientRect().height < 43.5)
      .map((target) => target.outerHTML),
  )
}
