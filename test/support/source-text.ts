// Reading TypeScript without a compiler, as far as the rules of the house need it: comments and texts blanked out in
// place, so that positions stay, and the imports of a file. The rules themselves are house-rules.ts.

export type Import = {
  /** The specifier. */
  from: string
  /** What stands between `import` and `from`; empty for `import 'x'` and `import('x')`. */
  names: string
  line: number
}

type Kind = 'code' | 'comment' | 'text'

/** The same text with spaces for comments; strings stay. */
export function withoutComments(text: string): string {
  return blank(text, ['comment'])
}

/** The same text with spaces for comments and for the insides of strings, templates and regular expressions. */
export function withoutTexts(text: string): string {
  return blank(text, ['comment', 'text'])
}

/** Static, type-only, side-effect, re-export and dynamic imports with a literal specifier. */
export function importsOf(text: string): Import[] {
  const code = withoutComments(text)
  const bare = withoutTexts(text)
  const forms = [
    /\b(?:import|export)\b([^'"`;()]*?)\bfrom\s*(['"])([^'"\n]+)\2/g,
    /\bimport()\s*(['"])([^'"\n]+)\2/g,
    /\bimport()\s*\(\s*(['"])([^'"\n]+)\2/g,
  ]
  return forms.flatMap((form) =>
    [...code.matchAll(form)]
      // The word must stand in the code, not in a string that talks about imports.
      .filter((match) => /\w/.test(bare[match.index] ?? ' '))
      .map((match) => ({
        from: match[3] ?? '',
        names: match[1] ?? '',
        line: linesOf(code.slice(0, match.index + 1)),
      })),
  )
}

/** Number of lines; a newline at the end starts no further line. */
export function linesOf(text: string): number {
  return text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
}

function blank(text: string, kinds: Kind[]): string {
  return pieces(text)
    .map(({ kind, value }) => (kinds.includes(kind) ? value.replace(/[^\n]/g, ' ') : value))
    .join('')
}

// One alternative per thing that can hide code-like characters; a regular expression only where no value can end.
const token =
  /(?<comment>\/\/[^\n]*|\/\*[\s\S]*?\*\/)|(?<text>'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|(?<=(?:^|[=(,:;!&|?{}[\n]|=>|\breturn)\s*)\/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*)|(?<template>`)|(?<brace>[{}])/g

/** Cuts the text into code, comments and texts, in order and complete; code inside `${}` is code. */
function pieces(text: string): { kind: Kind; value: string }[] {
  const found: { kind: Kind; value: string }[] = []
  // One entry per open `${`: how many braces of code are open inside it.
  const holes: number[] = []
  let position = 0
  const push = (kind: Kind, end: number) => {
    if (end > position) found.push({ kind, value: text.slice(position, end) })
    position = end
  }
  const template = (start: number) => {
    const end = templateEnd(text, start)
    push('text', end)
    if (text.startsWith('${', end)) {
      push('code', end + 2)
      holes.push(0)
    } else push('code', Math.min(end + 1, text.length))
  }
  for (;;) {
    token.lastIndex = position
    const match = token.exec(text)
    if (match === null) break
    const { comment, text: literal, template: tick, brace } = match.groups ?? {}
    const end = match.index + match[0].length
    if (comment !== undefined) {
      push('code', match.index)
      push('comment', end)
    } else if (literal !== undefined) {
      push('code', match.index + 1)
      push('text', end - 1)
    } else if (tick !== undefined) {
      push('code', end)
      template(end)
    } else {
      push('code', end)
      const depth = holes.at(-1)
      if (depth === undefined) continue
      if (brace === '{') holes[holes.length - 1] = depth + 1
      else if (depth > 0) holes[holes.length - 1] = depth - 1
      else {
        holes.pop()
        template(end)
      }
    }
  }
  push('code', text.length)
  return found
}

/** Where a template's text, which begins at `start`, ends: at its backtick or at the next `${`. */
function templateEnd(text: string, start: number): number {
  for (let at = start; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1
    else if (text[at] === '`' || text.startsWith('${', at)) return at
  }
  return text.length
}
