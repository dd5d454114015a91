// What `login` shows while a browser on this machine is waited for: the link, then a line with keys on a terminal, plain
// lines elsewhere, JSON lines with --json. Not here: the same for codes (login-code-view.ts), opening the browser.
import type { AuthorizationLink } from '../authorization-link.ts'
import type { LoopbackLoginEvent } from '../loopback-login.ts'
import { openLiveArea } from '../terminal/live-area.ts'
import { clean } from '../terminal/terminal.ts'
import type { Context } from './command.ts'
import { openJsonView } from './login-json.ts'
import { copyLink, createSpinner, waitingLine } from './login-keys.ts'

export type LinkView = {
  event: (event: LoopbackLoginEvent) => void
  hint: (text: string) => void
  close: () => void
}

export type LinkViewOptions = {
  context: Context
  json: boolean
  open: boolean
  /** What the sign-in is for, where the person did not ask for it by themselves (step-up.ts). */
  why?: string | undefined
  /** `d` was pressed; absent where the server has no codes. */
  onUseCode?: () => void
}

export function openLinkView({ url, expiresIn }: AuthorizationLink, options: LinkViewOptions): LinkView {
  const { terminal } = options.context
  if (options.json)
    return openJsonView(terminal, {
      event: 'link',
      authorization_uri: url,
      expires_in: expiresIn,
      opens_browser: options.open,
    })
  const { why } = options
  if (why !== undefined && options.open) terminal.say(`${why} Opening your browser…`)
  else {
    if (why !== undefined) terminal.say(why)
    terminal.say(options.open ? 'Opening your browser:' : 'Open this link in a browser on this computer:')
  }
  terminal.say(clean(url))
  terminal.say()
  return terminal.interactive ? liveView(url, options) : plainView(options)
}

function plainView({ context: { terminal } }: LinkViewOptions): LinkView {
  terminal.say('Waiting for you to approve…')
  return {
    event: (event) => {
      if (event.type === 'offline') terminal.warn('Offline. Retrying.')
    },
    hint: (text) => terminal.warn(text),
    close: () => {},
  }
}

function liveView(url: string, { context, onUseCode }: LinkViewOptions): LinkView {
  const { terminal, system } = context
  const spinner = createSpinner(system)
  const hintAt = system.monotonic() + HINT_SECONDS
  let [answered, offline] = [false, false]
  const draw = (): void => {
    const waiting = answered ? 'Signing in…' : 'Waiting for you to approve…'
    const hint = onUseCode ? `${UNNOTICED}, or press d to use a code.` : `${UNNOTICED}.`
    const above = answered || system.monotonic() < hintAt ? [] : [`  ${hint}`]
    const keys = answered ? '^C cancel' : `c copy link · ${onUseCode ? 'd use a code · ' : ''}^C cancel`
    area.show([...above, waitingLine(spinner, { waiting: waiting.padEnd(35), keys }, terminal.columns())])
  }
  const area = openLiveArea(terminal, (key) => {
    if (key === 'c') spinner.hint(copyLink(terminal, url))
    if (key === 'd' && !answered) onUseCode?.()
  })
  const ticking = setInterval(draw, 100)
  draw()
  return {
    event: (event) => {
      if (event.type === 'answered') answered = true
      if (event.type === 'offline' && !offline) area.note(() => terminal.warn('Offline. Retrying.'))
      if (event.type === 'offline' || event.type === 'online') offline = event.type === 'offline'
      draw()
    },
    hint: (text) => area.note(() => terminal.warn(text)),
    close: () => {
      clearInterval(ticking)
      area.close()
    },
  }
}

const HINT_SECONDS = 8
const UNNOTICED = 'Nothing happens? Open the link yourself'
