// Text that strangers chose and people will read: names of devices, clients and browsers.
// Cut to length and stripped of what could disguise it; escaping for HTML happens where HTML is made.

// Control characters, the marks that turn the direction of text around (standards.md UI-10), and halves of characters.
const unfit = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]/gu

/** Whether it is as it looks: what somebody types in is refused where `cleanText` would change it to a stranger's. */
export function isPlainText(text: string): boolean {
  return text.search(unfit) === -1
}

/** The text in one line of at most `most` characters; null when nothing readable is left. */
export function cleanText(text: string | undefined, most: number): string | null {
  if (text === undefined) return null
  const clean = text
    .slice(0, 4 * most)
    .replace(unfit, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return clean === '' ? null : [...clean].slice(0, most).join('')
}
