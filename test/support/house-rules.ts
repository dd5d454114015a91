// The rules of the house as functions from source texts to problems; each problem names file and line.
// Reading the tree and running them over it is test/tree.test.ts. Formatting and what biome and tsc know is left to them.

import { dirname, join, normalize } from 'node:path/posix'
import { type Import, importsOf, linesOf, withoutTexts } from './source-text.ts'

/** Path from the root with forward slashes, and content. */
export type SourceFile = { path: string; text: string }
export type Manifest = {
  name: string
  dependencies?: Record<string, string>
  exports?: Record<string, string>
}
type Rule = (files: SourceFile[]) => string[]

/** Which of our packages each one may import (design: the rules know nobody, only the program knows several). */
export const arrows: Record<string, string[]> = {
  '@countersign/protocol': [],
  '@countersign/server': ['@countersign/protocol'],
  '@countersign/client': ['@countersign/protocol'],
  '@countersign/resource': ['@countersign/protocol'],
  '@countersign/broker': ['@countersign/client', '@countersign/protocol'],
  countersign: ['@countersign/server', '@countersign/client', '@countersign/broker', '@countersign/protocol'],
}

const maxLines = 400
const isTest = (path: string) => path.endsWith('.test.ts')
const packageOf = (path: string) => /^packages\/[^/]+/.exec(path)?.[0]

/** What a package may import: its arrows, its declared dependencies, its own files; a test also test/support and tools. */
export function arrowProblems(files: SourceFile[], manifests: Record<string, Manifest>): string[] {
  return eachImport(files, (file, found) => {
    const home = packageOf(file.path)
    const manifest = home === undefined ? undefined : manifests[home]
    if (home === undefined || manifest === undefined) return undefined
    if (found.from.startsWith('.')) {
      const target = join(dirname(file.path), found.from)
      if (target.startsWith(`${home}/src/`)) return undefined
      if (isTest(file.path) && target.startsWith('test/support/')) return undefined
      return `leaves its package for ${target}`
    }
    const name = found.from.split('/', found.from.startsWith('@') ? 2 : 1).join('/')
    if (name in arrows) {
      if (arrows[manifest.name]?.includes(name)) return undefined
      return `${manifest.name} may not know ${name}`
    }
    if (isTest(file.path)) return undefined
    if (manifest.name === '@countersign/protocol') return `the rules import nothing, but here ${found.from}`
    if (found.from.startsWith('node:') || name in (manifest.dependencies ?? {})) return undefined
    return `${name} is not among the dependencies of ${manifest.name}`
  })
}

/** No file reaches itself through its imports, type imports included: a circle of types is a circle of ideas. */
export const cycleProblems: Rule = (files) => {
  const known = new Map(files.map((file) => [file.path, file]))
  const problems: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path)
    if (at >= 0) {
      problems.push(`${path}:1: imports itself: ${[...trail.slice(at), path].join(' -> ')}`)
      return
    }
    const file = known.get(path)
    if (file === undefined || done.has(path)) return
    for (const found of importsOf(file.text)) {
      if (found.from.startsWith('.')) visit(join(dirname(path), found.from), [...trail, path])
    }
    done.add(path)
  }
  for (const file of files) visit(file.path, [])
  return problems
}

