// Whether a path that somebody asks to be sent back to stays with the application (RFC 9700 §4.11). Pure.
// Where such a path comes from: wanted-flow.ts and handler.ts; the answer that leads there is wire/back.ts.

/** A path of this origin, as the URL parser reads it; undefined for `//elsewhere`, `/\elsewhere` and whatever becomes that. */
export function ownPath(path: string): string | undefined {
  const here = 'http://here.invalid'
  if (!path.startsWith('/') || !URL.canParse(path, here)) return undefined
  const { origin, pathname, search, hash } = new URL(path, here)
  // `/.//elsewhere` is a path of this origin, and another host once it is read again.
  return origin === here && !pathname.startsWith('//') ? pathname + search + hash : undefined
}
