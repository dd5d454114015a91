// Opening a link, with programs of our own in the place of a browser: what they are given, and that nothing they do or fail
// to do is more than a hint. Which browser it is: environment.test.ts.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { openBrowser } from './opener.ts'

const directory = mkdtempSync(join(tmpdir(), 'countersign-opener-'))
after(() => rmSync(directory, { recursive: true, force: true }))

function browserThat(does: string): string {
  const path = join(directory, 'browser.mjs')
  writeFileSync(path, `#!${process.execPath}\n${does}\n`, { mode: 0o755 })
  return path
}

const hintFrom = (command: readonly string[]): Promise<string> =>
  new Promise((resolve) => void openBrowser('https://login.example/a/x', { command }, resolve))

test('complaint 4: a browser that is not there, or no program, is a hint and no error', async () => {
  assert.equal(await hintFrom([join(directory, 'none')]), 'ENOENT')
  const text = join(directory, 'text')
  writeFileSync(text, 'no program')
  assert.equal(await hintFrom([text]), 'EACCES')
  assert.equal(await hintFrom([browserThat('process.exit(3)')]), 'it ended with code 3')
})

test('CL-05 the link is one argument, whatever is in it, and no shell reads it', async () => {
  const [seen, made] = [join(directory, 'seen'), join(directory, 'made')]
  const path = browserThat(
    `import { writeFileSync } from 'node:fs'\nwriteFileSync(${JSON.stringify(seen)}, JSON.stringify(process.argv.slice(2)))\nprocess.exit(9)`,
  )
  const link = `https://login.example/a/$(touch ${made});&touch ${made}`
  for (const [given, expected] of [
    [['--new-window'], ['--new-window', link]],
    [['--url=%s'], [`--url=${link}`]],
  ] as const) {
    // It ends with a failure, so that there is a moment to wait for.
    await new Promise((resolve) => void openBrowser(link, { command: [path, ...given] }, resolve))
    assert.deepEqual(JSON.parse(readFileSync(seen, 'utf8')), expected)
  }
  assert.ok(!existsSync(made))
})
