// `countersign serve`: runs the server, says where it is and what to do next, and ends it properly on
// SIGTERM and SIGINT. The server itself is @countersign/server.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { clean, type Exit, exits, onFirstSignal, UsageError } from '@countersign/client/terminal'
import type { Command } from 'commander'
import { app } from '../app.ts'
import type { Context } from '../context.ts'
import { connectBroker } from './connect-broker.ts'

type ServeFlags = {
  host?: string
  port?: string
  issuer?: string
  data?: string
  databaseUrl?: string
  config?: string
  json?: boolean
}

export function define(program: Command, context: Context): void {
  program
    .command('serve')
    .description('run the server')
    .option('--host <host>', 'the address to listen on (else COUNTERSIGN_HOST)')
    .option('--port <port>', 'the port to listen on, 0 for any free one (else COUNTERSIGN_PORT)')
    .option('--issuer <url>', 'the public address of this server (else COUNTERSIGN_ISSUER)')
    .option('--data <dir>', 'where the embedded database lives (else COUNTERSIGN_DATA)')
    .option('--database-url <url>', 'a PostgreSQL database instead (else COUNTERSIGN_DATABASE_URL)')
    .option('--config <file>', 'a configuration file')
    .option('--json', 'one JSON line on stdout once requests are served')
    .action((flags: ServeFlags) => context.run(flags, () => serve(flags, context)))
}

async function serve(flags: ServeFlags, context: Context): Promise<Exit> {
  // Loading the server makes a lot of garbage once. Held to its first size meanwhile, the young generation does not
  // keep 10 MB that an idle server never needs; under load it may grow as always.
  setFlagsFromString('--semi-space-growth-factor=1')
  const { startServer } = await import('@countersign/server')
  const { host, issuer, data, databaseUrl, config } = flags
  const stopping = new Promise<void>((resolve) => onFirstSignal(SIGNALS, context.system, resolve))
  const server = await startServer({
    connect: connectBroker,
    // A person at a terminal reads the greeting; events of every request are for who keeps a log.
    env:
      flags.json || !context.terminal.interactive
        ? context.env
        : { COUNTERSIGN_LOG_LEVEL: 'warn', ...context.env },
    ...(host === undefined ? {} : { host }),
    ...(flags.port === undefined ? {} : { port: portOf(flags.port) }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(data === undefined ? {} : { data }),
    ...(databaseUrl === undefined ? {} : { databaseUrl }),
    ...(config === undefined ? {} : { config }),
  })
  setFlagsFromString('--semi-space-growth-factor=2')
  if (flags.json) context.terminal.printJson(readyLine(server))
  else greet(server, context)
  collectStartGarbage()
  await stopping
  if (!flags.json) context.terminal.say('Stopping; requests in flight are finished first.')
  await withinLimit(server.close())
  return exits.ok
}

// V8 collects when something is allocated, and an idle server allocates nothing: what loading left behind would stay for
// days. One collection at the end of the start gives 8 MB back.
function collectStartGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: { type: 'major'; flavor: 'last-resort' }) => void
  collect({ type: 'major', flavor: 'last-resort' })
}

type Running = { issuer: string; setupUrl?: string | undefined }

function readyLine({ issuer, setupUrl }: Running): Record<string, unknown> {
  return { event: 'ready', issuer, pid: process.pid, ...(setupUrl ? { setup_url: setupUrl } : {}) }
}

/** One write, so that no line of the log comes between. */
function greet({ issuer, setupUrl }: Running, { terminal }: Context): void {
  const server = issuer === app.issuer ? '' : ` --server ${issuer}`
  const setup = ['First start. Create your account here (the link works once):', clean(setupUrl ?? ''), '']
  const lines = [
    `Countersign serves ${terminal.paint('bold', clean(issuer))}`,
    '',
    ...(setupUrl ? setup : []),
    `${setupUrl ? 'Then, in' : 'In'} another terminal in this directory:`,
    `${ownCommand()} login${server}`,
  ]
  terminal.draw(`\n${lines.map((line) => (line === '' ? '\n' : `  ${line}\n`)).join('')}\n`)
}

/** From a clone the program is reached through npx; installed, by its name. */
function ownCommand(): string {
  return import.meta.url.endsWith('.ts') ? 'npx countersign' : 'countersign'
}

function portOf(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new UsageError(`--port ${clean(text)} is no port: it must be between 0 and 65535`)
  return port
}

/** A request that never ends must not keep a deployment from ending. */
async function withinLimit(closing: Promise<void>): Promise<void> {
  const limit = Promise.withResolvers<void>()
  const timer = setTimeout(limit.resolve, DRAIN_MILLISECONDS)
  await Promise.race([closing, limit.promise])
  clearTimeout(timer)
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const
const DRAIN_MILLISECONDS = 9000
