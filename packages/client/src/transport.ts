// How to sign in from here: one table, read from the top, the first row that fits wins. Pure: facts and flags in, a
// decision with its reason out (RFC 10027: the device grant is not for a browser on the same machine).
// Not here: how the facts are found (environment.ts), what the server offers and whether a port can be had (commands/login.ts).
import type { Facts } from './environment.ts'

export type TransportFlags = {
  withToken?: boolean
  noWait?: boolean
  device?: boolean
  loopback?: boolean
  noBrowser?: boolean
}

export type Transport = 'loopback' | 'device' | 'two-step' | 'refuse' | 'token-stdin'

export type Decision = {
  transport: Transport
  /** Whether a browser is opened for the person. */
  open: boolean
  /** Whether the QR code is shown at once: no browser can be opened here, so there is another device. */
  qr: boolean
  /** Whether the browser has to prove first that it reaches a port of ours. */
  selfTest: boolean
  rule: string
  reason: string
  /** Set where nothing is begun. */
  exit?: 4
}

type Row = {
  rule: string
  when: (facts: Facts, flags: TransportFlags) => string | false | undefined
  transport: Transport
}

/** `when` gives the reason. */
const table: readonly Row[] = [
  {
    rule: 'with-token',
    when: (_f, flags) => flags.withToken && 'a token comes on stdin',
    transport: 'token-stdin',
  },
  {
    rule: 'ci',
    when: ({ ci }, { device }) => ci !== undefined && !device && `this is CI (${ci})`,
    transport: 'refuse',
  },
  {
    rule: 'no-terminal',
    when: (facts, { device, noWait }) =>
      !hasTerminal(facts) && !facts.agent && !device && !noWait && 'there is no terminal here',
    transport: 'refuse',
  },
  { rule: 'no-wait', when: (_f, { noWait }) => noWait && '--no-wait was given', transport: 'two-step' },
  {
    rule: 'agent',
    when: (facts) =>
      facts.agent !== undefined && !hasTerminal(facts) && `${facts.agent} runs this without a terminal`,
    transport: 'two-step',
  },
  { rule: 'device-flag', when: (_f, { device }) => device && '--device was given', transport: 'device' },
  {
    rule: 'loopback-flag',
    when: (_f, { loopback }) => loopback && '--loopback was given',
    transport: 'loopback',
  },
  { rule: 'ssh', when: ({ ssh }) => ssh && `this is an SSH session (${ssh})`, transport: 'device' },
  {
    rule: 'container',
    when: ({ container }) => container && `this is a container (${container})`,
    transport: 'device',
  },
  {
    rule: 'wsl-isolated',
    when: ({ wsl }) => wsl === 'isolated' && 'WSL cannot start programs of Windows here',
    transport: 'device',
  },
  {
    rule: 'no-display',
    when: ({ display }) => display === undefined && 'there is no display (DISPLAY, WAYLAND_DISPLAY)',
    transport: 'device',
  },
  {
    rule: 'no-opener',
    when: ({ opener, refusedBrowser }, { noBrowser }) =>
      opener === undefined && !noBrowser && (refusedBrowser ?? 'nothing here opens a browser'),
    transport: 'device',
  },
  {
    rule: 'wsl',
    when: ({ wsl }) => wsl === 'interop' && 'a browser of Windows is near',
    transport: 'loopback',
  },
]

const otherwise: Omit<Row, 'when'> = { rule: 'same-machine', transport: 'loopback' }

export function decide(facts: Facts, flags: TransportFlags): Decision {
  for (const row of table) {
    const reason = row.when(facts, flags)
    if (reason) return decisionOf(row, reason, facts, flags)
  }
  return decisionOf(otherwise, 'the browser is on this machine', facts, flags)
}

function decisionOf(
  { rule, transport }: Omit<Row, 'when'>,
  reason: string,
  facts: Facts,
  flags: TransportFlags,
): Decision {
  const open = !flags.noBrowser && mayOpen(transport, rule, facts)
  return {
    transport,
    open,
    qr: transport === 'device' && rule !== 'device-flag' && !open && facts.tty.stdin && facts.tty.stderr,
    selfTest: transport === 'loopback' && facts.wsl === 'interop',
    rule,
    reason,
    ...(transport === 'refuse' ? { exit: 4 as const } : {}),
  }
}

// Over SSH a browser would start on the wrong computer, perhaps as text in the session itself; one that was named (such as the
// helper of an editor that forwards links to the computer in front of the person) was meant.
function mayOpen(transport: Transport, rule: string, { opener, ssh, container }: Facts): boolean {
  if (opener === undefined) return false
  if (transport === 'loopback') return ssh === undefined || opener.namedBy !== undefined
  const isForwarded = opener.namedBy !== undefined && (ssh !== undefined || container !== undefined)
  return transport === 'device' && rule !== 'device-flag' && isForwarded
}

function hasTerminal({ tty }: Facts): boolean {
  return tty.stdin || tty.stdout
}

/** What the server has or has not, and a port that is not to be had, leave one way where there were two. */
export function withoutLoopback(decision: Decision, reason: string): Decision {
  return {
    ...decision,
    transport: 'device',
    open: false,
    qr: false,
    selfTest: false,
    rule: 'no-loopback',
    reason,
  }
}