const ambient =
  /\bDate\.now\b|\bnew Date\(\s*\)|\bnew Date\b(?!\s*\()|\bperformance\.now\b|\bprocess\.hrtime\b|\bMath\.random\b|\bcrypto\s*\.\s*(?:randomBytes|randomUUID|randomInt|randomFill\w*|getRandomValues)\b/g
const ambientNames = /\b(?:randomBytes|randomUUID|randomInt|randomFill|randomFillSync|performance|hrtime)\b/

/** Time and randomness come in as arguments; only a package's one system.ts asks the machine for them. */
export const clockProblems: Rule = (files) => {
  const own = files.filter((file) => packageOf(file.path) !== undefined && !isTest(file.path))
  const sites = own.filter((file) => file.path.endsWith('/system.ts'))
  const second = sites.filter(
    (file) => sites.find((other) => packageOf(other.path) === packageOf(file.path)) !== file,
  )
  const problems = second.map((file) => `${file.path}:1: a second system.ts in ${packageOf(file.path)}`)
  for (const file of own.filter((one) => !sites.includes(one))) {
    const code = withoutTexts(file.text)
    for (const match of code.matchAll(ambient)) {
      problems.push(`${at(file, match.index)}: ${match[0]} belongs in system.ts; take it as an argument`)
    }
    for (const found of importsOf(file.text)) {
      const name = ambientNames.exec(found.names)?.[0]
      if (/^(node:)?(crypto|perf_hooks|process)$/.test(found.from) && name !== undefined) {
        problems.push(`${file.path}:${found.line}: ${name} belongs in system.ts; take it as an argument`)
      }
    }
  }
  return problems
}

/** Every source file opens with two to eight lines that say what is here and what is not. */
export const headerProblems: Rule = (files) =>
  files.flatMap((file) => {
    if (isTest(file.path)) return []
    const count = headerLines(file.text)
    if (count >= 2 && count <= 8) return []
    return [
      `${file.path}:1: opens with ${count} comment lines; 2 to 8 say what is here and what is elsewhere`,
    ]
  })

function headerLines(text: string): number {
  const lines = text.split('\n')
  if (lines[0]?.startsWith('#!')) lines.shift()
  if (lines[0]?.startsWith('/*')) {
    const end = lines.findIndex((line) => line.includes('*/'))
    // The lines that hold nothing but the marks say nothing.
    return lines.slice(0, end + 1).filter((line) => /[\p{L}\p{N}]/u.test(line)).length
  }
  const end = lines.findIndex((line) => !line.startsWith('//'))
  return end < 0 ? lines.length : end
}

export const lengthProblems: Rule = (files) =>
  files.flatMap((file) => {
    const count = linesOf(file.text)
    return count > maxLines ? [`${file.path}:${maxLines + 1}: ${count} lines, at most ${maxLines}`] : []
  })

/** What the reader, or Node's type stripping, cannot live with. Suppressing a check hides one of these. */
export const syntaxProblems: Rule = (all) => {
  // A .d.ts describes what others export, in their way.
  const files = all.filter((file) => !file.path.endsWith('.d.ts'))
  return [
    ...search(files, withoutTexts, /\bexport\s+default\b/g, 'default export'),
    ...search(files, withoutTexts, /(?::|\bas|<|\||,|=>|=)\s*any\b(?!\s*[:(.?])/g, 'any'),
    ...search(files, withoutTexts, /\benum\s+\w+\s*\{/g, 'enum, which type stripping cannot run'),
    ...search(
      files,
      (text) => text,
      /(?:\/\/|\/\*)\s*@ts-(?:ignore|nocheck|expect-error)\b/g,
      'switches tsc off',
    ),
    ...search(
      files,
      (text) => text,
      /(?:\/\/|\/\*)\s*biome-ignore(?:-\w+)? +lint\/(?:suspicious\/noExplicitAny|style\/noDefaultExport|style\/noEnum|suspicious\/noTsIgnore)/g,
      'suppresses a law of the house',
    ),
  ]
}

/** A test has its source's name and lies beside it: name.test.ts or name.what-it-adds.test.ts next to name.ts. */
export const placeProblems: Rule = (files) => {
  const paths = new Set(files.map((file) => file.path))
  return files
    .filter((file) => isTest(file.path) && packageOf(file.path) !== undefined)
    .flatMap((file) => {
      const source = file.path.replace(/\.[^/]*$/, '.ts')
      return paths.has(source) ? [] : [`${file.path}:1: tests ${source}, which is not there`]
    })
}

/** The lock file names versions and hashes, never the host they came from, and every platform's optional packages. */
export function lockProblems(path: string, text: string): string[] {
  const lock = JSON.parse(text) as {
    packages: Record<string, { optionalDependencies?: Record<string, string> }>
  }
  const hosts = search(
    [{ path, text }],
    (all) => all,
    /"resolved": "https?:[^"]*"/g,
    'names a download address',
  )
  const missing = Object.entries(lock.packages).flatMap(([place, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter(
        (name) =>
          !(`node_modules/${name}` in lock.packages || `${place}/node_modules/${name}` in lock.packages),
      )
      .map(
        (name) => `${path}:1: ${name}, optional in ${place}, has no entry, so \`npm ci\` refuses the file`,
      ),
  )
  return [...hosts, ...missing]
}

// Written in pieces, so that this file does not hold what it looks for.
const workplace = new RegExp(`(?<![\\w.])/${'work'}/(?:main|shared)\\b|(?<![\\w.])/${'tmp'}/brief\\b`, 'g')
const registry = new RegExp(`registry\\.(?:${['npm', 'js'].join('')}|${['yarn', 'pkg'].join('')})`, 'g')

export const strangerProblems: Rule = (files) => [
  ...search(files, (text) => text, workplace, 'names a path of one machine'),
  ...search(files, (text) => text, registry, 'names a package registry'),
]

/** Every relative link of a Markdown file leads to a file, and its fragment to a heading there. */
export function linkProblems(files: SourceFile[], exists: (path: string) => boolean): string[] {
  const known = new Map(files.map((file) => [file.path, file.text]))
  return files.flatMap((file) => {
    const prose = file.text.replace(/```[\s\S]*?```|`[^`\n]*`/g, (code) => code.replace(/[^\n]/g, ' '))
    return [...prose.matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].flatMap((match) => {
      const target = match[1] ?? ''
      if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return []
      const [path = '', fragment] = target.split('#', 2)
      const resolved = path === '' ? file.path : normalize(join(dirname(file.path), decodeURI(path)))
      if (!exists(resolved)) return [`${at(file, match.index)}: links to ${resolved}, which is not there`]
      const text = known.get(resolved)
      if (fragment === undefined || text === undefined || headingAnchors(text).has(fragment)) return []
      return [`${at(file, match.index)}: links to #${fragment}, but ${resolved} has no such heading`]
    })
  })
}

function headingAnchors(markdown: string): Set<string> {
  const headings = markdown.replace(/```[\s\S]*?```/g, '').matchAll(/^#{1,6}\s+(.+?)\s*$/gm)
  return new Set([...headings].map((match) => anchor(match[1] ?? '')))
}

function anchor(heading: string): string {
  const words = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, '')
  return words.trim().replace(/\s/g, '-')
}

function eachImport(
  files: SourceFile[],
  judge: (file: SourceFile, found: Import) => string | undefined,
): string[] {
  return files.flatMap((file) =>
    importsOf(file.text).flatMap((found) => {
      const problem = judge(file, found)
      return problem === undefined ? [] : [`${file.path}:${found.line}: ${problem}`]
    }),
  )
}

function search(
  files: SourceFile[],
  view: (text: string) => string,
  pattern: RegExp,
  problem: string,
): string[] {
  return files.flatMap((file) =>
    [...view(file.text).matchAll(pattern)].map(
      (match) => `${at(file, match.index)}: ${problem} (${match[0].trim()})`,
    ),
  )
}

function at(file: SourceFile, index: number): string {
  return `${file.path}:${linesOf(file.text.slice(0, index + 1))}`
}
