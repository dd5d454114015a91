// What only our server is asked: how long from approval to token, on one node and on two, and what many outstanding codes
// cost. Here the servers are set up for it; the measuring is in sign-ins.ts and crowd.ts.
import { type Crowd, measureCrowd } from './crowd.ts'
import type { LoadGenerator } from './load-client.ts'
import { crowdTarget, type OurTarget } from './ours.ts'
import { heldSignIn, measureSignIns, plainSignIn, type SignInsPlan } from './sign-ins.ts'
import type { Running } from './target.ts'

export type SignIns = {
  what: 'held' | 'plain' | 'held, database' | 'held, two nodes'
  milliseconds: number[]
}

type Say = (line: string) => void

/** As a person would: at any moment of the first held poll. */
const heldPauses: [number, number] = [0.2, 3]
/** A plain client waits for its interval of 5 s, so that decisions fall anywhere into it. */
const plainPauses: [number, number] = [0.2, 5]
const lanes = 8

export async function signInsOnSqlite(target: OurTarget, count: number, say: Say): Promise<SignIns[]> {
  await target.addPerson()
  return withServer(target, async (server) => {
    const issuer = issuerOf(server)
    const common = { pagesAt: issuer, lanes, alone: true }
    say(`${count} sign-ins with a held poll, then a plain client: ${target.name}`)
    const held = { ...common, signIn: await heldSignIn(issuer), count, pauseSeconds: heldPauses }
    const plain = {
      ...common,
      signIn: await plainSignIn(issuer),
      count: Math.ceil(count / 5),
      alone: false,
      pauseSeconds: plainPauses,
    }
    return [await run('held', held), await run('plain', plain)]
  })
}

/** On one node and, on the same database, with the poll held by one and the decision sent to another. */
export async function signInsOnDatabase(target: OurTarget, count: number, say: Say): Promise<SignIns[]> {
  await target.addPerson()
  return withServer(target, async (first) => {
    const second = await target.startSecond(first)
    try {
      const issuer = issuerOf(first)
      const common = { signIn: await heldSignIn(issuer), count, lanes, alone: true, pauseSeconds: heldPauses }
      say(`${count} sign-ins on one node and on two: ${target.name}`)
      return [
        await run('held, database', { ...common, pagesAt: issuer }),
        await run('held, two nodes', { ...common, pagesAt: issuerOf(second) }),
      ]
    } finally {
      await second.stop()
    }
  })
}

export async function crowdOf(counts: number[], load: LoadGenerator, say: Say): Promise<Crowd[]> {
  const [grown, small] = [crowdTarget(), crowdTarget()]
  const { 'device authorization': authorize, 'poll of a pending code': poll } = grown.spell
  if (authorize === undefined || poll === undefined) return []
  try {
    await grown.prepare?.()
    await small.prepare?.()
    return await withServer(grown, (grownServer) =>
      withServer(small, (smallServer) => {
        const servers = { grown: grownServer, small: smallServer, write: grown.writeCodes }
        return measureCrowd({ ...servers, authorize, poll, counts, load, say })
      }),
    )
  } finally {
    await grown.dispose?.()
    await small.dispose?.()
  }
}

async function run(what: SignIns['what'], plan: SignInsPlan): Promise<SignIns> {
  return { what, milliseconds: await measureSignIns(plan) }
}

async function withServer<Result>(
  target: OurTarget,
  body: (server: Running) => Promise<Result>,
): Promise<Result> {
  const server = await target.start()
  try {
    return await body(server)
  } finally {
    await server.stop()
  }
}

function issuerOf({ port }: Running): string {
  return `http://localhost:${port}`
}
