// Which requirement ids the names of tests carry, and in which files: what `test(`, `it(` and the `scene(` of contracts are called with.
// The ids themselves are in rows.ts.

import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..', '..')

const call = /\b(?:test|it|describe|scene)(?:\.\w+)?\(\s*(['"`])((?:\\.|(?!\1)[\s\S])*)\1/g
// Those of the rows, and of the defects that one surveyed login has (defects.test.ts).
const id = /\b(?:[A-Z]{1,3}-\d\d|OSA-D\d{1,2})\b/g

export const idsIn = (text: string): string[] => text.match(id) ?? []

export const namesIn = (text: string): string[] => [...text.matchAll(call)].map(([, , name = '']) => name)

/** The ids in the names of the tests of one source text. */
export const idsInNames = (text: string): Set<string> => new Set(namesIn(text).flatMap(idsIn))

/** Each id with the files, from the root, whose tests bear it. */
export function testsById(): Map<string, string[]> {
  const found = new Map<string, string[]>()
  const files = globSync(['packages/*/src/**/*.ts', '{test,bench,examples,scripts}/**/*.ts'], { cwd: root })
  for (const file of files.map((path) => path.replaceAll('\\', '/')).sort()) {
    // These hold tests that other files run.
    if (!/\.test\.ts$|contract[^/]*\.ts$|-suite\.ts$/.test(file)) continue
    for (const one of idsInNames(readFileSync(join(root, file), 'utf8'))) {
      found.set(one, [...(found.get(one) ?? []), file])
    }
  }
  return found
}
