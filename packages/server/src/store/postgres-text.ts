// PostgreSQL's text has every character but U+0000, which may well arrive from the network in what becomes a key (an email
// typed into a form). It is written as U+0001 `0`, and U+0001 itself as U+0001 `1`, so that no two keys become one.

export function toText(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what this is about
  return /[\0\x01]/.test(value) ? value.replaceAll('\x01', '\x011').replaceAll('\0', '\x010') : value
}

export function fromText(value: string): string {
  return value.includes('\x01') ? value.replaceAll('\x010', '\0').replaceAll('\x011', '\x01') : value
}

/**
 * An array as PostgreSQL reads one, its texts as `toText` makes them. The driver would make the same in twice the time, since it
 * looks into every value, numbers too, for each character that has to be escaped.
 */
export function toArray(values: readonly (string | number | null)[]): string {
  return `{${values.map(toItem).join()}}`
}

function toItem(value: string | number | null): string | number {
  if (value == null) return 'NULL'
  if (typeof value === 'number') return value
  // biome-ignore lint/suspicious/noControlCharactersInRegex: see above
  return /[\0\x01"\\]/.test(value) ? `"${toText(value).replace(/["\\]/g, '\\$&')}"` : `"${value}"`
}
