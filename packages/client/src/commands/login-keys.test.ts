// What the keys of a waiting login send to the terminal: the link to the clipboard, and what is left of a line that is too
// wide. In a real pseudo-terminal: packages/cli/src/main.link.pty.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Terminal } from '../terminal/terminal.ts'
import { copyLink, fitting } from './login-keys.ts'

const link = 'https://login.example/a/Vt3kQ9yXn0b1mZr6TqLw2A'
const copied = `\u001b]52;c;${Buffer.from(link).toString('base64')}\u0007`

function drawnBy(env: Record<string, string>): string {
  let drawn = ''
  const draw = (text: string): void => {
    drawn += text
  }
  copyLink({ env, draw } as Terminal, link)
  return drawn
}

test('the link goes to the clipboard by OSC 52, over SSH as well', () => {
  assert.equal(drawnBy({}), copied)
})

test('inside tmux the sequence is wrapped, so that tmux passes it on', () => {
  const drawn = drawnBy({ TMUX: '/tmp/tmux-1000/default,1,0' })
  assert.ok(drawn.startsWith('\u001bPtmux;') && drawn.endsWith('\u001b\\'))
  const inside = drawn.slice('\u001bPtmux;'.length, -'\u001b\\'.length)
  assert.equal(inside.replaceAll('\u001b\u001b', '\u001b'), copied)
})

test('a narrow window loses the last parts of a line first, and never half of a part', () => {
  const parts = ['  ⠙ Waiting, 9:58 left', '    c copy link · q QR code · ^C cancel', '     (SSH session)']
  assert.equal(fitting(parts, 80), parts.join(''))
  assert.equal(fitting(parts, 70), parts.slice(0, 2).join(''))
  assert.equal(fitting(parts, 40), parts[0])
  assert.equal(fitting(parts, 5), parts[0])
})
