// Text that came from a server, made safe to print.
// Not here: how a terminal lays text out (packages/cli).

/**
 * Drops control characters, and the marks that reorder or hide text: a server (or whoever wrote its
 * fields) could otherwise move the cursor, repaint the screen, or make one link look like another.
 */
export function printable(text: string, maxLength = 300): string {
  const clean = text.replace(UNPRINTABLE, ' ').replace(/ {2,}/g, ' ').trim()
  return clean.length > maxLength ? `${clean.slice(0, maxLength - 1)}…` : clean
}

// Cc and Cf (which holds the bidirectional controls and zero-width marks), line and paragraph separators,
// lone surrogates, private use.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu
