// Signing a program in without a browser, for tests that are about what comes after: the decision is written into
// the store by the server's own rule, from this process, and wakes the poll that is waiting.
// How a person decides is test/journey.

import { join } from 'node:path'
import { deviceAuthorization } from '@countersign/protocol'
import { openStore } from '@countersign/server'
import { runProgram, startProgram } from './process.ts'

export const person = { email: 'mia@example.com', name: 'Mia', password: 'cobalt-canary-lantern-42' }

/** `countersign users add` with the data of a running server. */
export async function addPerson(data: string, who: typeof person = person): Promise<void> {
  const args = ['users', 'add', who.email, '--name', who.name, '--password-stdin', '--data', data]
  const { code, stderr } = await runProgram(args, { input: who.password })
  if (code !== 0) throw new Error(`users add ended with ${code}: ${stderr}`)
}

/** `countersign login` to its end, approved as soon as its code is known. Returns what it printed. */
export async function signInProgram(
  issuer: string,
  data: string,
  env: Record<string, string>,
  ...more: string[]
): Promise<Record<string, unknown>> {
  const login = startProgram(['login', '--json', '--device', '--server', issuer, ...more], { env })
  const code = await untilPrinted(login, /"event":"waiting"/)
  if (code === undefined) await approvePending(data)
  const exit = await login.exit
  if (exit.code !== 0) throw new Error(`login ended with ${exit.code}: ${exit.stdout}${exit.stderr}`)
  return JSON.parse(exit.stdout) as Record<string, unknown>
}

/** The end of the program, if it came before the text. */
async function untilPrinted(
  program: ReturnType<typeof startProgram>,
  text: RegExp,
): Promise<number | null | undefined> {
  let ended: number | null | undefined
  void program.exit.then(({ code }) => {
    ended = code
  })
  while (!text.test(program.stderr())) {
    if (ended !== undefined) return ended
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return undefined
}

export async function approvePending(data: string): Promise<void> {
  const store = await openStore({ path: join(data, 'countersign.db') })
  try {
    const account = (await store.list('account', '', 100)).find(({ email }) => email === person.email)
    if (account === undefined) throw new Error(`there is no account ${person.email}`)
    const at = Math.floor(Date.now() / 1000)
    const browser = { address: '127.0.0.1', userAgent: 'a test' }
    const decision = {
      accountId: account.id,
      at,
      authTime: at,
      amr: ['pwd'],
      reportedAsAttack: false,
      grantId: null,
    }
    for (const record of await store.list('deviceAuthorization', '', 100)) {
      const decided = deviceAuthorization.approve(record, { ...decision, ...browser }, account)
      if (decided.outcome !== 'decided') continue
      if ((await store.apply(decided.writes)) !== 'applied') throw new Error('the approval met a conflict')
    }
  } finally {
    await store.close()
  }
}
