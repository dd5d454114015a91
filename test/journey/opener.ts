// The browser that `countersign login` opens, replaced by a script that writes the link down, for a test that drives a real one.
// What opens which browser is tested in packages/client and packages/cli.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** For BROWSER. */
export function browserScript(home: string): string {
  const path = join(home, 'browser')
  const write = `require('node:fs').writeFileSync(${JSON.stringify(linkFile(home))}, process.argv[2] + '\\n')`
  writeFileSync(path, `#!${process.execPath}\n${write}\n`, { mode: 0o755 })
  return path
}

/** The link that was opened last, as soon as there is one. */
export async function openedLink(home: string): Promise<string> {
  for (
    const end = Date.now() + 15_000;
    Date.now() < end;
    await new Promise((resolve) => setTimeout(resolve, 20))
  ) {
    const text = existsSync(linkFile(home)) ? readFileSync(linkFile(home), 'utf8') : ''
    if (text.endsWith('\n')) return text.trim()
  }
  throw new Error('no browser was opened')
}

const linkFile = (home: string): string => join(home, 'opened-link')
