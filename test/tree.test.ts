// The house keeps its own rules: arrows, cycles, clock sites, headers, sizes, places, links, lock file.
// The rules are support/house-rules.ts; here they meet the tree, and a sample that breaks each of them.

import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import * as rules from './support/house-rules.ts'
import { importsOf, withoutTexts } from './support/source-text.ts'

const root = join(import.meta.dirname, '..')
const skipped = (path: string) => /(^|[\\/])(node_modules|dist|\.git)([\\/]|$)/.test(path)

function read(...patterns: string[]): rules.SourceFile[] {
  return globSync(patterns, { cwd: root, exclude: skipped })
    .map((path) => path.replaceAll('\\', '/'))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

const sources = read('packages/*/src/**/*.ts', '{test,bench,examples,scripts}/**/*.{ts,mjs}')
const inPackages = sources.filter((file) => file.path.startsWith('packages/'))
const documents = read('*.md', '{docs,packages,examples,bench,test}/**/*.md')
const everything = [
  ...sources,
  ...documents,
  ...read('*.json', 'packages/*/*.json', '.npmrc', '.gitignore', '.ci/*', 'LICENSE'),
  ...read('packages/*/src/**/*.{sql,css,js,json,html,svg}'),
]
const manifests = Object.fromEntries(
  read('packages/*/package.json').map(({ path, text }) => [
    path.replace('/package.json', ''),
    JSON.parse(text) as rules.Manifest,
  ]),
)

function keeps(problems: string[]): void {
  assert.ok(problems.length === 0, `\n${problems.join('\n')}`)
}

/** Sample files at these paths; each opens with a proper header, so that a sample breaks one rule only. */
function sample(files: Record<string, string>): rules.SourceFile[] {
  return Object.entries(files).map(([path, text]) => ({ path, text: `// what\n// where\n${text}` }))
}

function breaks(problems: string[], ...expected: RegExp[]): void {
  assert.equal(problems.length, expected.length, problems.join('\n'))
  for (const [index, pattern] of expected.entries()) assert.match(problems[index] ?? '', pattern)
}

describe('the tree', () => {
  test('there are sources in every package, so that no rule passes for want of files', () => {
    for (const folder of Object.keys(manifests)) {
      assert.ok(
        inPackages.some((file) => file.path.startsWith(`${folder}/src/`)),
        `${folder}/src is empty`,
      )
    }
  })
  test('imports follow the arrows', () => keeps(rules.arrowProblems(sources, manifests)))
  test('no file imports itself in a circle', () => keeps(rules.cycleProblems(sources)))
  test('time and randomness come from one system.ts per package', () => keeps(rules.clockProblems(sources)))
  test('every source file opens with a header', () => keeps(rules.headerProblems(sources)))
  test('no file is longer than 400 lines', () => keeps(rules.lengthProblems(sources)))
  test('no default export, any, enum or switched-off check', () => keeps(rules.syntaxProblems(sources)))
  test('tests lie beside what they test', () => keeps(rules.placeProblems(sources)))
  test('no file names a path of one machine or a package registry', () =>
    keeps(rules.strangerProblems(everything)))
  test('the lock file is complete and names no host', () => {
    const path = 'package-lock.json'
    keeps(rules.lockProblems(path, readFileSync(join(root, path), 'utf8')))
  })
  test('links in the documents lead somewhere', () => {
    keeps(rules.linkProblems(documents, (path) => existsSync(join(root, path))))
  })
  test('the rules of the protocol have no dependency', () => {
    assert.deepEqual(manifests['packages/protocol']?.dependencies ?? {}, {})
  })
  test('every package has arrows', () => {
    for (const { name } of Object.values(manifests)) assert.ok(name in rules.arrows, `${name} has no arrows`)
  })
})

describe('each rule notices what it forbids', () => {
  const packages = {
    'packages/protocol': { name: '@countersign/protocol' },
    'packages/server': { name: '@countersign/server', dependencies: { jose: '1' } },
  }
  const arrowsOf = (path: string, text: string) => rules.arrowProblems(sample({ [path]: text }), packages)

  test('arrows', () => {
    breaks(
      arrowsOf('packages/server/src/a.ts', "import { x } from '@countersign/client'"),
      /^packages\/server\/src\/a.ts:3: .*may not know @countersign\/client/,
    )
    breaks(
      arrowsOf('packages/protocol/src/a.ts', "import type { X } from '@countersign/server'"),
      /a.ts:3: .*may not know/,
    )
    breaks(
      arrowsOf('packages/protocol/src/a.ts', "\nimport 'node:crypto'"),
      /a.ts:4: the rules import nothing/,
    )
    breaks(
      arrowsOf('packages/server/src/a.ts', "export * from '../../client/src/b.ts'"),
      /leaves its package/,
    )
    breaks(
      arrowsOf('packages/server/src/a.ts', "const x = await import('lodash/fp')"),
      /lodash is not among the dep/,
    )
    breaks(
      arrowsOf(
        'packages/server/src/a.ts',
        "import {\n  x,\n  y,\n} from '@countersign/protocol'\nimport 'jose'",
      ),
    )
    breaks(arrowsOf('packages/server/src/a.test.ts', "import { x } from '../../../test/support/postgres.ts'"))
  })

  test('cycles, through types as well', () => {
    const files = sample({
      'a/one.ts': "import type { T } from './two.ts'",
      'a/two.ts': "export { x } from '../b/three.ts'",
      'b/three.ts': "import '../a/one.ts'",
      'b/four.ts': "import './three.ts'",
    })
    breaks(rules.cycleProblems(files), /^a\/one.ts:1: .*a\/one.ts -> a\/two.ts -> b\/three.ts -> a\/one.ts/)
  })

  test('clock sites', () => {
    const path = 'packages/server/src/a.ts'
    const clock = (text: string) => rules.clockProblems(sample({ [path]: text }))
    breaks(clock('const t = Date.now()'), /a.ts:3: Date.now belongs in system.ts/)
    breaks(clock(`f(\`\${new Date()}\`)`), /new Date\(\)/)
    breaks(clock("import { randomBytes } from 'node:crypto'"), /randomBytes/)
    breaks(clock('crypto.randomUUID(); Math.random(); performance.now()'), /random/i, /random/, /performance/)
    breaks(clock("// Date.now()\nconst s = 'Date.now()'\nnew Date(seconds * 1000)\nfresh.randomBytes(8)"))
    const two = {
      'packages/server/src/system.ts': 'Date.now()',
      'packages/server/src/x/system.ts': 'Date.now()',
    }
    breaks(rules.clockProblems(sample(two)), /x\/system.ts:1: a second system.ts/)
  })

  test('headers', () => {
    const header = (text: string) => rules.headerProblems([{ path: 'a.ts', text }])
    breaks(header('const a = 1\n'), /a.ts:1: opens with 0/)
    breaks(header('// one\nconst a = 1\n'), /opens with 1/)
    breaks(header(`${'// line\n'.repeat(9)}const a = 1\n`), /opens with 9/)
    breaks(header('#!/usr/bin/env node\n// one\n// two\nconst a = 1\n'))
    breaks(header('/**\n * one\n * two\n */\nconst a = 1\n'))
  })

  test('length', () => {
    const long = { path: 'a.ts', text: 'x\n'.repeat(401) }
    breaks(rules.lengthProblems([long, { path: 'b.ts', text: 'x\n'.repeat(400) }]), /^a.ts:401: 401 lines/)
  })

  test('syntax', () => {
    const syntax = (text: string) => rules.syntaxProblems(sample({ 'a.ts': text }))
    breaks(syntax('export default function f() {}'), /a.ts:3: default export/)
    breaks(
      syntax('let a: any\nlet b = c as any\nlet d: Promise<any>\nlet e: Map<string, any>'),
      /:3:/,
      /:4:/,
      /:5:/,
      /:6:/,
    )
    breaks(syntax('enum Colour { Red }'), /enum/)
    breaks(syntax(`// ${'@ts-'}ignore\nx()`), /switches tsc off/)
    breaks(syntax("// any default export enum X {\nconst s = ': any export default'\nconst o = { any: 1 }"))
  })

  test('places', () => {
    const files = {
      'packages/x/src/a.ts': '',
      'packages/x/src/a.races.test.ts': '',
      'packages/x/src/b.test.ts': '',
    }
    breaks(
      rules.placeProblems(sample(files)),
      /b.test.ts:1: tests packages\/x\/src\/b.ts, which is not there/,
    )
  })

  test('the lock file', () => {
    const lock = {
      packages: { a: { optionalDependencies: { b: '1' } }, c: { resolved: 'https://example.com/c.tgz' } },
    }
    breaks(
      rules.lockProblems('lock', JSON.stringify(lock, null, 1)),
      /lock:\d+: names a download/,
      /lock:1: b, optional/,
    )
  })

  test('names of this machine', () => {
    const text = `see ${'/work'}/main/x and https://${'registry'}.${'npm'}js.org/y`
    breaks(rules.strangerProblems([{ path: 'a.md', text }]), /a.md:1: .*one machine/, /registry/)
  })

  test('links', () => {
    const files = [
      {
        path: 'docs/a.md',
        text: '# One thing, twice\n[x](b.md) [y](#one-thing-twice)\n[z](#two)\n`[c](d.md)`',
      },
      { path: 'b.md', text: '[up](docs/a.md#one-thing-twice) [web](https://example.com/x)' },
    ]
    const exists = (path: string) => ['docs/a.md', 'b.md'].includes(path)
    breaks(
      rules.linkProblems(files, exists),
      /docs\/a.md:2: links to docs\/b.md/,
      /docs\/a.md:3: links to #two/,
    )
  })

  test('texts and comments are told from code, also in templates and regular expressions', () => {
    const code = `a(\`x \${b({ c: \`y\` })} z\`, /[/"]\\/'/, '//') // d\n/* e */ f / g / h`
    const bare = withoutTexts(code)
    assert.equal(bare.length, code.length)
    assert.deepEqual(bare.match(/[a-z]/g)?.join(''), 'abcfgh')
    assert.deepEqual(
      importsOf("import a from 'b'\nconst s = \"import c from 'd'\"\nexport type { e } from './f.ts'").map(
        (i) => i.from,
      ),
      ['b', './f.ts'],
    )
  })
})
