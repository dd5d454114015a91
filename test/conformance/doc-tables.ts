// The tables of a document in docs/ whose cells name tests, and what of that is not there: a requirement id (`AZ-03`), a
// file in backticks, a part of a test's name in “quotes” after its file. Which tables: threats.test.ts, complaints.test.ts.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { idsIn, namesIn, root, testsById } from './test-names.ts'

export type Row = { line: string; cells: readonly string[] }

/** The rows of all tables, without their heads. */
export function tableRows(document: string): Row[] {
  const lines = readFileSync(join(root, 'docs', document), 'utf8').split('\n')
  return lines
    .filter((line, at) => line.startsWith('| ') && !lines[at + 1]?.startsWith('|---'))
    .map((line) => ({ line, cells: line.split('|').slice(1, -1) }))
}

/** Whatever is named in this cell and is not there; that nothing is named counts, too. */
export function notThere(cell: string): string[] {
  const wrong = idsIn(cell)
    .filter((id) => !tests.has(id))
    .map((id) => `no test is named ${id}`)
  let names: string[] | undefined
  let count = idsIn(cell).length
  for (const [, file, name] of cell.matchAll(/`([^`]+)`|“([^”]+)”/g)) {
    count += 1
    if (file !== undefined) {
      const path = join(root, file)
      if (!existsSync(path)) wrong.push(`there is no ${file}`)
      names = existsSync(path) && file.endsWith('.ts') ? namesIn(readFileSync(path, 'utf8')) : undefined
    } else if (!names?.some((one) => one.includes(name ?? '')))
      wrong.push(`no test before it has in its name: ${name}`)
  }
  return count === 0 ? ['no test is named'] : wrong
}

const tests = testsById()
