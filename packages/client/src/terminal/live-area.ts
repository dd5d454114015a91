// The last lines of the terminal while something is awaited: redrawn in place, keys read one by one, and
// everything restored however it ends. Only on a real terminal. Not here: what the lines say (commands/).
import type { Terminal } from './terminal.ts'

export type LiveArea = {
  /** Replaces what is shown. */
  show: (lines: string[]) => void
  /** Prints a line that stays, above the area. */
  note: (print: () => void) => void
  /** Gives the keys to somebody else, and back when what it returns is called. */
  lendKeys: (onKey: KeyHandler) => () => void
  /** Removes the area, shows the cursor again and gives the keyboard back. */
  close: () => void
}

export type KeyHandler = (key: string) => void

export function openLiveArea(terminal: Terminal, onKey: KeyHandler): LiveArea {
  let shown: string[] = []
  const erase = (): void => {
    if (shown.length === 0) return
    terminal.draw(`\r${shown.length > 1 ? `\u001b[${shown.length - 1}A` : ''}\u001b[J`)
    shown = []
  }
  const show = (wanted: string[]): void => {
    const lines = wanted.map((line) => fit(line, terminal.columns() - 1))
    const above = lines.slice(0, -1).join('\n') === shown.slice(0, -1).join('\n')
    if (lines.length === shown.length && above) {
      // The usual case, ten times a second: only the last line changed.
      terminal.draw(`\r\u001b[K${lines.at(-1) ?? ''}`)
      shown = lines
      return
    }
    erase()
    terminal.draw(lines.join('\n'))
    shown = lines
  }
  let listener = onKey
  const keyboard = readKeys(terminal, (key) => listener(key))
  const restore = (): void => terminal.draw(SHOW_CURSOR)
  // However the process ends, nobody is left without a cursor.
  process.on('exit', restore)
  terminal.draw(HIDE_CURSOR)
  return {
    show,
    note: (print) => {
      const before = shown
      erase()
      print()
      if (before.length > 0) show(before)
    },
    lendKeys: (borrower) => {
      listener = borrower
      return () => {
        listener = onKey
      }
    },
    close: () => {
      erase()
      keyboard.stop()
      restore()
      process.off('exit', restore)
    },
  }
}

/**
 * Single keys need raw mode, in which the terminal no longer turns ^C and ^Z into signals; so both are
 * given back their meaning here, and neither is ever swallowed.
 */
function readKeys(terminal: Terminal, onKey: KeyHandler): { stop: () => void } {
  const { stdin } = terminal
  const onData = (chunk: Buffer): void => {
    for (const key of chunk.toString('utf8')) {
      if (key === CTRL_C) process.kill(process.pid, 'SIGINT')
      else if (key === CTRL_Z) suspend()
      else onKey(key)
    }
  }
  const resume = (): void => {
    stdin.setRawMode(true)
    terminal.draw(HIDE_CURSOR)
  }
  const suspend = (): void => {
    stdin.setRawMode(false)
    terminal.draw(SHOW_CURSOR)
    process.once('SIGCONT', resume)
    process.kill(process.pid, 'SIGTSTP')
  }
  stdin.setRawMode(true)
  stdin.on('data', onData)
  stdin.resume()
  return {
    stop: () => {
      stdin.off('data', onData)
      process.off('SIGCONT', resume)
      stdin.setRawMode(false)
      stdin.pause()
    },
  }
}

/** Lines here carry no escape sequences, so characters are columns; a line that wraps could not be redrawn. */
function fit(line: string, width: number): string {
  const letters = [...line]
  return letters.length > width ? letters.slice(0, Math.max(0, width)).join('') : line
}

const CTRL_C = '\u0003'
const CTRL_Z = '\u001a'
const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
