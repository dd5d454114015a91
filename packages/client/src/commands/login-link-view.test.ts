// What stands above the line that waits, as plain lines: where nothing can be redrawn. In a real terminal: test/journey.
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { createApp } from '../app.ts'
import { system } from '../system.ts'
import { createTerminal } from '../terminal/terminal.ts'
import { openLinkView } from './login-link-view.ts'

const url = 'https://login.acme.dev/a/Vt3kQ9yXn0b1mZr6TqLw2A'

function shown(options: { open: boolean; why?: string }): string[] {
  const stderr = new PassThrough()
  const streams = Object.create(process, { stderr: { value: stderr } })
  const context = {
    app: createApp({ clientId: 'acme-cli', appName: 'Acme' }),
    terminal: createTerminal(streams, {}),
    env: {},
    cwd: '/',
    system,
  }
  const link = { url, expiresIn: 600, state: '', nonce: '', verifier: '' }
  openLinkView(link, { context, json: false, ...options }).close()
  return String(stderr.read()).split('\n').slice(0, 3)
}

test('CL-18 what the sign-in is for and what happens now are one line; the link stands below it in any case', () => {
  const why = 'This needs one more permission: deploy:production.'
  assert.deepEqual(shown({ open: true }), ['  Opening your browser:', `  ${url}`, ''])
  assert.deepEqual(shown({ open: true, why }), [`  ${why} Opening your browser…`, `  ${url}`, ''])
  const unopened = '  Open this link in a browser on this computer:'
  assert.deepEqual(shown({ open: false, why }), [`  ${why}`, unopened, `  ${url}`])
})
