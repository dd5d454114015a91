// What a person calls a connection: one short line of text, whatever was typed or sent.
// Not here: who may call it so (wanted-flow.ts, connections.ts).

/** Null where nothing is left of it. */
export function labelOf(text: string | null | undefined): string | null {
  const line = (text ?? '').replace(/[\p{C}\s]+/gu, ' ').trim()
  // By characters, not by code units: half of one would not be text.
  return line === '' ? null : [...line].slice(0, mostCharacters).join('')
}

const mostCharacters = 100
