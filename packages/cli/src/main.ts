#!/usr/bin/env node
// The program's entry: the fast way for `token`, else the full program. Nothing else is loaded before it is
// known to be needed. Not here: the table of commands (program.ts).
import { app } from './app.ts'

async function main(args: string[]): Promise<number> {
  if (args.length === 1 && args[0] === 'token') {
    const code = await tokenWithoutParsing()
    if (code !== undefined) return code
  }
  const { runProgram } = await import('./program.ts')
  return runProgram(args, process)
}

async function tokenWithoutParsing(): Promise<number | undefined> {
  const { fastToken } = await import('@countersign/client/fast-token')
  try {
    const token = fastToken(app, process.env, process.cwd())
    if (token === undefined) return undefined
    process.stdout.write(`${token}\n`)
    return 0
  } catch (error) {
    const { createTerminal, explain } = await import('@countersign/client/terminal')
    const failure = explain(error, app.command)
    createTerminal(process, process.env).fail(failure.message)
    return failure.exit
  }
}

// A reader that has gone away (`countersign token | head -0`) is no error of ours.
process.stdout.on('error', () => process.exit(0))
const code = await main(process.argv.slice(2))
// Idle keep-alive connections must not hold the prompt back. Pipes are asynchronous on Windows, so both
// streams are flushed first.
process.stderr.write('', () => process.stdout.write('', () => process.exit(code)))
