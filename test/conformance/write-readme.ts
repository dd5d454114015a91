// Writes the tables of README.md anew: `node test/conformance/write-readme.ts && npm run format` after tests were added,
// renamed or moved.
// The text before the first table and after the last is kept; reasons come from reasons.ts.

import { readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path/posix'
import { reasons } from './reasons.ts'
import { families } from './rows.ts'
import { root, testsById } from './test-names.ts'

const begin = '<!-- rows -->'
const end = '<!-- /rows -->'
const path = join(root, 'test', 'conformance', 'README.md')
const tests = testsById()

function line(id: string): string {
  const files = tests.get(id) ?? []
  const links = files
    .slice(0, 3)
    .map((file) => `[${file.split('/').at(-1)}](${relative('test/conformance', file)})`)
  const more = files.length > 3 ? [`and ${files.length - 3} more`] : []
  const reason = reasons[id]
  const where = files.length > 0 ? `tested: ${[...links, ...more].join(', ')}` : ''
  const why = reason === undefined ? '' : `${reason.verdict}: ${reason.because}`
  return `| ${id} | ${[where, why].filter(Boolean).join('; ')} |`
}

const tables = families.map(({ prefix, about, sources, last }) => {
  const ids = Array.from({ length: last }, (_, i) => `${prefix}-${String(i + 1).padStart(2, '0')}`)
  return `### ${prefix}: ${about}\n\n${sources}\n\n| row | where, or why not |\n|---|---|\n${ids.map(line).join('\n')}\n`
})

const text = readFileSync(path, 'utf8')
const before = text.slice(0, text.indexOf(begin) + begin.length)
const after = text.slice(text.indexOf(end))
writeFileSync(path, `${before}\n\n${tables.join('\n')}\n${after}`)
