import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeUserAgent, nameOfSignIn } from './user-agent.ts'

const mozilla = 'Mozilla/5.0'
const webkit = 'AppleWebKit/605.1.15 (KHTML, like Gecko)'

test('DA-20 programs and systems are told by their User-Agent', () => {
  const table = [
    ['countersign/0.1.0 (linux; x64)', 'countersign 0.1.0', 'Linux'],
    ['acme-cli', 'acme-cli', null],
    ['node', 'node', null],
    [`${mozilla} (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0`, 'Firefox', 'Linux'],
    [
      `${mozilla} (Macintosh; Intel Mac OS X 10_15_7) ${webkit} Version/18.1 Safari/605.1.15`,
      'Safari',
      'macOS',
    ],
    [
      `${mozilla} (iPhone; CPU iPhone OS 18_1 like Mac OS X) ${webkit} Version/18.1 Mobile/15E148 Safari/604.1`,
      'Safari',
      'iOS',
    ],
    [
      `${mozilla} (Windows NT 10.0; Win64; x64) ${webkit} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0`,
      'Edge',
      'Windows',
    ],
    [
      `${mozilla} (Linux; Android 10; K) ${webkit} Chrome/142.0.0.0 Mobile Safari/537.36`,
      'Chrome',
      'Android',
    ],
    [mozilla, null, null],
    ['', null, null],
    ['<b>/1', null, null],
  ] as const
  for (const [userAgent, program, system] of table) {
    assert.deepEqual(describeUserAgent(userAgent), { program, system }, userAgent)
  }
})

test('DV-20 a sign-in that nobody named is named after the program and the browser', () => {
  const firefox = `${mozilla} (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0`
  assert.equal(nameOfSignIn('Editor', firefox), 'Editor (Firefox, Linux)')
  assert.equal(nameOfSignIn('Editor', 'curl/8.5'), 'Editor (curl 8.5)')
  assert.equal(nameOfSignIn('Editor', ''), 'Editor')
  assert.equal(nameOfSignIn('🛠'.repeat(100), ''), '🛠'.repeat(30))
})
