// JSON that belongs to somebody else: whatever is read and written back unchanged means what it meant, numbers included, which
// JavaScript would round (9007199254740993) or respell (1.0, by which Python tells a float from an int).
// Not here: what the text is about (auth-json-document.ts).

/** One JSON object. Values of numbers that JavaScript would change are kept aside: read them with `numberOf`. */
export type Row = Readonly<Record<string, unknown>>

/** Undefined for text that is not JSON. A byte order mark is skipped, as Python's `utf-8-sig` does. */
export function parseExactly(text: string): unknown {
  try {
    const json = text.replace(/^\uFEFF/, '')
    // The rule for files that are written like this, several times faster than asking for the source of every number.
    const plain: unknown = JSON.parse(json)
    if (printExactly(plain) === json) return plain
    return exactJson.parse(json, (_key, value, { source }) =>
      typeof value === 'number' && source !== undefined && String(value) !== source
        ? exactJson.rawJSON(source)
        : value,
    )
  } catch {
    return undefined
  }
}

export function printExactly(value: unknown): string {
  return `${exactJson.stringify(value, null, 2)}\n`
}

export function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !exactJson.isRawJSON(value)
}

export function numberOf(value: unknown): number | undefined {
  const found = exactJson.isRawJSON(value) ? Number(value.rawJSON) : value
  return typeof found === 'number' && Number.isFinite(found) ? found : undefined
}

/** Undefined for anything but a text with something in it. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

// ECMAScript's "JSON.parse source text access", which Node 24 has and the library of TypeScript does not describe yet.
const exactJson = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown
  stringify(value: unknown, replacer: null, indent: number): string
  rawJSON(text: string): unknown
  isRawJSON(value: unknown): value is { readonly rawJSON: string }
}
