// Typing back, in the terminal, the characters that a browser on another network shows. They are sent as soon as all are
// there; separators and capitals do not matter, so that they can be pasted. Not here: what becomes of them (../return-code.ts).
import type { ReturnCodeAsk } from '../return-code.ts'
import type { LiveArea } from '../terminal/live-area.ts'
import type { Terminal } from '../terminal/terminal.ts'
import type { Spinner } from './login-keys.ts'

export function askReturnCode(
  ask: ReturnCodeAsk,
  signal: AbortSignal,
  { area, spinner, terminal }: { area: LiveArea; spinner: Spinner; terminal: Terminal },
): Promise<string> {
  if (ask.wrong) area.note(() => terminal.warn(wrongLine(ask.triesLeft)))
  let typed = ''
  const draw = (): void =>
    area.show([
      `  ${spinner.frame()} Approved in a browser on a different network.`,
      `    Type the ${ask.length} characters shown in that browser: ${typed}_`,
    ])
  const { promise, resolve } = Promise.withResolvers<string>()
  const giveBack = area.lendKeys((key) => {
    if (key === BACKSPACE || key === DELETE) typed = typed.slice(0, -1)
    else if (/^[A-Za-z0-9]$/.test(key) && typed.length < ask.length) typed += key.toUpperCase()
    draw()
    if (typed.length === ask.length) resolve(typed)
  })
  const ticking = setInterval(draw, 100)
  draw()
  const stop = (): void => resolve('')
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  return promise.finally(() => {
    clearInterval(ticking)
    signal.removeEventListener('abort', stop)
    giveBack()
  })
}

function wrongLine(left: number): string {
  return `That was not right. ${left === 1 ? 'One try is' : `${left} tries are`} left.`
}

const BACKSPACE = '\u007f'
const DELETE = '\b'
