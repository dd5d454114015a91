// A home directory whose person is signed in at a server, for tests of helpers: our program and those of others run in it, with
// nothing of whoever runs the tests. One sign-in for all tests of a file, a fresh home for each.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addPerson, signInProgram } from '../support/approve-in-store.ts'
import { type Exit, type RunningServer, runProgram, startServer } from '../support/process.ts'
import { type Ran, run as runAsync } from '../support/run-tool.ts'

export type Variables = Record<string, string>

export type SignedInHome = {
  server: RunningServer
  /** Changes with every `fresh`. */
  path: () => string
  /** Signs in, with these flags of `login`. */
  signIn: (...flags: string[]) => Promise<void>
  env: (more?: Variables) => Variables
  run: (args: string[], input?: string, more?: Variables) => Promise<Exit>
  /** Another program. */
  tool: (name: string, args: string[], more?: Variables) => Promise<Ran>
  /** `helper install …`, which has to succeed. */
  install: (...args: string[]) => Promise<Exit>
  /** The access token that the program prints. */
  token: () => Promise<string>
  /** Forgets what a test has installed. */
  fresh: () => void
  close: () => Promise<void>
}

export async function openSignedInHome(): Promise<SignedInHome> {
  const server = await startServer()
  await addPerson(server.data)
  const config = mkdtempSync(join(tmpdir(), 'countersign-helpers-'))
  const makeHome = (): string => mkdtempSync(join(tmpdir(), 'countersign-home-'))
  let home = makeHome()
  const env = (more: Variables = {}): Variables => ({
    COUNTERSIGN_CONFIG_DIR: config,
    PATH: `${join(home, '.local', 'bin')}:${process.env.PATH}`,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    ...more,
  })
  const run: SignedInHome['run'] = (args, input = '', more = {}) =>
    runProgram(args, { home, env: env(more), input })
  return {
    server,
    path: () => home,
    signIn: async (...flags) => {
      await signInProgram(server.issuer, server.data, { COUNTERSIGN_CONFIG_DIR: config }, ...flags)
    },
    env,
    run,
    tool: (name, args, more) => runAsync(name, args, { ...env(more), HOME: home }),
    install: async (...args) => {
      const exit = await run(['helper', 'install', ...args])
      assert.equal(exit.code, 0, exit.stdout + exit.stderr)
      return exit
    },
    token: async () => (await run(['token'])).stdout.trim(),
    fresh: () => {
      rmSync(join(config, 'credentials', 'helpers.json'), { force: true })
      rmSync(home, { recursive: true, force: true })
      home = makeHome()
    },
    close: async () => {
      await server.stop()
      for (const folder of [home, config]) rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const has = (name: string): boolean => spawnSync(name, ['--version']).error === undefined

/** What a request brings, by Bearer or as the password of Basic. */
export function tokenIn({ headers }: IncomingMessage): string | undefined {
  const [scheme, value = ''] = headers.authorization?.split(' ') ?? []
  if (scheme === 'Bearer') return value
  return scheme === 'Basic'
    ? Buffer.from(value, 'base64').toString().split(':').slice(1).join(':')
    : undefined
}

/** An address on this machine that something listens at until `close`. */
export type Site = { host: string; close: () => Promise<void> }

export async function listen(site: Server & { closeAllConnections: () => void }): Promise<Site> {
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  const address = site.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    host: `127.0.0.1:${port}`,
    close: async () => {
      site.closeAllConnections()
      await new Promise((resolve) => site.close(resolve))
    },
  }
}
