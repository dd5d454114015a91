// `doctor`: what is in the way of signing in, and what to do about it, as a report that can be shown to others: no token, no
// address of a person, no path that says who it is. The checks are ../doctor/.
import { homedir } from 'node:os'
import { variable } from '../app.ts'
import { openStore } from '../credentials.ts'
import { type Result, runChecks } from '../doctor/check.ts'
import { localChecks } from '../doctor/local-checks.ts'
import { networkChecks } from '../doctor/network-checks.ts'
import { resolveServer } from '../resolve.ts'
import { clean, type Exit, exits, explain } from '../terminal/terminal.ts'
import { type Call, type Context, isOn, textFlag } from './command.ts'
import { wantedStore } from './store-words.ts'
import { askingOf } from './target.ts'

export async function run({ flags }: Call, context: Context): Promise<Exit> {
  const { app, env, cwd, system, terminal } = context
  const kind = wantedStore(flags)
  const local = localChecks({
    app,
    env,
    cwd,
    system,
    terminal,
    openStore: () => openStore({ env, app, system, kind }),
  })
  const [server, trouble] = serverOf(flags, context)
  const caFile = textFlag(flags, 'caFile')
  const network = server === undefined ? [] : networkChecks({ issuer: server, env, app, caFile, system })
  const found = await runChecks([...network, ...local], system)
  const results = [...(trouble === undefined ? [] : [trouble]), ...found].map((result) =>
    shareable(result, env),
  )
  const wrong = results.some(({ state }) => state === 'wrong')
  if (isOn(flags, 'json')) terminal.printJson({ ok: !wrong, checks: results })
  else for (const result of results) sayResult(result, context)
  return wrong ? exits.error : exits.ok
}

/** A project file that cannot be used is a finding of its own, and does not keep the server from being looked at. */
function serverOf(flags: Call['flags'], context: Context): [string | undefined, Result | undefined] {
  const { app, env } = context
  try {
    return usable(resolveServer(askingOf(flags, context)).server)
  } catch (error) {
    const named =
      textFlag(flags, 'server') ?? textFlag(flags, 'issuer') ?? (env[variable(app, 'SERVER')] || app.issuer)
    if (named !== undefined) return usable(named)
    return [undefined, { name: 'server', state: 'wrong', detail: explain(error, app.command).message }]
  }
}

function usable(server: string): [string | undefined, Result | undefined] {
  if (URL.parse(server)) return [server, undefined]
  return [undefined, { name: 'server', state: 'wrong', detail: `${server} is not the address of a server` }]
}

/** Whoever helps need not know what the person is called. */
function shareable(result: Result, env: Context['env']): Result {
  const homes = [env.HOME, homedir()].filter((home) => home !== undefined && home.length > 1)
  const without = (text: string): string =>
    homes.reduce<string>((rest, home) => rest.replaceAll(home ?? '', '~'), clean(text))
  const { advice } = result
  return {
    ...result,
    detail: without(result.detail),
    ...(advice === undefined ? {} : { advice: without(advice) }),
  }
}

function sayResult({ name, state, detail, advice }: Result, { terminal }: Context): void {
  const [mark, style] = MARKS[state]
  const painted = terminal.tty.stdout ? terminal.paint(style, mark) : mark
  terminal.print(`  ${painted} ${name.padEnd(12)} ${detail}`)
  if (advice !== undefined && state !== 'ok') terminal.print(`    ${' '.repeat(12)} ${advice}`)
}

const MARKS = { ok: ['✓', 'green'], warning: ['!', 'yellow'], wrong: ['✗', 'red'] } as const
