// The browsers that a journey runs in: three engines, each with scripts and without, and why one cannot run on this machine.
// How each is driven is tab-chromium.ts, tab-firefox.ts and tab-webkit.ts.

import type { Tabs } from './tab.ts'
import { launchChromiumTabs } from './tab-chromium.ts'
import { findFirefox, launchFirefoxTabs } from './tab-firefox.ts'
import { findWebKit, launchWebKitTabs } from './tab-webkit.ts'

export interface Engine {
  readonly name: string
  readonly scripts: boolean
  /** Why it cannot run here; undefined when it can. */
  readonly missing: string | undefined
  launch(): Promise<Tabs>
}

export function engines(): readonly Engine[] {
  const [firefox, webkit] = [findFirefox(), findWebKit()]
  return [true, false].flatMap((scripts) => [
    { name: 'Chromium', scripts, missing: undefined, launch: () => launchChromiumTabs(scripts) },
    { name: 'Firefox', scripts, missing: firefox.missing, launch: () => launchFirefoxTabs(firefox, scripts) },
    { name: 'WebKit', scripts, missing: webkit.missing, launch: () => launchWebKitTabs(webkit, scripts) },
  ])
}
