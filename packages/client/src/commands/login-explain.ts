// What `login` says instead of signing in: `--explain` prints the facts, the rule and the result; where nobody could
// approve, the refusal names what works there. Not here: the rules (../transport.ts).
import { variable } from '../app.ts'
import type { Facts } from '../environment.ts'
import { type Exit, exits } from '../terminal/terminal.ts'
import type { Decision } from '../transport.ts'
import type { Context } from './command.ts'

export function explainDecision(
  facts: Facts,
  decision: Decision,
  json: boolean,
  { terminal }: Context,
): Exit {
  const { transport, open, qr, rule, reason, exit } = decision
  if (json) {
    const result = { transport, open, qr, rule, reason, exit: exit ?? null }
    terminal.printJson({ facts: factsInJson(facts), ...result })
    return exits.ok
  }
  for (const [name, value] of factsInWords(facts)) terminal.print(`  ${name.padEnd(11)} ${value}`)
  terminal.print(`  ${'rule'.padEnd(11)} ${rule}: ${reason}`)
  const browser = open ? ', opening a browser' : ''
  terminal.print(`  ${'result'.padEnd(11)} ${inWords[transport]}${browser}${qr ? ', with a QR code' : ''}`)
  return exits.ok
}

const inWords: Record<Decision['transport'], string> = {
  loopback: 'a link for a browser on this computer (loopback)',
  device: 'a code for any device (device)',
  'two-step': 'one step now, one later (two-step)',
  refuse: 'no sign-in from here, exit 4 (refuse)',
  'token-stdin': 'the token on stdin (token-stdin)',
}

function factsInWords(facts: Facts): [string, string][] {
  const terminals = (['stdin', 'stdout', 'stderr'] as const).filter((stream) => facts.tty[stream])
  return [
    ['terminal', terminals.join(', ') || 'none'],
    ['SSH', facts.ssh ?? 'no'],
    ['container', facts.container ?? 'no'],
    ['WSL', facts.wsl ?? 'no'],
    ['display', facts.display ?? 'none'],
    ['browser', browserInWords(facts)],
    ['CI', facts.ci ?? 'no'],
    ['agent', facts.agent ?? 'no'],
  ]
}

function browserInWords({ opener, refusedBrowser }: Facts): string {
  if (opener === undefined) return refusedBrowser ?? 'none'
  const what = opener.command?.join(' ') ?? opener.application ?? 'by the system'
  return opener.namedBy ? `${what} (${opener.namedBy})` : what
}

function factsInJson(facts: Facts): Record<string, unknown> {
  const { opener, refusedBrowser, ...rest } = facts
  const nulls = Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, value ?? null]))
  return {
    ...nulls,
    browser: opener?.command ?? opener?.application ?? (opener ? 'system' : (refusedBrowser ?? null)),
  }
}

/** Within a moment, and without the network: a job that waits for a person waits for ever. */
export function refuse({ rule, reason }: Decision, json: boolean, { terminal, app }: Context): Exit {
  const message = `Not signed in, and ${reason}.`
  if (json) {
    terminal.printJson({ status: 'error', code: 'sign_in_required', rule, message })
    return exits.signInNeeded
  }
  terminal.fail(`${message} Use one of:`)
  const ways = [
    [variable(app, 'TOKEN'), 'an access token, given to this job as a secret'],
    [`${app.command} login --device`, 'when somebody can approve from elsewhere'],
    ...(rule === 'ci' ? [] : [[`${app.command} login --no-wait`, 'to ask now and look later']]),
  ]
  for (const [way = '', when] of ways) terminal.say(`    ${way.padEnd(33)}${when}`)
  return exits.signInNeeded
}
