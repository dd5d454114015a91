// The decision table: every combination of what is looked at, against what must hold in all of them; and rows that people
// can read. How the facts are found: environment.test.ts.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Facts } from './environment.ts'
import { type Decision, decide, type TransportFlags } from './transport.ts'

const desktop: Facts = {
  platform: 'linux',
  tty: { stdin: true, stdout: true, stderr: true },
  ssh: undefined,
  container: undefined,
  wsl: undefined,
  display: 'WAYLAND_DISPLAY',
  opener: {},
  refusedBrowser: undefined,
  ci: undefined,
  agent: undefined,
}
const none = { stdin: false, stdout: false, stderr: false }
const named = { command: ['/bin/firefox'], namedBy: 'BROWSER' }

type Row = [string, Partial<Facts>, TransportFlags, string]

const rows: Row[] = [
  ['a desktop', {}, {}, 'loopback open'],
  ['a desktop, output into a pipe', { tty: { ...none, stdin: true } }, {}, 'loopback open'],
  ['a Mac', { platform: 'darwin', display: 'darwin' }, {}, 'loopback open'],
  ['no browser wanted', {}, { noBrowser: true }, 'loopback'],
  ['no browser wanted, and none there', { opener: undefined }, { noBrowser: true }, 'loopback'],
  ['a code wanted', {}, { device: true }, 'device'],
  ['SSH', { ssh: 'SSH_TTY' }, {}, 'device qr'],
  ['SSH with a browser that was named', { ssh: 'SSH_TTY', opener: named }, {}, 'device open'],
  ['SSH, and loopback wanted', { ssh: 'SSH_TTY' }, { loopback: true }, 'loopback'],
  ['a container', { container: '/.dockerenv', display: undefined, opener: undefined }, {}, 'device qr'],
  [
    'a container of an editor that forwards links',
    { container: 'CODESPACES', opener: named },
    {},
    'device open',
  ],
  ['a container with a desktop', { container: '/.dockerenv' }, {}, 'device qr'],
  ['a server room: no display', { display: undefined }, {}, 'device qr'],
  ['nothing to open a browser with', { opener: undefined }, {}, 'device qr'],
  ['only a browser made of text', { opener: undefined, refusedBrowser: 'lynx' }, {}, 'device qr'],
  ['WSL', { wsl: 'interop', display: 'Windows' }, {}, 'loopback open self-test'],
  ['WSL in a container', { wsl: 'interop', container: '/.dockerenv' }, {}, 'device qr'],
  ['WSL without a way to Windows', { wsl: 'isolated' }, {}, 'device qr'],
  ['CI', { ci: 'CI', tty: none }, {}, 'refuse 4'],
  ['CI with a terminal', { ci: 'CI' }, {}, 'refuse 4'],
  ['CI, a code wanted', { ci: 'CI', tty: none }, { device: true }, 'device'],
  ['CI, no waiting wanted', { ci: 'CI', tty: none }, { noWait: true }, 'refuse 4'],
  ['CI, a token given', { ci: 'CI', tty: none }, { withToken: true }, 'token-stdin'],
  ['a script', { tty: none }, {}, 'refuse 4'],
  ['a script, a code wanted', { tty: none }, { device: true }, 'device'],
  ['a script, no waiting wanted', { tty: none }, { noWait: true }, 'two-step'],
  ['an agent', { tty: none, agent: 'Claude Code' }, {}, 'two-step'],
  ['an agent over SSH', { tty: none, agent: 'Codex', ssh: 'SSH_TTY' }, {}, 'two-step'],
  ['an agent in CI', { tty: none, agent: 'Codex', ci: 'CI' }, {}, 'refuse 4'],
  ['a person in the terminal of an agent', { agent: 'Cursor' }, {}, 'loopback open'],
  ['a person, no waiting wanted', {}, { noWait: true }, 'two-step'],
]

function inShort({ transport, open, qr, selfTest, exit }: Decision): string {
  return [transport, open && 'open', qr && 'qr', selfTest && 'self-test', exit].filter(Boolean).join(' ')
}

for (const [name, facts, flags, expected] of rows)
  test(`CL-05 CL-19 10027 ${name}: ${expected}`, () => {
    assert.equal(inShort(decide({ ...desktop, ...facts }, flags)), expected)
  })

