// What `login` says to programs: with --json one line on stderr for everything that happens while it waits, and one object on
// stdout at its end. Not here: what people read (login-link-view.ts, login-code-view.ts), the first step of two (login-two-step.ts).
import type { LiveCredential } from '../credentials.ts'
import type { DeviceLoginEvent } from '../device-login.ts'
import type { LoopbackLoginEvent } from '../loopback-login.ts'
import { jsonLine, type Terminal } from '../terminal/terminal.ts'

type LoginEvent = DeviceLoginEvent | LoopbackLoginEvent

export type JsonView = {
  event: (event: LoginEvent) => void
  hint: (message: string) => void
  close: () => void
}

/** `begin` is what the person needs: a link, or a code. */
export function openJsonView(terminal: Terminal, begin: object): JsonView {
  const tell = (event: object): void => terminal.draw(jsonLine(event))
  tell(begin)
  return {
    event: (event) => tell(eventAsJson(event)),
    hint: (message) => tell({ event: 'hint', message }),
    close: () => {},
  }
}

export function eventAsJson(event: LoginEvent): Record<string, unknown> {
  if (event.type !== 'offline') return { event: event.type }
  return { event: 'offline', retry_in: event.seconds, code: event.error.code }
}

export function signedInAsJson({
  account,
  deviceName,
  issuer,
  scope,
}: LiveCredential): Record<string, unknown> {
  return {
    status: 'signed_in',
    account: account.email ?? account.id,
    subject: account.id,
    device: deviceName,
    server: issuer,
    scope,
  }
}
