// The log as bytes: one JSON object a line on stderr, errors with their stack, secrets redacted.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

function logged(statement: string, level = 'info'): Record<string, unknown>[] {
  const source = JSON.stringify(new URL('./log.ts', import.meta.url).href)
  const program = `const { createLog } = await import(${source}); const log = createLog(${JSON.stringify(level)}); ${statement}`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
  })
  assert.equal(stdout, '')
  return stderr
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('G-21 a fault is logged with its message, stack and cause', () => {
  const [line] = logged(
    `log.error('fault', { id: 'x', error: new Error('outer', { cause: new Error('inner') }) })`,
  )
  assert.deepEqual([line?.msg, line?.id], ['fault', 'x'])
  const { message, stack } = (line?.error ?? {}) as { message: string; stack: string }
  assert.match(message, /outer/)
  assert.match(stack, /inner/)
})

test('G-20 members that name a secret are redacted, and line breaks stay inside their line', () => {
  const lines = logged(
    `log.warn('a\\nb', { token: 'csr_x', user_code: 'WDJB', clientId: 'c\\n{"level":60}' })`,
  )
  assert.equal(lines.length, 1)
  assert.deepEqual(
    [lines[0]?.token, lines[0]?.user_code, lines[0]?.clientId],
    ['[redacted]', '[redacted]', 'c\n{"level":60}'],
  )
})

test('the level decides', () => {
  assert.equal(logged(`log.info('a'); log.warn('b'); log.error('c')`, 'error').length, 1)
  assert.equal(logged(`log.info('a'); log.error('c')`, 'silent').length, 0)
})
