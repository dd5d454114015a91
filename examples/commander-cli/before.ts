// A command-line program of about fifty lines for the notes of examples/protect-an-api, written with commander by
// somebody who has not thought of signing in yet: the API answers it with 401. What three lines change is after.ts.

import { Command } from 'commander'

const api = {
  resource: process.env.RESOURCE ?? 'http://localhost:3000/notes',
  issuer: process.env.COUNTERSIGN_SERVER ?? 'http://localhost:4000',
}

const program = new Command('notes')
  .description('Your notes, from a terminal.')
  .version('1.0.0')
  .showSuggestionAfterError(true)

program
  .command('list')
  .description('print your notes')
  .option('--json', 'as JSON')
  .option('--grep <text>', 'only those that contain it')
  .action(async ({ json, grep }: { json?: boolean; grep?: string }) => {
    const notes = (await read(await fetch(api.resource))) as string[]
    const wanted = notes.filter((note) => grep === undefined || note.includes(grep))
    if (json) console.log(JSON.stringify(wanted))
    else for (const [at, note] of wanted.entries()) console.log(`${at + 1}. ${note}`)
  })

program
  .command('add')
  .description('write a note')
  .argument('<words...>', 'what it says')
  .action(async (words: string[]) => {
    const headers = { 'content-type': 'text/plain' }
    await read(await fetch(api.resource, { method: 'POST', headers, body: words.join(' ') }))
    console.log('Written.')
  })

program
  .command('where')
  .description('print the addresses that are used')
  .action(() => console.log(`${api.resource}\n${api.issuer}`))

async function read(answer: Response): Promise<unknown> {
  if (!answer.ok) throw new Error(`the API answered ${answer.status}`)
  return answer.headers.get('content-type')?.includes('json') ? answer.json() : undefined
}

try {
  await program.parseAsync()
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
