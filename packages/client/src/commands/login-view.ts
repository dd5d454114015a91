// What `login` shows between the code and the decision: link and code, the warning, a countdown with keys on
// a terminal, plain lines elsewhere, JSON lines with --json. Not here: the sign-in itself (login.ts).
import type { DeviceCode } from '../device-code.ts'
import type { DeviceLoginEvent } from '../device-login.ts'
import { type LiveArea, openLiveArea } from '../terminal/live-area.ts'
import { clean, jsonLine, type Terminal } from '../terminal/terminal.ts'
import type { Context } from './command.ts'

export type LoginView = {
  event: (event: DeviceLoginEvent) => void
  /** After expiry: true when the person wants another code. Only a terminal can ask. */
  askForNewCode: (signal: AbortSignal) => Promise<boolean>
  close: () => void
}

export type ViewOptions = { context: Context; json: boolean; renewed: boolean }

export function openLoginView(code: DeviceCode, options: ViewOptions): LoginView {
  if (options.json) return jsonView(code, options.context)
  printCode(code, options)
  return options.context.terminal.interactive ? liveView(code, options) : plainView(code, options)
}

function jsonView(code: DeviceCode, { terminal }: Context): LoginView {
  const tell = (event: object): void => terminal.draw(jsonLine(event))
  tell({
    event: 'code',
    user_code: code.userCode,
    verification_uri: code.verificationUri,
    verification_uri_complete: code.verificationUriComplete,
    expires_in: code.expiresIn,
  })
  return {
    event: (event) => {
      if (event.type === 'offline')
        tell({ event: 'offline', retry_in: event.seconds, code: event.error.code })
      else tell({ event: event.type })
    },
    askForNewCode: async () => false,
    close: () => {},
  }
}

function printCode(code: DeviceCode, { context, renewed }: ViewOptions): void {
  const { terminal } = context
  const userCode = terminal.paint('bold', clean(code.userCode))
  if (renewed) {
    terminal.say(`and enter the code       ${userCode}        (same link)`)
    return
  }
  terminal.say(`On any device, open      ${clean(code.verificationUri)}`)
  terminal.say(`and enter the code       ${userCode}`)
  terminal.say()
  terminal.say(`Continue only if you started this yourself. Nobody from ${context.app.name} will ever`)
  terminal.say('send you a code or ask you for one.')
  terminal.say()
}

function plainView(code: DeviceCode, { context }: ViewOptions): LoginView {
  const { terminal, system } = context
  const endsAt = system.monotonic() + code.expiresIn
  terminal.say('Waiting for you to approve…')
  return {
    event: (event) => {
      if (event.type === 'offline') terminal.warn(offlineLine(endsAt - system.monotonic()))
    },
    askForNewCode: async () => false,
    close: () => {},
  }
}

function liveView(code: DeviceCode, { context }: ViewOptions): LoginView {
  const { terminal, system } = context
  const endsAt = system.monotonic() + code.expiresIn
  const keys = { qr: [] as string[], hint: '', hintUntil: 0 }
  let offline = false
  let frame = 0
  const draw = (): void => {
    const hint = system.monotonic() < keys.hintUntil ? keys.hint : ''
    area.show([
      ...keys.qr,
      waitingLine(FRAMES[frame % FRAMES.length] ?? '', endsAt - system.monotonic(), hint, terminal),
    ])
    frame += 1
  }
  const tell = (hint: string): void => {
    keys.hint = hint
    keys.hintUntil = system.monotonic() + 3
  }
  const onKey = (key: string): void => {
    if (key === 'c') void copyLink(terminal, code).then(tell)
    if (key === 'q') void toggleQr(keys, code, terminal).then(draw)
  }
  const area: LiveArea = openLiveArea(terminal, onKey)
  const ticking = setInterval(draw, 100)
  draw()
  const close = (): void => {
    clearInterval(ticking)
    area.close()
  }
  return {
    event: (event) => {
      if (event.type === 'offline' && !offline)
        area.note(() => terminal.warn(offlineLine(endsAt - system.monotonic())))
      if (event.type === 'offline' || event.type === 'online') offline = event.type === 'offline'
    },
    askForNewCode: (signal) => {
      close()
      return askForEnter(terminal, signal)
    },
    close,
  }
}

function waitingLine(frame: string, left: number, hint: string, terminal: Terminal): string {
  const waiting = `${frame} Waiting, ${minutes(left)} left`
  const ssh = terminal.env.SSH_CONNECTION || terminal.env.SSH_TTY ? '     (SSH session)' : ''
  const full = `  ${waiting.padEnd(24)}${hint || KEYS}${ssh}`
  if (full.length < terminal.columns()) return full
  const withoutNote = `  ${waiting.padEnd(24)}${hint || KEYS}`
  return withoutNote.length < terminal.columns() ? withoutNote : `  ${waiting}`
}

export function minutes(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds))
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

function offlineLine(left: number): string {
  return `Offline. The link stays valid for ${minutes(left)}; retrying.`
}

/** OSC 52 reaches the clipboard of the computer in front of the person, also through SSH. */
async function copyLink(terminal: Terminal, code: DeviceCode): Promise<string> {
  const link = code.verificationUriComplete ?? code.verificationUri
  const sequence = `\u001b]52;c;${Buffer.from(link).toString('base64')}\u0007`
  // tmux passes it on only when it is wrapped, with every escape doubled.
  terminal.draw(terminal.env.TMUX ? `\u001bPtmux;\u001b${sequence}\u001b\\` : sequence)
  return 'Link sent to the clipboard.'
}

async function toggleQr(keys: { qr: string[] }, code: DeviceCode, terminal: Terminal): Promise<void> {
  if (keys.qr.length > 0) {
    keys.qr = []
    return
  }
  const { renderUnicodeCompact } = await import('uqr')
  const lines = renderUnicodeCompact(code.verificationUriComplete ?? code.verificationUri).split('\n')
  // What does not fit would scroll, and could not be taken back.
  const fits = lines.length + 2 < terminal.rows() && (lines[0]?.length ?? 0) + 3 < terminal.columns()
  keys.qr = fits ? [...lines.map((line) => `  ${line}`), ''] : ['  No room for the QR code here.']
}

function askForEnter(terminal: Terminal, signal: AbortSignal): Promise<boolean> {
  terminal.say('The code expired. Press Enter for a new one, or ^C to stop.')
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
    signal.addEventListener('abort', stop, { once: true })
  })
}

const FRAMES = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏']
const KEYS = 'c copy link · q QR code · ^C cancel'
