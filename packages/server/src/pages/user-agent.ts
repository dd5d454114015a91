// What a User-Agent header says, in two words for people: the program and the system. Anything can be claimed in it, so
// nothing is decided by it.

export interface Described {
  readonly program: string | null
  readonly system: string | null
}

export function describeUserAgent(userAgent: string): Described {
  return { program: programOf(userAgent), system: systemOf(userAgent) }
}

/** A sign-in in words where nobody has named it: the client, and the browser in which its person allowed it. */
export function nameOfSignIn(clientName: string, userAgent: string): string {
  const { program, system } = describeUserAgent(userAgent)
  const where = [program, system].filter(Boolean).join(', ')
  const name = [...clientName].slice(0, mostOfName).join('')
  return where === '' ? name : `${name} (${where})`
}

const mostOfName = 30

// The order matters: most browsers name others before themselves.
const browsers: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bFirefox\//, 'Firefox'],
  [/\b(?:Headless)?Chrom(?:e|ium)\//, 'Chrome'],
  [/\bVersion\/.*\bSafari\//, 'Safari'],
]

function programOf(userAgent: string): string | null {
  const browser = browsers.find(([pattern]) => pattern.test(userAgent))
  if (browser !== undefined) return browser[1]
  // "acme-cli/1.4 (linux; x64)": a program's own name comes first.
  const own = /^([A-Za-z][\w.-]{1,30})(?:\/([\w.-]{1,20}))?/.exec(userAgent)
  if (own === null || own[1] === 'Mozilla') return null
  return own[2] === undefined ? (own[1] ?? null) : `${own[1]} ${own[2]}`
}

const systems: readonly (readonly [RegExp, string])[] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/i, 'Android'],
  [/Windows|win32/i, 'Windows'],
  [/Mac OS X|Macintosh|darwin|macos/i, 'macOS'],
  [/CrOS/, 'ChromeOS'],
  [/Linux|X11/i, 'Linux'],
  [/FreeBSD|OpenBSD/i, 'BSD'],
]

function systemOf(userAgent: string): string | null {
  return systems.find(([pattern]) => pattern.test(userAgent))?.[1] ?? null
}
