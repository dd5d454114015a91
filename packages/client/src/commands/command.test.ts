// `--no-x` beside `--x <value>`, in either order, as the real parsers of others give them on: both arrive.
// Whole programs with each parser are tested beside the adapters.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command as Commander } from 'commander'
import { addCommand } from '../adapters/commander.ts'
import { type YargsModule, yargsModules } from '../adapters/yargs.ts'
import { createApp } from '../app.ts'
import { parseCall } from './arguments.ts'
import type { Call, Command, RunCall } from './command.ts'
import { commandsOf } from './table.ts'

type Yargs = {
  command: (modules: YargsModule[]) => Yargs
  strict: () => Yargs
  parseAsync: () => Promise<unknown>
}

// It comes without types of its own.
const yargs: (words: string[]) => Yargs = (await import(import.meta.resolve('yargs'))).default
const commands = commandsOf(createApp({ clientId: 'acme-cli', appName: 'Acme' }))

const parsers: Record<string, (command: Command, words: string[], run: RunCall) => Promise<unknown>> = {
  commander: (command, words, run) => {
    const program = new Commander('acme')
    addCommand(program, command, run)
    return program.parseAsync([command.name, ...words], { from: 'user' })
  },
  yargs: (command, words, run) =>
    yargs([command.name, ...words])
      .command(yargsModules([command], run))
      .strict()
      .parseAsync(),
  // citty and oclif hand the words on as they are.
  'node:util': (command, words, run) => run(command, parseCall(command, words)),
}

for (const [name, parse] of Object.entries(parsers))
  test(`${name}: a flag and its negation both arrive, whichever comes first`, async () => {
    const login = commands.find((command) => command.name === 'login')
    assert.ok(login)
    const callOf = async (...words: string[]): Promise<Call['flags']> => {
      const calls: Call[] = []
      await parse(login, words, async (_command, call) => {
        calls.push(call)
      })
      return { ...calls[0]?.flags }
    }
    assert.deepEqual(await callOf('--no-wait', '--wait', '5'), { noWait: true, wait: '5' })
    assert.deepEqual(await callOf('--wait', '5', '--no-wait'), { noWait: true, wait: '5' })
    assert.deepEqual(await callOf('--no-wait'), { noWait: true })
    assert.deepEqual(await callOf('--browser', 'a', '--no-browser', '--browser', 'b', '--json'), {
      browser: 'b',
      noBrowser: true,
      json: true,
    })
    assert.deepEqual(await callOf('--wait', '5'), { wait: '5' })
  })
