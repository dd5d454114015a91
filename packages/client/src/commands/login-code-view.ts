// What `login` shows between a code and the decision: link and code, the warning, a countdown with keys on a terminal,
// plain lines elsewhere, JSON lines with --json. Not here: asking for the return code (login-return-code.ts), the same for a
// browser on this machine (login-link-view.ts), the sign-in itself (login-tokens.ts).
import type { DeviceCode } from '../device-code.ts'
import type { DeviceLoginEvent } from '../device-login.ts'
import type { OnReturnCode } from '../return-code.ts'
import { type LiveArea, openLiveArea } from '../terminal/live-area.ts'
import { clean } from '../terminal/terminal.ts'
import type { Context } from './command.ts'
import { openJsonView } from './login-json.ts'
import { copyLink, createSpinner, minutes, qrLines, waitingLine } from './login-keys.ts'
import { askReturnCode } from './login-return-code.ts'

export type CodeView = {
  event: (event: DeviceLoginEvent) => void
  hint: (text: string) => void
  /** Absent where nobody could type. */
  askReturnCode?: OnReturnCode
  close: () => void
}

export type CodeViewOptions = {
  context: Context
  json: boolean
  renewed: boolean
  qr: boolean
  /** What the sign-in is for, where the person did not ask for it by themselves (step-up.ts). */
  why?: string | undefined
}

export function openCodeView(code: DeviceCode, options: CodeViewOptions): CodeView {
  if (options.json) return openJsonView(options.context.terminal, codeAsJson(code))
  printCode(code, options)
  return options.context.terminal.interactive ? liveView(code, options) : plainView(code, options)
}

function codeAsJson(code: DeviceCode): Record<string, unknown> {
  return {
    event: 'code',
    user_code: code.userCode,
    verification_uri: code.verificationUri,
    verification_uri_complete: code.verificationUriComplete,
    expires_in: code.expiresIn,
  }
}

function printCode(code: DeviceCode, { context, renewed, why }: CodeViewOptions): void {
  const { terminal } = context
  const userCode = terminal.paint('bold', clean(code.userCode))
  if (renewed) {
    terminal.say(`and enter the code       ${userCode}        (same link)`)
    return
  }
  if (why !== undefined) terminal.say(`${why}\n`)
  terminal.say(`On any device, open      ${clean(code.verificationUri)}`)
  terminal.say(`and enter the code       ${userCode}`)
  terminal.say()
  terminal.say(`Continue only if you started this yourself. Nobody from ${context.app.name} will ever`)
  terminal.say('send you a code or ask you for one.')
  terminal.say()
}

function plainView(code: DeviceCode, { context }: CodeViewOptions): CodeView {
  const { terminal, system } = context
  const endsAt = system.monotonic() + code.expiresIn
  terminal.say('Waiting for you to approve…')
  return {
    event: (event) => {
      if (event.type === 'offline') terminal.warn(offlineLine(endsAt - system.monotonic()))
    },
    hint: (text) => terminal.warn(text),
    close: () => {},
  }
}

function liveView(code: DeviceCode, options: CodeViewOptions): CodeView {
  const { terminal, system, env } = options.context
  const ssh = env.SSH_CONNECTION || env.SSH_TTY ? '     (SSH session)' : ''
  const link = code.verificationUriComplete ?? code.verificationUri
  const endsAt = system.monotonic() + code.expiresIn
  const spinner = createSpinner(system)
  let [qr, offline, typing]: [string[], boolean, boolean] = [[], false, false]
  const draw = (): void => {
    if (typing) return
    const left = endsAt - system.monotonic()
    const waiting = `Waiting, ${minutes(left)} left`.padEnd(22)
    area.show([...qr, waitingLine(spinner, { waiting, keys: KEYS, rest: ssh }, terminal.columns())])
  }
  const toggleQr = async (rowsTaken: number, refusal: string): Promise<void> => {
    if (qr.length > 0) qr = []
    else {
      const lines = await qrLines(terminal, link, rowsTaken)
      if (lines) qr = lines
      else if (refusal) spinner.hint(refusal)
    }
    draw()
  }
  const area: LiveArea = openLiveArea(terminal, (key) => {
    if (typing) return
    if (key === 'c') spinner.hint(copyLink(terminal, link))
    if (key === 'q') void toggleQr(2, 'No room for the QR code here.')
  })
  const ticking = setInterval(draw, 100)
  draw()
  // At once only where there is plenty of room: the link and the code stay in sight above it.
  if (options.qr && !options.renewed && terminal.rows() >= ROWS_FOR_QR) void toggleQr(8, '')
  return {
    event: (event) => {
      if (event.type === 'offline' && !offline)
        area.note(() => terminal.warn(offlineLine(endsAt - system.monotonic())))
      if (event.type === 'offline' || event.type === 'online') offline = event.type === 'offline'
    },
    hint: (text) => area.note(() => terminal.warn(text)),
    askReturnCode: async (ask, signal) => {
      typing = true
      qr = []
      try {
        return await askReturnCode(ask, signal, { area, spinner, terminal })
      } finally {
        typing = false
      }
    },
    close: () => {
      clearInterval(ticking)
      area.close()
    },
  }
}

export function offlineLine(left: number): string {
  return `Offline. The link stays valid for ${minutes(left)}; retrying.`
}

const KEYS = 'c copy link · q QR code · ^C cancel'
const ROWS_FOR_QR = 30
