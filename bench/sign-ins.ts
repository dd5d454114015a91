// The time from approval to token: a person at the real pages sends the decision over HTTP, a client waits for its token.
// Several sign-ins wait at once, as they do in life, but only one person at a time opens a page or decides, so that no
// measured decision is disturbed by another. Rates of single operations are in rounds.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import { deviceLogin, discover } from '@countersign/client'
import * as plainClient from 'openid-client'
import { openPerson, type Person } from '../test/support/person.ts'

const clientId = 'bench-jwt'

/** Signs in once: tells the code when it has it, resolves when it holds the token. */
type SignIn = (onCode: (userCode: string) => void) => Promise<unknown>

/** Our client, which asks the server to hold its polls. */
export async function heldSignIn(issuer: string): Promise<SignIn> {
  const metadata = await discover(issuer)
  return (onCode) =>
    deviceLogin({ metadata, clientId, scope: 'openid', onCode: ({ userCode }) => onCode(userCode) })
}

/** A client of RFC 8628 and nothing more: it polls at the interval, whatever the server could do. */
export async function plainSignIn(issuer: string): Promise<SignIn> {
  const execute = [plainClient.allowInsecureRequests]
  const none = plainClient.None()
  const config = await plainClient.discovery(new URL(issuer), clientId, undefined, none, { execute })
  return async (onCode) => {
    const device = await plainClient.initiateDeviceAuthorization(config, { scope: 'openid' })
    onCode(device.user_code)
    return plainClient.pollDeviceAuthorizationGrant(config, device)
  }
}

export type SignInsPlan = {
  signIn: SignIn
  /** Where the person's browser goes; another node than the client's, if wanted. */
  pagesAt: string
  count: number
  lanes: number
  /** Whether nobody may act until the token is there; where it comes seconds later that would only cost time. */
  alone: boolean
  /** Decisions fall evenly between these two, counted from when the code appeared, in an order without rhythm. */
  pauseSeconds: [number, number]
}

/** Milliseconds from the sending of each decision to the token in the client. */
export async function measureSignIns(plan: SignInsPlan): Promise<number[]> {
  const milliseconds: number[] = []
  const oneAtATime = createTurns()
  const people: Person[] = []
  // One after the other: many passwords of one account at once look like guessing, and are braked.
  while (people.length < plan.lanes) {
    const person = openPerson(() => plan.pagesAt)
    await person.signIn()
    people.push(person)
  }
  let started = 0
  const lane = async (person: Person) => {
    while (started < plan.count) {
      const pause = pauseOf(plan, started++)
      milliseconds.push(await decideAndWait(plan, person, pause, oneAtATime))
    }
  }
  await Promise.all(people.map(lane))
  return milliseconds
}

async function decideAndWait(
  { signIn, alone }: SignInsPlan,
  person: Person,
  pause: number,
  turns: () => Promise<() => void>,
): Promise<number> {
  const shown = Promise.withResolvers<string>()
  const arrived = signIn(shown.resolve).then(() => performance.now())
  // A sign-in that fails must end the wait for its code, too.
  arrived.catch(shown.reject)
  const userCode = await shown.promise
  const wait = sleep(pause * 1000)
  let sentAt = 0
  let endTurn = await turns()
  try {
    await person.decide(userCode, 'allow', async () => {
      endTurn()
      await wait
      endTurn = await turns()
      sentAt = performance.now()
    })
    if (!alone) endTurn()
    return (await arrived) - sentAt
  } finally {
    endTurn()
  }
}

function pauseOf({ count, pauseSeconds: [least, most] }: SignInsPlan, index: number): number {
  // Steps of the golden ratio: even over the span, and in step with no timer.
  const share = (index * 0.618_033_988_75) % 1
  return count === 1 ? least : least + share * (most - least)
}

/** Resolves with the function that ends the turn, when all turns before it have ended. */
function createTurns(): () => Promise<() => void> {
  let last: Promise<void> = Promise.resolve()
  return async () => {
    const mine = Promise.withResolvers<void>()
    const before = last
    last = mine.promise
    await before
    return mine.resolve
  }
}
