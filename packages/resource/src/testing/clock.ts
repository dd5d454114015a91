// The clock of a test: it stands until the test moves it. The network and the random bytes are the real ones.
// Not here: the tokens that are valid at its start (issuer.ts).

import { type System, system } from '../system.ts'
import { startOfTests } from './issuer.ts'

export type TestClock = { system: System; advance: (seconds: number) => void }

export function createClock(): TestClock {
  let now = startOfTests
  return {
    system: { ...system, now: () => now },
    advance: (seconds) => {
      now += seconds
    },
  }
}

/** A request as a client would send it. */
export function requestWith(
  token: string | undefined,
  headers: Record<string, string> = {},
  url = NOTES,
): Request {
  const authorization: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` }
  return new Request(url, { headers: { ...authorization, ...headers } })
}

const NOTES = 'https://api.example.com/notes/1?order=new'
