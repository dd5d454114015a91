// What the custom element may weigh and must never do, by its text. What it does is test/broker/element.test.ts, in a browser.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { elementScript } from './script.ts'

test('the element as it is sent weighs less than 10 kB', async () => {
  const sent = await elementScript(new Request('https://app.example/element.js')).arrayBuffer()
  assert.ok(sent.byteLength < 10_000, `${sent.byteLength} bytes`)
  const file = readFileSync(new URL('./connect.js', import.meta.url))
  assert.ok(file.equals(new Uint8Array(sent)))
})

test('a page that is rendered on a server may import the element there; it does nothing', async () => {
  assert.equal('HTMLElement' in globalThis, false)
  assert.deepEqual(Object.keys(await import(import.meta.resolve('@countersign/broker/element'))), [])
})

test('the element turns no text into markup or code', () => {
  const script = readFileSync(new URL('./connect.js', import.meta.url), 'utf8')
  assert.doesNotMatch(
    script,
    /innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|\.style\b/,
  )
})