function* combinations(): Generator<[Facts, TransportFlags]> {
  const bits = [false, true]
  for (const stdin of bits)
    for (const stdout of bits)
      for (const ssh of [undefined, 'SSH_TTY'])
        for (const container of [undefined, '/.dockerenv'])
          for (const wsl of [undefined, 'interop', 'isolated'] as const)
            for (const display of [undefined, 'DISPLAY'])
              for (const opener of [undefined, {}, named])
                for (const ci of [undefined, 'CI'])
                  for (const agent of [undefined, 'Codex'])
                    for (const flags of allFlags())
                      yield [
                        {
                          ...desktop,
                          tty: { stdin, stdout, stderr: stdin },
                          ssh,
                          container,
                          wsl,
                          display,
                          opener,
                          ci,
                          agent,
                        },
                        flags,
                      ]
}

function* allFlags(): Generator<TransportFlags> {
  for (let bits = 0; bits < 32; bits += 1) {
    const [withToken, noWait, device, loopback, noBrowser] = [1, 2, 4, 8, 16].map((bit) => (bits & bit) !== 0)
    yield { withToken, noWait, device, loopback, noBrowser } as Required<TransportFlags>
  }
}

type Law = [string, (facts: Facts, flags: TransportFlags, made: Decision) => boolean]

const laws: Law[] = [
  [
    '10027 no code on the machine of the browser, unless it is asked for',
    ({ ssh, container, wsl, display, opener }, { device }, { transport }) => {
      const isNear = !ssh && !container && wsl !== 'isolated' && display && opener
      return !(transport === 'device' && isNear && !device)
    },
  ],
  [
    'CL-19 CI is refused, unless a code or a token is there',
    ({ ci }, { device, withToken }, { transport }) => !ci || device || withToken || transport === 'refuse',
  ],
  [
    'CL-19 without a terminal nobody is asked, unless that is wanted',
    ({ tty, agent }, { device, withToken, noWait }, { transport }) =>
      [tty.stdin, tty.stdout, agent, device, withToken, noWait, transport === 'refuse'].some(Boolean),
  ],
  [
    'without a terminal no browser is opened, unless loopback or a code was wanted',
    ({ tty }, { device, loopback }, { open }) => !open || tty.stdin || tty.stdout || !!device || !!loopback,
  ],
  [
    'over SSH only a browser that was named is opened',
    ({ ssh, opener }, _flags, { open }) => !(open && ssh && !opener?.namedBy),
  ],
  ['what cannot be opened is not', ({ opener }, _flags, { open }) => !(open && !opener)],
  ['--no-browser opens none', (_facts, { noBrowser }, { open }) => !(open && noBrowser)],
  ['--device gives no link', (_facts, { device }, { transport }) => !(device && transport === 'loopback')],
  [
    '--device is a code, two steps or a token',
    (_facts, { device }, { transport }) => !device || transport !== 'refuse',
  ],
  [
    'an exit code is the refusal’s, and only its',
    (_f, _g, { transport, exit }) => (exit === 4) === (transport === 'refuse'),
  ],
  [
    'a QR code is for a terminal, where a code is used and no browser opens',
    ({ tty }, _flags, { qr, transport, open }) => !qr || (tty.stdin && transport === 'device' && !open),
  ],
  ['every decision has a reason', (_f, _g, { reason, rule }) => reason !== '' && rule !== ''],
  [
    'a port is tested where Windows has to reach it',
    ({ wsl }, _flags, { selfTest, transport }) =>
      selfTest === (wsl === 'interop' && transport === 'loopback'),
  ],
]

test('CL-05 CL-19 10027 what must hold, holds for every combination of facts and flags', () => {
  let count = 0
  const seen = new Set<string>()
  for (const [facts, flags] of combinations()) {
    const made = decide(facts, flags)
    count += 1
    seen.add(made.rule)
    for (const [law, holds] of laws)
      if (!holds(facts, flags, made)) assert.fail(`${law}: ${JSON.stringify({ facts, flags, made })}`)
  }
  assert.equal(count, 2 * 2 * 2 * 2 * 3 * 2 * 3 * 2 * 2 * 32)
  // No row of the table is dead.
  assert.equal(seen.size, 14)
})
