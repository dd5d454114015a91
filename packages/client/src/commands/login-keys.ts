// What keys do while a login waits: copy the link, show it as a QR code; and the parts of a line that change.
// Not here: which keys there are and what stands beside them (login-code-view.ts, login-link-view.ts).
import type { System } from '../system.ts'
import type { Terminal } from '../terminal/terminal.ts'

/** OSC 52 reaches the clipboard of the computer in front of the person, also through SSH. */
export function copyLink(terminal: Terminal, link: string): string {
  const sequence = `\u001b]52;c;${Buffer.from(link).toString('base64')}\u0007`
  // tmux passes it on only when it is wrapped, with every escape doubled.
  terminal.draw(terminal.env.TMUX ? `\u001bPtmux;\u001b${sequence}\u001b\\` : sequence)
  return 'Link sent to the clipboard.'
}

/** The lines of the code, or one that says why not. What does not fit would scroll, and could not be taken back. */
export async function qrLines(
  terminal: Terminal,
  link: string,
  rowsTaken: number,
): Promise<string[] | undefined> {
  const { renderUnicodeCompact } = await import('uqr')
  const lines = renderUnicodeCompact(link).split('\n')
  const fits = lines.length + rowsTaken < terminal.rows() && (lines[0]?.length ?? 0) + 3 < terminal.columns()
  return fits ? [...lines.map((line) => `  ${line}`), ''] : undefined
}

export function minutes(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

/** What is left of a line that is too wide: its last parts go first. */
export function fitting(parts: readonly string[], columns: number): string {
  for (let count = parts.length; count > 1; count -= 1) {
    const line = parts.slice(0, count).join('')
    if (line.length < columns) return line
  }
  return (parts[0] ?? '').trimEnd()
}

/** The line that waits: what for, then a hint or else the keys, then the rest. A hint was asked for: without room for both, it is the line. */
export function waitingLine(
  spinner: Spinner,
  { waiting, keys, rest = '' }: { waiting: string; keys: string; rest?: string },
  columns: number,
): string {
  const [frame, hint] = [spinner.frame(), spinner.hinted()]
  const start = `  ${frame} ${waiting}`
  if (hint && start.length + hint.length >= columns) return `  ${frame} ${hint}`
  return fitting([start, hint || keys, rest], columns)
}

export type Spinner = { frame: () => string; hint: (text: string) => void; hinted: () => string }

/** A hint stands in the place of the keys for three seconds. */
export function createSpinner(system: System): Spinner {
  let turns = 0
  let said = { text: '', until: 0 }
  return {
    frame: () => FRAMES[turns++ % FRAMES.length] ?? '',
    hint: (text) => {
      said = { text, until: system.monotonic() + 3 }
    },
    hinted: () => (system.monotonic() < said.until ? said.text : ''),
  }
}

/** Only a terminal can ask. */
export async function askForEnter(
  context: { terminal: Terminal },
  what: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { terminal } = context
  const { openLiveArea } = await import('../terminal/live-area.ts')
  terminal.say(`The ${what} expired. Press Enter for a new one, or ^C to stop.`)
  return new Promise((resolve) => {
    const finish = (wanted: boolean): void => {
      area.close()
      signal.removeEventListener('abort', stop)
      resolve(wanted)
    }
    const stop = (): void => finish(false)
    const area = openLiveArea(terminal, (key) => {
      if (key === '\r' || key === '\n') finish(true)
    })
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}

const FRAMES = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏']
