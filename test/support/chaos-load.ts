// Programs and people at work on a server that is killed again and again: they sign in, refresh and revoke, note what the
// server acknowledged, and repeat what got no answer, as real ones do. Whatever contradicts what was acknowledged is
// a violation. Killing and starting is the test's matter (crash.test.ts).

import { openPerson, type Person } from './person.ts'

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const program = 'countersign-cli'

/** One sign-in as the program that made it knows it. */
export type Chain = {
  deviceCode: string
  accessToken: string
  refreshToken: string
  state: 'live' | 'revoked'
}

export type Ledger = {
  chains: Chain[]
  /** Redeemed, but the answer with the tokens never arrived. */
  lostAnswers: number
  refreshes: number
  violations: string[]
}

export type Answer = { status: number; body: Record<string, unknown> }

export type Load = {
  ledger: Ledger
  /** Stops after what each worker is at; resolves when all have. */
  stop: () => Promise<void>
}

/** Sends a form; undefined when no answer came, so that nobody knows whether it was acted on. */
export async function ask(
  url: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Answer | undefined> {
  try {
    const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers })
    const text = await response.text()
    const body = text === '' ? {} : (JSON.parse(text) as Answer['body'])
    // Not ready yet, or the store was just then not to be had: as if nobody had been there.
    return response.status === 503 ? undefined : { status: response.status, body }
  } catch {
    return undefined
  }
}

/** Repeats until an answer comes, as long as somebody starts the server again. */
export async function insist(...args: Parameters<typeof ask>): Promise<Answer> {
  for (let tries = 0; tries < 3000; tries++) {
    const answer = await ask(...args)
    if (answer !== undefined) return answer
    await pause(10)
  }
  throw new Error(`${args[0]} did not answer for half a minute`)
}

export async function startLoad(issuer: string, workers: number, random: () => number): Promise<Load> {
  const ledger: Ledger = { chains: [], lostAnswers: 0, refreshes: 0, violations: [] }
  let running = true
  const people: Person[] = []
  for (let i = 0; i < workers; i++) {
    const person = openPerson(() => issuer)
    await person.signIn()
    people.push(person)
  }
  const work = async (person: Person) => {
    const mine: Chain[] = []
    while (running) {
      const chance = random()
      const chain = mine.filter(({ state }) => state === 'live')[Math.floor(random() * 4)]
      if (chain === undefined || chance < 0.4) {
        const made = await signIn(issuer, person, ledger)
        if (made !== undefined) mine.push(made)
      } else if (chance < 0.85) await refresh(issuer, chain, ledger)
      else await revoke(issuer, chain, ledger)
    }
  }
  const all = Promise.all(people.map(work))
  all.catch(() => {})
  return {
    ledger,
    async stop() {
      running = false
      await all
    },
  }
}

async function signIn(issuer: string, person: Person, ledger: Ledger): Promise<Chain | undefined> {
  const { body: device } = await insist(`${issuer}/oauth/device/authorize`, { client_id: program })
  const deviceCode = String(device.device_code)
  let isApproved = await decided(person, String(device.user_code))
  for (let polls = 0; polls < 100; polls++) {
    const form = { client_id: program, grant_type: deviceGrant, device_code: deviceCode }
    const first = await ask(`${issuer}/oauth/token`, form)
    const answer = first ?? (await insist(`${issuer}/oauth/token`, form))
    const error = answer.body.error
    if (answer.status === 200) return kept(ledger, deviceCode, answer)
    // The first poll was acted on and its answer died with the server; a code is never good for a second answer.
    if (error === 'invalid_grant' && first === undefined) {
      ledger.lostAnswers++
      return undefined
    }
    if (isApproved || (error !== 'authorization_pending' && error !== 'slow_down')) {
      ledger.violations.push(`a code that was ${isApproved ? 'allowed' : 'waiting'} is ${String(error)}`)
      return undefined
    }
    isApproved = await decided(person, String(device.user_code))
  }
  ledger.violations.push('a code could not be decided')
  return undefined
}

// False when nobody knows: the page that confirms it did not arrive.
async function decided(person: Person, userCode: string): Promise<boolean> {
  return person.decide(userCode, 'allow').then(
    () => true,
    () => pause(10).then(() => false),
  )
}

function kept(ledger: Ledger, deviceCode: string, { body }: Answer): Chain {
  const accessToken = String(body.access_token)
  const chain: Chain = { deviceCode, accessToken, refreshToken: String(body.refresh_token), state: 'live' }
  ledger.chains.push(chain)
  return chain
}

async function refresh(issuer: string, chain: Chain, ledger: Ledger): Promise<void> {
  const form = { client_id: program, grant_type: 'refresh_token', refresh_token: chain.refreshToken }
  const { status, body } = await insist(`${issuer}/oauth/token`, form)
  if (status !== 200) {
    ledger.violations.push(`a live refresh token is ${String(body.error)}`)
    chain.state = 'revoked'
    return
  }
  chain.refreshToken = String(body.refresh_token)
  chain.accessToken = String(body.access_token)
  ledger.refreshes++
}

async function revoke(issuer: string, chain: Chain, ledger: Ledger): Promise<void> {
  const { status } = await insist(`${issuer}/oauth/revoke`, { client_id: program, token: chain.refreshToken })
  if (status !== 200) ledger.violations.push(`a revocation is ${status}`)
  chain.state = 'revoked'
}

export const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))
