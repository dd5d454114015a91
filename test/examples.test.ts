// The programs in examples/, run as anybody would run them: real processes against a real server, approved at the real pages.

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { addMia, mia, openPerson } from './support/person.ts'
import { type RunningServer, startServer } from './support/process.ts'

const examples = join(import.meta.dirname, '..', 'examples')
let server: RunningServer
let home = ''

before(async () => {
  home = mkdtempSync(join(tmpdir(), 'countersign-example-'))
  server = await startServer()
  await addMia('--data', server.data)
})
after(async () => {
  await server.stop()
  rmSync(home, { recursive: true, force: true })
})

type Ran = { code: number | null; stdout: string; stderr: string }

/** Runs an example to its end; `onTalk` gets all of stderr so far, whenever there is more. */
function run(name: string, onTalk: (stderr: string) => void = () => {}): Promise<Ran> {
  const child = spawn(process.execPath, [join(examples, name, 'main.ts')], {
    cwd: home,
    // Nothing else is inherited, so that no sign-in of whoever runs the tests is found.
    env: { PATH: process.env.PATH, HOME: home, COUNTERSIGN_SERVER: server.issuer },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
    onTalk(stderr)
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout, stderr }))
  })
}

test('whoami asks once and names the person; the second run knows without asking', async () => {
  const person = openPerson(() => server.issuer)
  await person.signIn()
  const asked = /^Open (\S+) and enter (\S+)\n/
  let deciding: Promise<void> | undefined
  const first = await run('whoami', (talk) => {
    const [, link, code] = asked.exec(talk) ?? []
    if (code === undefined || deciding !== undefined) return
    assert.equal(link, `${server.issuer}/device`)
    deciding = person.decide(code, 'allow')
  })
  assert.match(first.stderr, asked)
  await deciding
  assert.deepEqual([first.code, first.stdout], [0, `${mia.email}\n`])

  const second = await run('whoami')
  assert.deepEqual(second, { code: 0, stdout: `${mia.email}\n`, stderr: '' })
})
