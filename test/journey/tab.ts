// A tab of a real browser, as little of it as a person needs: go somewhere, read, fill in, click, go back; and waiting for what comes.
// Three engines know how: tab-chromium.ts, tab-firefox.ts and tab-webkit.ts; which there are is engines.ts.

import assert from 'node:assert/strict'

export interface Tab {
  go(address: string): Promise<void>
  address(): Promise<string>
  /** The text of the first element that matches, its white space evened out; undefined when there is none. */
  text(selector: string): Promise<string | undefined>
  fill(selector: string, value: string): Promise<void>
  /** Does not wait for what follows: that is for `arrive`. */
  click(selector: string): Promise<void>
  back(): Promise<void>
  reload(): Promise<void>
  close(): Promise<void>
}

export interface Tabs {
  /** Another tab of the same person: they share cookies. */
  open(): Promise<Tab>
  /** Drops all cookies: as a browser that was never here. */
  forget(): Promise<void>
  /** What the engine complained about, where it tells: a blocked form, style or script. */
  readonly complaints: string[]
  close(): Promise<void>
}

/** Waits until the tab is at an address that holds `part`, whatever redirects lead there. */
export async function arrive(tab: Tab, part: string): Promise<string> {
  return until(
    async () => {
      const address = await tab.address()
      return address.includes(part) ? address : undefined
    },
    async () => `the tab is at ${await tab.address()}, not at ${part}: ${await tab.text('main')}`,
  )
}

/** Waits until an element says this. */
export async function says(tab: Tab, selector: string, part: string | RegExp): Promise<string> {
  return until(
    async () => {
      const text = await tab.text(selector)
      return text !== undefined && (typeof part === 'string' ? text.includes(part) : part.test(text))
        ? text
        : undefined
    },
    async () => `${selector} says "${await tab.text(selector)}" at ${await tab.address()}, not ${part}`,
  )
}

// Long enough for a machine that does much else; a page that comes at all comes in a fraction of it.
const patience = 15_000

export async function until<T>(look: () => Promise<T | undefined>, what: () => Promise<string>): Promise<T> {
  const end = Date.now() + patience
  for (;;) {
    // In the middle of a navigation there is nothing to look at, and every engine says so in another way.
    const seen = await look().catch(() => undefined)
    if (seen !== undefined) return seen
    if (Date.now() > end) assert.fail(await what())
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

export const evened = (text: string): string => text.replace(/\s+/g, ' ').trim()
