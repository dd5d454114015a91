// No requirement is silently missing: each row is a test by its name or listed with a reason, and README.md says which.

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { reasons } from './reasons.ts'
import { rowIds } from './rows.ts'
import { idsIn, idsInNames, root, testsById } from './test-names.ts'

const here = join(root, 'test', 'conformance')
const readme = new Map(
  [...readFileSync(join(here, 'README.md'), 'utf8').matchAll(/^\| *([A-Z]{1,3}-\d\d) *\| *(.*?) *\|$/gm)].map(
    ([, id = '', cell = '']) => [id, cell],
  ),
)
const tests = testsById()

test('every row is tested by name or has a reason', () => {
  assert.deepEqual(
    rowIds.filter((id) => !tests.has(id) && reasons[id] === undefined),
    [],
  )
})

test('every row is in the README, and the README has no other', () => {
  assert.deepEqual([...readme.keys()], [...rowIds])
  for (const [id, cell] of readme)
    assert.match(cell, /^(tested|not applicable yet|not offered|shown by): ./, id)
})

test('what the README calls tested bears the id in the files that it names', () => {
  for (const [id, cell] of readme) {
    if (!cell.startsWith('tested: ')) continue
    assert.ok(tests.has(id), `${id} is called tested, and no test bears it`)
    for (const [, file = ''] of cell.matchAll(/\]\(([^)]+)\)/g)) {
      const path = join(here, file)
      const hint = `${id}: ${file}; run test/conformance/write-readme.ts`
      assert.ok(existsSync(path) && idsInNames(readFileSync(path, 'utf8')).has(id), hint)
    }
  }
})

test('what the README does not call tested has no test, and its reason is the one of reasons.ts', () => {
  for (const [id, cell] of readme) {
    const reason = reasons[id]
    if (!cell.startsWith('tested: ')) assert.ok(reason !== undefined, `${id} has neither test nor reason`)
    if (reason !== undefined) assert.ok(cell.includes(`${reason.verdict}: ${reason.because}`), id)
  }
})

test('a reason is for a row that there is, and says whether that has a test', () => {
  const known = new Set(rowIds)
  for (const [id, { verdict }] of Object.entries(reasons)) {
    assert.ok(known.has(id), id)
    assert.equal(verdict === 'partly', tests.has(id), `${id} is called ${verdict}`)
  }
})

test('where a reason says which rows show it, tests bear their ids', () => {
  for (const [id, { verdict, because }] of Object.entries(reasons)) {
    if (verdict !== 'shown by') continue
    const named = idsIn(because)
    assert.ok(named.length > 0, id)
    for (const one of named) assert.ok(tests.has(one), `${id} is to be shown by ${one}, which no test bears`)
  }
})

test('ids are read from names only: of tests, in any quotes, over several lines', () => {
  const text = `// G-01\ntest('G-02 G-03 it’s', () => {})\nit(\n  "LP-01 x",\n)\ntest(\`DA-01 \${y}\`, f)\nconst z = 'G-04'\ntest.skip('a \\' G-05', f)`
  assert.deepEqual([...idsInNames(text)], ['G-02', 'G-03', 'LP-01', 'DA-01', 'G-05'])
})
